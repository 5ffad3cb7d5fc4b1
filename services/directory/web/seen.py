"""„So sehen andere Ihre Stadt“: what everybody, the network and the own city see, asked of the graph as they ask."""

import uuid
from typing import Any, Final

from litestar import Response, get

from services.directory import access, desk
from services.directory.fields import Audience
from services.directory.protection.words import field_name
from services.directory.web import words
from services.directory.web.desk import SERVICE, editor, page
from services.directory.web.desk_forms import audience
from services.directory.web.oauth import here
from services.kit.auth import ANONYMOUS, Principal
from services.kit.errors import NotFound
from services.kit.forms import AnyRequest
from services.kit.i18n import gettext as _
from services.kit.pages import ask_as

AUDIENCES: Final = (Audience.PUBLIC, Audience.NETWORK, Audience.CITY)
OF_CITY: Final = """query ($ags: ID!, $after: String) { city(ags: $ags) {
  navigators(first: 50, after: $after) {
    nodes { id name title department email phone offers { code label } } pageInfo { hasNextPage endCursor } } } }"""
ONE: Final = """query ($id: ID!) { navigator(id: $id) {
  id name title department profile hoursShare offers { label } seeks { label } worksOn { label }
  competences { professional methodical social personal } languages email phone chat room since until
  mentor { name } tasks city { ags } } }"""
FIELDS: Final = (
    ("name", "name"), ("title", "title"), ("department", "department"), ("profile", "profile"),
    ("hours_share", "hoursShare"), ("offers", "offers"), ("seeks", "seeks"), ("works_on", "worksOn"),
    ("competences", "competences"), ("languages", "languages"), ("email", "email"), ("phone", "phone"),
    ("chat", "chat"), ("room", "room"), ("since", "since"), ("until", "until"), ("mentor", "mentor"),
    ("tasks", "tasks"),
)  # fmt: skip
"""By their names in rows, and in the graph."""


def _as(who: Principal, audience: Audience) -> Principal:
    """Somebody of the audience: a visitor, a reader of another city, or whoever asks."""
    if audience is Audience.PUBLIC:
        return ANONYMOUS
    if audience is Audience.NETWORK:
        return Principal(client=who.client, subject=who.subject, scopes=frozenset({access.READ}))
    return who


@get("/city/{ags:str}/seen", page=True, right=access.PUBLISHING)
async def seen(request: AnyRequest, ags: str, by: str = "", after: str = "") -> Response[Any]:
    """The city's navigators as one of the audiences sees them, 50 at a time."""
    who = await editor(request, ags)
    chosen = next((one for one in AUDIENCES if one.name == by), Audience.PUBLIC)
    found = (await ask_as(request, _as(who, chosen), SERVICE, OF_CITY, ags=ags, after=after or None))["city"]
    people: dict[str, Any] = found["navigators"] if found else {"nodes": [], "pageInfo": {"hasNextPage": False}}
    at = f"/city/{ags}/seen?by={chosen.name}"
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
    return await page(
        request, who, ags, "seen", city,
        chosen=chosen.name, rows=people["nodes"], all=len(city.snapshot.navigators),
        audiences=[(f"/city/{ags}/seen?by={one.name}", audience(one), one.name) for one in AUDIENCES],
        first=at if after else "",
        following=f"{at}&after={people['pageInfo']['endCursor']}" if people["pageInfo"]["hasNextPage"] else "",
    )  # fmt: skip


@get("/city/{ags:str}/seen/{id:uuid}", page=True, right=access.PUBLISHING)
async def one(request: AnyRequest, ags: str, id: uuid.UUID) -> Response[Any]:
    """One navigator, the three audiences side by side."""
    who = await editor(request, ags)
    found = [(await ask_as(request, _as(who, one), SERVICE, ONE, id=str(id)))["navigator"] or {} for one in AUDIENCES]
    if not found[-1] or found[-1]["city"]["ags"] != ags:
        raise NotFound(_("There is no such navigator."))
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
    rows = [(field_name(name), [_text(name, person.get(told)) for person in found]) for name, told in FIELDS]
    return await page(
        request, who, ags, "seen_one", city, name=words.who(found[-1]), heads=[audience(one) for one in AUDIENCES],
        rows=[row for row in rows if any(row[1])], hidden=[not person for person in found],
    )  # fmt: skip


def _text(name: str, value: Any) -> str:
    """A value of the graph as one line; empty for what is not seen, or not there."""
    if not value:
        return ""
    if name == "profile":
        return words.profile(value)
    if name in {"since", "until"}:
        return words.day(value)
    if name == "mentor":
        return str(value["name"] or _("Navigator"))
    if name == "competences":
        return "; ".join(line for area in value.values() for line in area or ())
    if name == "tasks":
        return ", ".join(map(words.task, value))
    if isinstance(value, list):
        return ", ".join(one["label"] if isinstance(one, dict) else str(one) for one in value)
    return str(value)


routes = [seen, one]
