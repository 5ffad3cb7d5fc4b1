"""Matching over HTTP beside GraphQL: what it holds about a person."""

from typing import Any

import msgspec
from litestar import Request, Response, get

from services.kit import links
from services.kit.db import HUB
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.openapi import Api, json
from services.kit.service import Runtime
from services.matching import access, rounds

MY_DATA = Api(
    "What matching holds about the person whose link it is, to take along",
    {200: json(dict[str, Any])},
    problems=(404,),
    described={"token": "The end of a personal link `/mine/…`."},
)


@get("/matching/my-data/{token:str}", right=access.PERSONAL, api=MY_DATA)
async def my_data(request: Request[Any, Any, Any], token: str) -> Response[bytes]:
    """What matching holds about the person whose link it is: part of what they can take along (Art. 15, 20 GDPR)."""
    here: Runtime = request.app.state.hub.runtimes["matching"]
    person = links.person(here.settings, token)
    if person is None:
        raise NotFound(_("This link is not valid any more."))
    await here.refresh()
    async with here.db.read(HUB) as session:
        found = await rounds.about(session, str(person))
    return Response(msgspec.json.encode(found), media_type="application/json", headers={"cache-control": "no-store"})


routes = [my_data]
