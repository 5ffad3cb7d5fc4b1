"""Reading a GraphQL request from its connection: media type, size, JSON; raw, because most requests are only this."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.types import Receive

from services.kit.errors import TooLarge
from services.kit.graphcall import EVENT_STREAM, GRAPHQL_JSON, Call
from services.kit.i18n import gettext as _
from services.kit.openapi import JSON

Headers = Mapping[bytes, bytes]

TAKEN: Final = frozenset({JSON.encode(), GRAPHQL_JSON.encode()})
MODERN: Final = GRAPHQL_JSON.encode()
STREAMED: Final = EVENT_STREAM.encode()
MOST_PARAMETERS: Final = 20
_decoder: Final = msgspec.json.Decoder(Call)
_objects: Final = msgspec.json.Decoder(dict[str, Any] | None)


def meant(headers: Headers) -> bool:
    """Whether a GET is meant as a query: links, images and scripts in pages of others send what they like to addresses
    that they like, but neither name JSON nor fetch as scripts do, whose reading of other sites browsers prevent.
    """
    accepted = headers.get(b"accept", b"")
    return any(kind in accepted for kind in TAKEN) or headers.get(b"sec-fetch-mode") in {b"cors", b"same-origin"}


async def posted(headers: Headers, receive: Receive, most: int) -> Call:
    """The call in a body. Only JSON is taken: a form on somebody else's page cannot send it without being asked first.

    Raises HTTPException (415, 400), and TooLarge beyond `most` bytes.
    """
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() not in TAKEN:
        raise HTTPException(
            _("Please send the query as JSON: Content-Type: application/json"),
            status_code=415,
            headers={"accept": JSON},
        )
    body = await _body(headers.get(b"content-length", b""), receive, most)
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        if body[:1] == b"[":
            raise HTTPException(_("One query in one request, please: lists are not taken."), status_code=400) from None
        raise _unreadable(problem) from problem


def asked(query_string: bytes, most: int) -> Call:
    """The call in the address of a `GET`; what is empty counts as left out.

    Raises HTTPException (400), and TooLarge beyond `most` bytes.
    """
    if len(query_string) > most:
        raise _too_large(most)
    try:
        pairs = parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=MOST_PARAMETERS)
        sent = dict(pairs)
        if len(sent) < len(pairs):
            raise HTTPException(_("Each parameter once, please."), status_code=400)
        return Call(
            query=sent.get("query"),
            variables=_object(sent.get("variables")),
            operationName=sent.get("operationName"),
            extensions=_object(sent.get("extensions")),
            documentId=sent.get("documentId"),
        )
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise _unreadable(problem) from problem


def _object(text: str | None) -> dict[str, Any] | None:
    return _objects.decode(text) if text else None


def _unreadable(problem: Exception) -> HTTPException:
    if isinstance(problem, RecursionError):
        reason = _("nested too deeply")
    elif isinstance(problem, UnicodeError):
        reason = _("not in UTF-8")
    else:
        reason = str(problem)
    return HTTPException(_("This is not a GraphQL request in JSON: {reason}", reason=reason), status_code=400)


async def read_body(request: Request[Any, Any, Any], most: int) -> bytes:
    """The body of a request. Raises TooLarge before more than `most` bytes are kept."""
    return await _body(request.headers.get("content-length", "").encode("latin-1"), request.receive, most)


async def _body(announced: bytes, receive: Receive, most: int) -> bytes:
    body = b""
    if not announced.isdigit() or int(announced[:18]) <= most:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            body = message.get("body", b"")  # as nearly every one: in a single piece
        else:
            body = await _pieces(message, receive, most)
        if len(body) <= most:
            return body
    raise _too_large(most)


def _too_large(most: int) -> TooLarge:
    return TooLarge(_("At most {most} bytes in one request, please.", most=most))


async def _pieces(message: Any, receive: Receive, most: int) -> bytes:
    """What the pieces make together, or the first that make more than `most` bytes."""
    body = bytearray()
    while True:
        if message["type"] != "http.request":
            raise HTTPException(_("The request ended before all of it was here."), status_code=400)
        body += message.get("body", b"")
        if len(body) > most or not message.get("more_body"):
            return bytes(body)
        message = await receive()
