"""The directory over HTTP beside GraphQL: the OAuth endpoints."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response, get, post

from services.directory import oauth
from services.kit.errors import Refused, TooLarge
from services.kit.i18n import gettext as _
from services.kit.service import Runtime

MOST_FORM_BYTES = 20_000


def _here(request: Request[Any, Any, Any]) -> Runtime:
    runtime: Runtime = request.app.state.hub.runtimes["directory"]
    return runtime


@post("/oauth/token", status_code=200)
async def token(request: Request[Any, Any, Any]) -> Response[Any]:
    """The token endpoint. Errors are answers too: the transaction commits on them."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            raise TooLarge(_("At most {most} bytes in one request, please.", most=MOST_FORM_BYTES))
    here = _here(request)
    try:
        form = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise Refused(_("This is not a form that can be read.")) from None
    headers = {name.title(): value for name, value in request.headers.items()}
    async with here.db.begin() as session:
        answer = await oauth.token(session, here.settings.issuer, here.settings.derived("signing"), form, headers)
    return Response(answer.body, status_code=answer.status, headers=answer.headers, media_type="application/json")


@get("/.well-known/jwks.json")
async def keys(request: Request[Any, Any, Any]) -> Response[Any]:
    here = _here(request)
    async with here.db.read() as session:
        found = await oauth.key_set(session)
    return Response(found, media_type="application/json", headers={"cache-control": "public, max-age=300"})


@get("/.well-known/oauth-authorization-server", sync_to_thread=False)
def metadata(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return oauth.metadata(_here(request).settings.issuer)


routes = [token, keys, metadata]
