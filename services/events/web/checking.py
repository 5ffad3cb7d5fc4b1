"""Certificates without an account: anybody checks a code, and whoever has a personal link fetches their own."""

from typing import Any, Final

from litestar import Response, get

from services.events import access, certificates, daylinks, papers, trips
from services.events.models import Event
from services.events.prints.certificates import duration
from services.events.registration import wording
from services.events.web.papers import apart
from services.kit import pages
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.openapi import Answer, Api
from services.kit.pages import AnyRequest
from services.kit.rates import Rate, address_of
from services.kit.resolvers import as_uuid
from services.kit.rights import ANYBODY
from services.kit.service import Runtime
from services.kit.text import file_name

CHECKS: Final = Rate("certificates", 60, per=600)
"""Codes from one address."""
CHECKING: Final = ANYBODY.to("the event of a certificate whose code one has")
OWN = Api(
    "One's own certificate of an event",
    {200: Answer({"application/pdf": None})},
    problems=(404,),
    described={"event_id": "The event.", "token": "The end of a personal link."},
)


def _here(request: AnyRequest) -> Runtime:
    found: Runtime = request.app.state.hub.runtimes["events"]
    return found


@get("/events/certificates", page=True, right=CHECKING)
async def ask(request: AnyRequest) -> Response[Any]:
    """Where a code is typed; the form sends it here as `?code=`."""
    said = request.query_params.get("code", "").strip()
    return await _answered(request, said) if said else await _page(request, "", None)


@get("/events/certificates/{code:str}", page=True, right=CHECKING)
async def check(request: AnyRequest, code: str) -> Response[Any]:
    """What a QR code opens."""
    return await _answered(request, code)


async def _answered(request: AnyRequest, said: str) -> Response[Any]:
    runtime = _here(request)
    await runtime.rates.take(CHECKS, address_of(request))
    async with runtime.db.read(HUB) as session:
        found = await certificates.check(session, said)
    return await _page(request, said, found)


async def _page(request: AnyRequest, said: str, found: certificates.Checked | None) -> Response[Any]:
    """404 for a code that does not count: the address says so to programs as well."""
    values: dict[str, Any] = {}
    if found is not None:
        values = {
            "title": found.event.title,
            "date": wording.day(found.event),
            "initials": found.certificate.initials,
            "duration": duration(found.certificate.minutes),
            "code": certificates.written(found.certificate.code),
        }
    made = await pages.page(
        request, "events/certificate.html", secret=True, status=404 if said and found is None else 200,
        said=said[: certificates.LONGEST], found=values,
    )  # fmt: skip
    made.headers["x-robots-tag"] = "noindex"
    made.headers["referrer-policy"] = "no-referrer"
    return made


@get("/events/{event_id:str}/certificates/{token:str}", right=access.LINK, api=OWN)
async def own(request: AnyRequest, event_id: str, token: str) -> Response[bytes]:
    """404 for a link that does not count, and where the person has no certificate."""
    runtime = _here(request)
    mine, key = await daylinks.opened(runtime, token), as_uuid(event_id)
    async with runtime.db.read(HUB) as session:
        event: Event | None = (await trips.by_id(session, [key]))[0] if key and mine.event in {None, key} else None
        if event is None:
            raise NotFound(_("This link is not valid any more."))
        name = "certificates.pdf"
        day = await papers.of_kind(session, event, name, runtime.settings, organiser=False, alone=mine.person)
    if not day.certificates:
        raise NotFound(_("There is no certificate for you."))
    make, media_type = papers.PAPERS[name]
    headers = {
        "content-disposition": f'inline; filename="{file_name(_("Certificate"), "pdf")}"',
        "cache-control": "private, no-store",
        "referrer-policy": "no-referrer",
        "vary": "accept-language",
    }
    return Response(await apart(lambda: make(day)), media_type=media_type, headers=headers)


routes = [ask, check, own]
