"""What lists are asked with, looked at before the rows are; and the keys of what is like something."""

from typing import Any

from strawberry import Info

from services.directory import access, filters, search
from services.directory.filters import Filters
from services.directory.finding import likeness
from services.directory.finding.terms import known
from services.directory.models import Navigator
from services.kit.errors import Refused
from services.kit.graphql import page_size
from services.kit.i18n import gettext as _
from services.kit.lasting import lasting
from services.kit.resolvers import here, load, place_of, read, who


async def checked(
    info: Info[Any, Any], service: str, after: str | None, city: str | None, more: Filters
) -> tuple[list[str] | None, Filters]:
    """The place behind which a page begins, and `more` with the topics that took the place of merged ones.

    Raises Refused for a filter that can find nothing: a typing error must not look like an empty town.
    """
    filters.checked(more)
    if city is not None:
        access.checked_ags(city)
    now: dict[str, str] = {}
    for code in more.topics():
        row = await load(info, service, search.topics_by_code, code)
        if row is None:
            raise Refused(_("The topic „{topic}“ is not in the vocabulary.", topic=code[:60]))
        now[code] = row.merged_into or row.code
    return place_of(after), more.led(now.__getitem__)


async def alike(info: Info[Any, Any], service: str, ags: str, first: int) -> list[str]:
    """Keys of the cities most like one, kept until anything changes: all cities are compared."""
    size, viewer = page_size(first, likeness.MOST_ALIKE), access.viewer(who(info))

    async def find() -> list[str]:
        async with read(info, service) as session:
            return await likeness.similar(session, ags, size, viewer)

    return await lasting(here(info, service), "cities alike", (ags, size, viewer.audience), find)


async def offering(info: Info[Any, Any], service: str, row: Navigator, sought: list[str], first: int) -> list[str]:
    """Keys of those who offer what a navigator seeks."""
    size, viewer = page_size(first, likeness.MOST_ALIKE), access.viewer(who(info))
    if not sought:
        return []
    async with read(info, service) as session:
        vocabulary = await known(session, here(info, service).memory)
        wanted = sought[: likeness.MOST_SOUGHT]
        found = await likeness.offers(session, vocabulary, wanted, viewer, size, city=row.ags, but=row.id)
    return [str(one.id) for one in found]
