"""What a service holds about a person, for whoever has their personal link (Art. 15 and 20 GDPR)."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from services.kit import links
from services.kit.db import HUB, Reader
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.openapi import Api, json
from services.kit.rights import Right
from services.kit.service import Runtime

PERSONAL: Final = Right("whoever has a personal link", rows="what is held about the person whose link it is")


def my_data_route(service: str, about: Callable[[Reader, uuid.UUID], Awaitable[Any]]) -> HTTPRouteHandler:
    """`GET /<service>/my-data/<token>`: what `about` gives, as JSON; 404 for a link that does not count any more."""
    api = Api(
        f"What {service} holds about the person whose link it is, to take along",
        {200: json(dict[str, Any])},
        problems=(404, 429),
        described={"token": "The end of a personal link `/mine/…`."},
    )

    @get(f"/{service}/my-data/{{token:str}}", name=f"my-data:{service}", right=PERSONAL, api=api)
    async def my_data(request: Request[Any, Any, Any], token: str) -> Response[bytes]:
        here: Runtime = request.app.state.hub.runtimes[service]
        await here.rates.take(links.LOOKS, links.counted(token))
        person = links.person(here.settings, token)
        if person is None:
            raise NotFound(_("This link is not valid any more."))
        await here.refresh()
        async with here.db.read(HUB) as session:
            found = await about(session, person)
        return Response(
            msgspec.json.encode(found), media_type="application/json", headers={"cache-control": "no-store"}
        )

    return my_data
