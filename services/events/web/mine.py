"""A navigator's own events, tables and contacts: all by the personal link, those of one day by the link of the day."""

import uuid
from typing import Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.events import access, contacts, daylinks
from services.events.models import Event
from services.events.registration import wording
from services.events.web.day.phone import shown_page
from services.events.web.linked import by_link, theirs
from services.events.web.registration import here
from services.events.web.visiting import kinds
from services.kit import forms, links, pages
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, redirect

AT: Final = "/events/{event_id:str}/mine/{token:str}/contacts"
MINE: Final = """query ($link: String!) {
  myContacts(link: $link) { event contact { id name cityName department email } } }"""
OF_DAY: Final = """query ($link: String!, $event: ID!) { dayContacts(link: $link, event: $event) {
  id name cityName department email state tables { round table } } }"""
SAY: Final = {
    "want": "mutation ($link: String!, $event: ID!, $navigator: ID!) { "
    "wantContact(link: $link, event: $event, navigator: $navigator) { state } }",
    "end": "mutation ($link: String!, $event: ID!, $navigator: ID!) { "
    "endContact(link: $link, event: $event, navigator: $navigator) { state } }",
}


class Said(msgspec.Struct, frozen=True):
    who: uuid.UUID
    do: Literal["want", "end"]


@get("/events/mine/{token:str}", page=True, right=access.BY_LINK)
async def overview(request: AnyRequest, token: str) -> Response[Any]:
    """Everything of the person whose personal link it is; each event with the person's link to it."""
    runtime = here(request)
    person = links.person(runtime.settings, token)
    if person is None:
        raise NotFound(_("This link is not valid any more."))
    await runtime.refresh()
    found = (await by_link(request, token, MINE))["myContacts"]
    async with runtime.db.read(HUB) as session:
        taken = await contacts.events_of(session, person)
    titles = {str(one.event.id): one.event.title for one in taken}
    return await pages.page(
        request, "events/mine.html", secret=True, token=token, taken=[_line(request, one, person) for one in taken],
        contacts=[(one["contact"], titles.get(one["event"], "")) for one in found], kinds=kinds(),
        own=f"{runtime.settings.issuer}/mine/{token}",
    )  # fmt: skip


def _line(request: AnyRequest, one: contacts.Taken, person: uuid.UUID) -> dict[str, Any]:
    event: Event = one.event
    link = daylinks.token(here(request).settings, event, person)
    return {
        "event": event, "day": wording.day(event), "state": states().get(one.state, ""), "tables": one.tables,
        "registration": f"/events/registration/{link}", "today": f"/events/{event.id}/mine/{link}",
        "opens": daylinks.counts(daylinks.Opened(person, event.id), event),
    }  # fmt: skip


def states() -> dict[str, str]:
    return {
        "invited": _("you are invited"),
        "registered": _("you take part"),
        "waiting": _("you are on the waiting list"),
        "offered": _("a place is offered to you"),
        "declined": _("you declined"),
        "cancelled": _("you gave your place back"),
        "substituted": _("a colleague goes for you"),
    }


# Of one day -------------------------------------------------------------------------------------------------------


@get(AT, page=True, right=access.DAY_LINK)
async def of_day(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    """With whom one sat at a table, and who wants to stay in contact."""
    room, person = await theirs(request, event_id, token)
    found = (await by_link(request, token, OF_DAY, event=event_id))["dayContacts"]
    order = {"AGREED": 0, "ASKED": 1, "WANTED": 2, "OPEN": 3}
    return await shown_page(
        request, "events/day/contacts.html", event_id, token, room.mine(person),
        people=sorted(found, key=lambda one: order[one["state"]]), at=f"/events/{event_id}/mine/{token}/contacts",
    )  # fmt: skip


@post(AT, page=True, status_code=303, right=access.DAY_LINK)
async def say(request: AnyRequest, event_id: str, token: str) -> Response[Any]:
    await theirs(request, event_id, token)
    said = await forms.read(request, Said)
    answer = await by_link(request, token, SAY[said.do], event=event_id, navigator=str(said.who))
    state = answer["wantContact" if said.do == "want" else "endContact"]["state"]
    return redirect(request, f"/events/{event_id}/mine/{token}/contacts", flash=_done(state, said.do))


def _done(state: str, do: str) -> str:
    if do == "end":
        return _("Taken back: neither of you sees the other's address any more.")
    if state == "AGREED":
        return _("You both want it: here is the address.")
    return _("Noted. As soon as the other person wants it too, you see each other's address.")


routes = [overview, of_day, say]
