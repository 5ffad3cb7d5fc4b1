"""Publishing with a spreadsheet: template, upload, dry run, yes."""

import asyncio
import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post

from services.directory import access, publishing, registrations, sheets, uploads
from services.directory.snapshot import CityRow, Identities, Snapshot
from services.directory.web.oauth import here
from services.kit import forms, pages
from services.kit.auth import Principal
from services.kit.errors import Conflict, HubError, NotFound, Refused, TooLarge
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.pages import AnyRequest
from services.kit.rates import Rate
from services.kit.sheets.table import MOST_BYTES
from services.kit.sheets.writing import XLSX

UPLOADS = Rate("upload", 60, per=600)
"""Files that one person has read."""
MOST_PROBLEMS = 100
ACCEPTED = ".xlsx,.ods,.csv,.txt,text/csv"


class Nothing(msgspec.Struct):
    pass


class Agreed(msgspec.Struct):
    """`expected` is the publication that the page compared with; empty before the first."""

    expected: Annotated[str, msgspec.Meta(pattern="^[0-9]{0,9}$")] = ""


async def _editor(request: AnyRequest, ags: str) -> Principal:
    """Who is logged in and publishes for `ags`. Raises Unknown or Forbidden."""
    who = await forms.person(request)
    access.may_publish(who, access.checked_ags(ags))
    return who


@get("/city/{ags:str}/upload", page=True, right=access.PUBLISHING)
async def show(request: AnyRequest, ags: str) -> Response[str]:
    return await _form(request, await _editor(request, ags), ags)


async def _form(request: AnyRequest, who: Principal, ags: str, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    async with here(request).db.read(who.acting) as session:
        place = await registrations.town(session, ags)
    return await pages.page(
        request, "directory/upload.html", status=status, secret=True, ags=ags, place=place, shown=shown,
        problems=shown.problems[:MOST_PROBLEMS], more=max(0, len(shown.problems) - MOST_PROBLEMS), accepted=ACCEPTED,
        megabytes=MOST_BYTES // 1_000_000,
    )  # fmt: skip


@post("/city/{ags:str}/upload", status_code=303, page=True, right=access.PUBLISHING)
async def send(request: AnyRequest, ags: str) -> Response[Any]:
    """The dry run: read the file, keep what it says as a draft, publish nothing."""
    who, runtime = await _editor(request, ags), here(request)
    await runtime.rates.take(UPLOADS, who.subject)
    try:
        file = await _file(request)
        async with runtime.db.read(who.acting) as session:
            version, base = await uploads.base(session, ags)
            labels = await uploads.labels(session, here(request).memory)
        found = await asyncio.to_thread(sheets.read, file.name, file.content, ags, base, labels)
    except (Refused, TooLarge) as problem:
        return await _form(request, who, ags, Form({}, problem.problems, problem.message), problem.status)
    async with runtime.db.begin(who.acting) as session:
        draft = await uploads.keep(session, ags, who.subject, version, found)
    return pages.redirect(request, f"/city/{ags}/upload/{draft}")


async def _file(request: AnyRequest) -> forms.File:
    try:
        return await forms.read_file(request, "file", most=MOST_BYTES)
    except TooLarge:
        raise TooLarge(_("The file is larger than {most} MB.", most=MOST_BYTES // 1_000_000)) from None


@get("/city/{ags:str}/upload/{draft:uuid}", page=True, right=access.PUBLISHING)
async def preview(request: AnyRequest, ags: str, draft: uuid.UUID) -> Response[str]:
    return await _preview(request, await _editor(request, ags), ags, draft)


async def _preview(
    request: AnyRequest, who: Principal, ags: str, draft: uuid.UUID, problem: HubError | None = None
) -> Response[str]:
    runtime = here(request)
    async with runtime.db.read(who.acting) as session:
        found = await uploads.preview(session, ags, draft)
        labels = await uploads.labels(session, here(request).memory)
        place = await registrations.town(session, ags)
    sections = sheets.difference(found.before, found.wanted, labels)
    ids = Identities(runtime.settings.derived("identities"), ags)
    return await pages.page(
        request, "directory/upload_preview.html", status=problem.status if problem else 200, secret=True, ags=ags,
        place=place, found=found, reading=found.reading, sections=sections,
        changes=any(sum(section.counts[:3]) for section in sections),
        withheld=[row.key for row in found.wanted.navigators if ids.navigator(row.key) in found.erased],
        kept=[section.label for section in sections if section.kind in found.reading.kept],
        labels={section.kind: section.label for section in sections}, problem=problem,
    )  # fmt: skip


@post("/city/{ags:str}/upload/{draft:uuid}/publish", status_code=303, page=True, right=access.PUBLISHING)
async def publish(request: AnyRequest, ags: str, draft: uuid.UUID) -> Response[Any]:
    """Publish what the page showed; if something else was published since, show the difference anew."""
    who, runtime = await _editor(request, ags), here(request)
    said = await forms.read(request, Agreed)
    expected = int(said.expected) if said.expected else None
    by = publishing.Publisher(who.subject, runtime.settings.derived("identities"), runtime.memory, "UPLOAD")
    try:
        async with runtime.db.begin(who.acting) as session:
            found = await uploads.preview(session, ags, draft)
            outcome = await publishing.publish(session, by, found.wanted, expected=expected)
            await uploads.remove(session, draft)
            await runtime.say(session, outcome.messages)
    except NotFound as gone:  # such as a button that was pressed twice
        return pages.redirect(request, f"/city/{ags}/desk", flash=gone.message)
    except (Conflict, Refused) as problem:
        return await _preview(request, who, ags, draft, problem)
    number = outcome.difference.count(lambda c: (*c.added, *c.changed, *c.withdrawn)) + outcome.difference.city_changed
    words = ngettext("Published: {number} row changed.", "Published: {number} rows changed.", number)
    return pages.redirect(request, f"/city/{ags}/desk", flash=words)


@post("/city/{ags:str}/upload/{draft:uuid}/discard", status_code=303, page=True, right=access.PUBLISHING)
async def discard(request: AnyRequest, ags: str, draft: uuid.UUID) -> Response[Any]:
    who = await _editor(request, ags)
    await forms.read(request, Nothing)
    async with here(request).db.begin(who.acting) as session:
        await uploads.remove(session, draft)
    return pages.redirect(request, f"/city/{ags}/upload", flash=_("The upload was thrown away. Nothing has changed."))


@get("/city/{ags:str}/template.xlsx", page=True, right=access.PUBLISHING)
async def template(request: AnyRequest, ags: str) -> Response[bytes]:
    """The city as it is published now, as a workbook to edit and send back."""
    who = await _editor(request, ags)
    async with here(request).db.read(who.acting) as session:
        _version, base = await uploads.base(session, ags)
        labels = await uploads.labels(session, here(request).memory)
    made = await asyncio.to_thread(sheets.template, base or Snapshot(CityRow(ags, "")), labels)
    headers = {
        "content-disposition": f'attachment; filename="lotsennetz-{ags}.xlsx"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(made, media_type=XLSX, headers=headers)


routes = [show, send, preview, publish, discard, template]
