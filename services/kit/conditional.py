"""Answers that are sent only to those who do not have them already (ETag and If-None-Match, RFC 9110)."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from litestar import Request, Response


def digest(body: bytes) -> str:
    """What stands in an ETag for `body`, or for all that a body is made of."""
    return blake2b(body, digest_size=16).hexdigest()


def unchanged(request: Request[Any, Any, Any], etag: str, headers: Mapping[str, str]) -> Response[bytes] | None:
    """304 where the asker has what there is; a cache in between may have weakened the tag it keeps."""
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if f'"{etag}"' not in known and "*" not in known:
        return None
    return Response(b"", status_code=304, headers={**headers, "etag": f'"{etag}"'})
