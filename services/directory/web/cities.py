"""Publishing over HTTP for programs: a city's snapshot with its version, as JSON or as JSON Lines."""

import re
from typing import Annotated, Self

import msgspec
from litestar import Response, get, post, put
from litestar.exceptions import HTTPException

from services.directory import access, loading, publishing, snapshot, store
from services.directory.loading import Loaded
from services.directory.once import once
from services.directory.publishing import Changes, Report, Wish
from services.directory.snapshot import Rows, Snapshot
from services.directory.web.oauth import here
from services.kit import forms
from services.kit.auth import Principal
from services.kit.errors import NotFound, Outdated, Problem, Refused, Stale
from services.kit.graphql import read_body
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.openapi import BEARER, JSON, Answer, Api
from services.kit.pages import AnyRequest
from services.kit.service import Runtime

LINES = ("application/jsonl", "application/x-ndjson")
MOST_BYTES = 50_000_000
VERSION = re.compile(r'"([0-9]{1,9})(?:\.[0-9]{1,9})?"')
"""What people were erased from has another tag: who kept it shall fetch it anew. It is the same version still."""
NEVER = 0
"""A version that no city has."""


class Counted(msgspec.Struct, frozen=True):
    """Keys of the rows that changed, and how many did not."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    withdrawn: tuple[str, ...]
    unchanged: int

    @classmethod
    def of(cls, found: Changes) -> Self:
        return cls(found.added, found.changed, found.withdrawn, len(found.unchanged))


class Published(msgspec.Struct, frozen=True, rename="camel"):
    """`publication` is null if nothing changed, or nothing was to be stored; `version` is the newest one now."""

    ags: str
    publication: int | None
    version: int | None
    city_changed: bool
    departments: Counted
    navigators: Counted
    projects: Counted
    withheld: Annotated[tuple[str, ...], msgspec.Meta(description="People who were erased here: they stay away.")]

    @classmethod
    def of(cls, report: Report) -> Self:
        return cls(
            report.ags,
            report.publication,
            report.version,
            report.city_changed,
            Counted.of(report.departments),
            Counted.of(report.navigators),
            Counted.of(report.projects),
            report.withheld,
        )


class Dry(msgspec.Struct):
    dry: Annotated[str, msgspec.Meta(description="1: show what would change and store nothing.")] = ""


_CITY = {"ags": "The city, by its AGS: 8 digits."}
PUT = Api(
    "Publish a city's whole snapshot, as JSON or as JSON Lines with a row in each line",
    {200: Answer({JSON: Published}, ("ETag",))},
    takes=Snapshot, also=LINES, query=Dry, by=(BEARER,), described=_CITY,
    problems=(400, 401, 403, 404, 409, 412, 413, 415, 422),
    headers={
        "If-Match": "The ETag of the publication that this one follows; if another has come since, nothing is stored.",
        "If-None-Match": "*: only if the city has not published yet.",
        "Idempotency-Key": "The same key within a week gets the same answer, and nothing is done twice.",
    },
)  # fmt: skip
GET = Api(
    "What a city published last, as it may be changed and sent again",
    {200: Answer({JSON: Snapshot}, ("ETag",)), 304: Answer({}, ("ETag",))},
    by=(BEARER,), described=_CITY, problems=(401, 403, 404, 422),
    headers={"If-None-Match": "The ETag of the publication that you have."},
)  # fmt: skip


@put(
    "/directory/cities/{ags:str}",
    status_code=200,
    right=access.PUBLISHING,
    api=PUT,
    request_max_body_size=None,
)
async def publish(request: AnyRequest, ags: str) -> Response[bytes]:
    """Publish what was sent. One wrong row refuses all of it."""
    who, runtime = await forms.asking(request), here(request)
    access.may_publish(who, access.checked_ags(ags))
    expected, dry = _expected(request), request.query_params.get("dry", "") not in {"", "0"}
    rows = Rows()
    wanted = await _sent(request, rows)
    if wanted.city.ags != ags:
        message = _("The snapshot is of {other}, the address is of {ags}.", other=wanted.city.ags[:20], ags=ags)
        raise Refused(message, [Problem(message, row="city", field="ags")])
    by = publishing.Publisher(who.subject, runtime.settings.derived("identities"), runtime.memory, "REST")
    wish, key = Wish(by, wanted, expected), request.headers.get("idempotency-key")
    try:
        if dry or key is not None:
            report = await _once(who, runtime, wish, None if dry else key, dry=dry)
        else:
            report = Report.of(await publishing.publish_now(runtime, who.acting, wish))
    except Stale as problem:
        raise Outdated(problem.message) from problem
    except Refused as problem:
        raise rows.named(problem) from problem
    return _answer(msgspec.json.encode(Published.of(report)), f'"{report.version or NEVER}"')


async def _once(who: Principal, runtime: Runtime, wish: Wish, key: str | None, *, dry: bool) -> Report:
    """Publish, or say what that would do, in a unit of work that knows the key."""
    said: list[Message] = []
    async with runtime.db.begin(who.acting) as session:

        async def work() -> Report:
            do = publishing.preview if dry else publishing.publish
            outcome = await do(session, wish.by, wish.snapshot, expected=wish.expected)
            said.extend(outcome.messages)
            return Report.of(outcome)

        request = ["PUT", wish.snapshot.city.ags, wish.expected, wish.snapshot]
        report = await once(session, who.subject, key, request, Report, work)
        await runtime.say(session, said)
    return report


@get("/directory/cities/{ags:str}", right=access.PUBLISHING, api=GET)
async def own(request: AnyRequest, ags: str) -> Response[bytes]:
    """The city's newest snapshot, to be changed and sent again with `If-Match`."""
    who = await forms.asking(request)
    access.may_publish(who, access.checked_ags(ags))
    async with here(request).db.read(who.acting) as session:
        found = await store.newest(session, ags)
    if found is None:
        raise NotFound(_("{ags} has not published yet. Please publish a whole snapshot first.", ags=ags))
    version, erased, body = found
    tag = f'"{version}.{erased}"' if erased else f'"{version}"'
    if tag in request.headers.get("if-none-match", ""):
        return _answer(b"", tag, 304)
    return _answer(body, tag)


def _answer(body: bytes, tag: str, status: int = 200) -> Response[bytes]:
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "Authorization, Cookie"}
    return Response(body, status_code=status, media_type=JSON, headers=headers)


def _expected(request: AnyRequest) -> int | None:
    """Which publication has to be the newest one still; see `publishing.publish`."""
    match = request.headers.get("if-match")
    if match is not None:
        known = VERSION.fullmatch(match.strip())
        return int(known[1]) if known else NEVER
    return None if request.headers.get("if-none-match", "").strip() == "*" else publishing.ANY_VERSION


async def _sent(request: AnyRequest, rows: Rows) -> Snapshot:
    """The snapshot in the body; `rows` knows its lines, if it has any."""
    if _media(request, (JSON, *LINES)) == JSON:
        return snapshot.decoded(await read_body(request, MOST_BYTES))
    async for number, line in snapshot.lines(request.stream(), MOST_BYTES):
        rows.add(number, line)
    return rows.snapshot()


BULK = Api(
    "Publish many cities, as JSON Lines in which each city begins with its own line",
    {200: Answer({JSON: Loaded})},
    takes=snapshot.Line, media=LINES[0], by=(BEARER,), problems=(400, 401, 403, 409, 413, 415, 422),
)  # fmt: skip


@post("/directory/bulk", status_code=200, right=access.LOADING, api=BULK, request_max_body_size=None)
async def bulk(request: AnyRequest) -> Response[bytes]:
    """What cannot be published is refused city by city; the answer names the first of them."""
    who = await forms.asking(request)
    _media(request, LINES)
    loaded = await loading.load(here(request), who.subject, request.stream())
    return Response(msgspec.json.encode(loaded), media_type=JSON)


def _media(request: AnyRequest, accepted: tuple[str, ...]) -> str:
    """The media type that was sent. Raises HTTPException (415) for one that is not accepted."""
    media = request.content_type[0].lower()
    if media not in accepted:
        message = _("Send this as {type}.", type=", ".join(accepted))
        raise HTTPException(message, status_code=415, headers={"accept": ", ".join(accepted)})
    return media


routes = [publish, own, bulk]
