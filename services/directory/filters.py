"""By what cities, people and projects can be narrowed down, and how that reads in SQL.

A value that the viewer may not see neither finds nor excludes anybody by itself: the flags of the row come first.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, or_, select

from services.contracts.states import STATES
from services.directory.access import Viewer, checked_ags
from services.directory.fields import FIELDS, Audience
from services.directory.models import City, Navigator, Project, Topic
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

LONGEST_LANGUAGE = 35
TOPICS: Final = ("topic", "offers", "seeks")
"""The filters that take the code of a topic."""


@dataclass(frozen=True)
class Filters:
    """None asks for nothing. `state` is two digits, topics are codes and find their narrower ones too."""

    state: str | None = None
    size_class: str | None = None
    city: str | None = None
    topic: str | None = None
    profile: str | None = None
    language: str | None = None
    offers: str | None = None
    seeks: str | None = None
    coordinator: bool | None = None
    stage: str | None = None
    seeks_partners: bool | None = None
    seeks_test_area: bool | None = None

    def said(self) -> frozenset[str]:
        return frozenset(one.name for one in fields(self) if getattr(self, one.name) is not None)

    def topics(self) -> list[str]:
        return [code for name in TOPICS if (code := getattr(self, name)) is not None]

    def led(self, now: Callable[[str], str]) -> Self:
        """The same, with `now` of each topic."""
        said: dict[str, Any] = {name: now(code) for name in TOPICS if (code := getattr(self, name)) is not None}
        return replace(self, **said)


NO_FILTERS = Filters()
PLACES = frozenset({"state", "size_class", "city"})
OF_CITIES = PLACES
OF_NAVIGATORS = PLACES | {"topic", "profile", "language", "offers", "seeks", "coordinator"}
OF_PROJECTS = PLACES | {"topic", "stage", "seeks_partners", "seeks_test_area"}
OF_TOPICS = frozenset({"topic"})
"""What each kind can be asked about; who asks for more finds none of the kind."""


def checked(wanted: Filters) -> Filters:
    """Raises Refused for what can find nothing because it is written wrongly."""
    if wanted.state is not None and wanted.state not in STATES:
        raise Refused(_("„{state}“ is no state: two digits from 01 to 16, please.", state=wanted.state[:20]))
    if wanted.city is not None:
        checked_ags(wanted.city)
    if wanted.language is not None and not (
        wanted.language.replace("-", "").isalnum()
        and wanted.language.isascii()
        and len(wanted.language) <= LONGEST_LANGUAGE
    ):
        raise Refused(_("„{language}“ is no language code, such as de or en.", language=wanted.language[:20]))
    return wanted


def of_cities(wanted: Filters) -> list[ColumnElement[bool]]:
    found = _in_state(City.ags, wanted)
    if wanted.city is not None:
        found.append(City.ags == wanted.city)
    if wanted.size_class is not None:
        found.append(City.size_class == wanted.size_class)
    return found


def of_navigators(wanted: Filters, viewer: Viewer) -> list[ColumnElement[bool]]:
    """All but `topic`, which `search` and `finding` look up in ways of their own."""
    found = _at(Navigator.ags, wanted)
    if wanted.profile is not None:
        found.append(and_(seen("profile", viewer), Navigator.profile == wanted.profile))
    if wanted.language is not None:
        found.append(and_(seen("languages", viewer), Navigator.languages.contains([wanted.language])))
    if wanted.offers is not None:
        found.append(and_(seen("offers", viewer), Navigator.offers.overlap(_below(wanted.offers))))
    if wanted.seeks is not None:
        found.append(and_(seen("seeks", viewer), Navigator.seeks.overlap(_below(wanted.seeks))))
    if wanted.coordinator is not None:
        found.append(Navigator.coordinator == wanted.coordinator)
    return found


def of_projects(wanted: Filters) -> list[ColumnElement[bool]]:
    """All but `topic`."""
    found = _at(Project.ags, wanted)
    if wanted.stage is not None:
        found.append(Project.stage == wanted.stage)
    if wanted.seeks_partners is not None:
        found.append(Project.seeks_partners == wanted.seeks_partners)
    if wanted.seeks_test_area is not None:
        found.append(Project.seeks_test_area == wanted.seeks_test_area)
    return found


def seen(name: str, viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer sees the field of a navigator."""
    flag = FIELDS[name].flag
    if viewer.audience is Audience.PUBLIC:
        return Navigator.shown_public.bitwise_and(flag) != 0
    network = Navigator.shown_network.bitwise_and(flag) != 0
    if viewer.city is None:
        return network
    return or_(network, and_(Navigator.ags == viewer.city, Navigator.shown_city.bitwise_and(flag) != 0))


def seen_at_home(name: str) -> ColumnElement[bool]:
    """Whether the navigator's own city sees the field, and the network does not."""
    flag = FIELDS[name].flag
    return and_(Navigator.shown_network.bitwise_and(flag) == 0, Navigator.shown_city.bitwise_and(flag) != 0)


def _at(ags: SQLColumnExpression[str], wanted: Filters) -> list[ColumnElement[bool]]:
    found = _in_state(ags, wanted)
    if wanted.city is not None:
        found.append(ags == wanted.city)
    if wanted.size_class is not None:
        found.append(ags.in_(select(City.ags).where(City.size_class == wanted.size_class)))
    return found


def _in_state(ags: SQLColumnExpression[str], wanted: Filters) -> list[ColumnElement[bool]]:
    return [func.left(ags, 2) == wanted.state] if wanted.state is not None else []


def _below(code: str) -> ColumnElement[list[str]]:
    """The codes of a topic that counts itself, and of those below it."""
    under = select(Topic.code).where(Topic.path.contains([code]))
    return func.array(under.scalar_subquery())
