"""The OAuth endpoints over HTTP."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response, get, post

from services.directory import oauth
from services.kit.db import HUB
from services.kit.errors import TooLarge
from services.kit.graphql import read_body
from services.kit.service import Runtime

MOST_FORM_BYTES = 20_000
FORM = "application/x-www-form-urlencoded"


def _here(request: Request[Any, Any, Any]) -> Runtime:
    runtime: Runtime = request.app.state.hub.runtimes["directory"]
    return runtime


@post("/oauth/token", status_code=200)
async def token(request: Request[Any, Any, Any]) -> Response[Any]:
    """The token endpoint. Errors are answers too: the transaction commits on them."""
    answer = await _token(request)
    return Response(answer.body, status_code=answer.status, headers=answer.headers, media_type="application/json")


async def _token(request: Request[Any, Any, Any]) -> oauth.TokenAnswer:
    if request.content_type[0].lower() != FORM:
        return oauth.invalid(f"send a form: Content-Type: {FORM}")
    try:
        body = (await read_body(request, MOST_FORM_BYTES)).decode()
        form = parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=50)
    except TooLarge:
        return oauth.invalid(f"at most {MOST_FORM_BYTES} bytes", status=413)
    except ValueError:
        return oauth.invalid("this is not a form that can be read")
    headers = {name.title(): value for name, value in request.headers.items()}
    here = _here(request)
    async with here.db.begin(HUB) as session:
        return await oauth.token(session, here.settings.issuer, here.settings.derived("signing"), form, headers)


@get("/.well-known/jwks.json")
async def keys(request: Request[Any, Any, Any]) -> Response[Any]:
    here = _here(request)
    async with here.db.read(HUB) as session:
        found = await oauth.key_set(session)
    return Response(found, media_type="application/json", headers={"cache-control": "public, max-age=300"})


@get("/.well-known/oauth-authorization-server", sync_to_thread=False)
def metadata(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return oauth.metadata(_here(request).settings.issuer)


routes = [token, keys, metadata]
