"""Results as clients see them: errors masked, media type and status by what the client accepts, the cost beside it."""

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec
from graphql import ExecutionResult, GraphQLError
from litestar.types import Receive, Scope, Send

from services.kit.errors import HubError
from services.kit.graphcall import GRAPHQL_JSON
from services.kit.i18n import gettext as _
from services.kit.openapi import JSON

log = logging.getLogger(__name__)
UNSTORABLE: Final = "22021"
"""SQLSTATE of a text that PostgreSQL cannot hold, such as one with a NUL."""
LONGEST_MESSAGE: Final = 1_000
"""Messages about a query quote it."""

Header = tuple[bytes, bytes]
Cost = tuple[int, int]
"""What a query costs, and the most that whoever asks may spend on one."""


def _headers(media_type: str) -> tuple[Header, ...]:
    return (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"vary", b"Accept, Accept-Language, Authorization, Cookie"),
    )


HEADERS: Final = {False: _headers(JSON), True: _headers(GRAPHQL_JSON)}
"""By whether the client speaks the media type of the specification."""
LINES: Final = {modern: b"".join(b"%b: %b\r\n" % header for header in headers) for modern, headers in HEADERS.items()}
WHOLE: Final = "lotsennetz.whole"
"""The ASGI extension of our server with which an answer goes out in one piece: see `Whole`."""
Whole = Callable[[bytes, bytes], bool]
"""Sends 200 with these lines of the head and this body; says False, and does nothing, where `send` has to do it."""


class Answer:
    """A finished body as an ASGI application, without what a framework's response could do beside sending it."""

    __slots__ = ("body", "modern", "status")

    def __init__(self, body: bytes, *, modern: bool, status: int = 200) -> None:
        self.body, self.modern, self.status = body, modern, status

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        extensions: Mapping[Any, Any] = scope.get("extensions") or {}
        whole: Whole | None = extensions.get(WHOLE)
        if whole is not None and self.status == 200 and whole(LINES[self.modern], self.body):
            return
        headers = [*HEADERS[self.modern], (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


class Shared(Answer):
    """An answer to nobody in particular: whoever keeps it may ask whether it is still the same (RFC 9110, 13.1.2)."""

    __slots__ = ("etag",)

    def __init__(self, body: bytes, asked: bytes, *, modern: bool) -> None:
        """`asked` is what the client said in If-None-Match."""
        self.etag = b'"%b"' % blake2b(body, digest_size=16).hexdigest().encode()
        same = asked.strip() == b"*" or self.etag in (one.strip().removeprefix(b"W/") for one in asked.split(b","))
        super().__init__(b"" if same else body, modern=modern, status=304 if same else 200)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [one for one in HEADERS[self.modern] if one[0] != b"cache-control"]
        headers += [(b"etag", self.etag), (b"cache-control", b"public, no-cache")]
        if self.status == 200:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def refused(errors: Iterable[GraphQLError], cost: Cost | None = None) -> bytes:
    """The body of a request that did not run."""
    body: dict[str, Any] = {"errors": [shown(error) for error in errors]}
    if cost is not None:
        body["extensions"] = extensions(cost)
    return msgspec.json.encode(body)


def compiled(data: bytes, cost: Cost) -> bytes:
    """The body around `data`, the JSON text of what the query asked for."""
    return b'{"data":%b,"extensions":{"cost":{"asked":%d,"most":%d}}}' % (data, *cost)


def extensions(cost: Cost) -> dict[str, Any]:
    return {"cost": {"asked": cost[0], "most": cost[1]}}


def rendered(result: ExecutionResult, *, ran: bool) -> dict[str, Any]:
    """The body of a result; without `data` where nothing `ran`."""
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [shown(error) for error in result.errors]
    if result.data is not None or not result.errors or ran:
        body["data"] = result.data
    return body


def ran(result: ExecutionResult) -> bool:
    """Whether resolvers ran: errors of variables come without a path."""
    return any(error.path for error in result.errors or ())


def origin(error: GraphQLError) -> Exception | None:
    """What was raised."""
    found: Exception | None = error.original_error
    while isinstance(found, GraphQLError) and found.original_error is not None:
        found = found.original_error
    return found


def shown(error: GraphQLError) -> dict[str, Any]:
    """An error as clients see it: ours with code and problems, the query's own as it is, everything else masked."""
    out: dict[str, Any] = {"message": error.message[:LONGEST_MESSAGE]}
    if error.locations:
        out["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        out["path"] = error.path
    original = origin(error)
    if isinstance(original, HubError):
        body = original.as_json()
        out["message"] = body.pop("detail")
        out["extensions"] = body
    elif _unstorable(original):
        out["message"] = _("The text has a character that cannot be used here ({character}).", character="U+0000")
        out["extensions"] = {"code": "BAD_VALUE"}
    elif original is None or isinstance(original, GraphQLError):
        out["extensions"] = {"code": "BAD_QUERY", "status": 400} if not error.path else {"code": "BAD_VALUE"}
    elif error.locations and not error.path:
        # Python could not read a value, before anything ran; its words are for programmers.
        out["message"] = _("A value in the query cannot be read.")
        out["extensions"] = {"code": "BAD_QUERY", "status": 400}
    else:
        number = uuid.uuid4().hex[:12]
        log.error("error %s at %s", number, ".".join(map(str, error.path or [])), exc_info=original)
        out["message"] = _("Something went wrong on our side (number {number}).", number=number)
        out["extensions"] = {"code": "INTERNAL", "status": 500, "number": number}
    return out


def _unstorable(problem: Exception | None) -> bool:
    return getattr(getattr(problem, "orig", None), "sqlstate", None) == UNSTORABLE
