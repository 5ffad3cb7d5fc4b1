"""What the hub does with data of people, in public: the notice (Art. 13, 14 GDPR) and the record (Art. 30 GDPR)."""

from typing import Any

import msgspec
from litestar import Request, Response, get

from services.directory.protection import record
from services.directory.web.login import here
from services.kit import pages
from services.kit.openapi import Api, json
from services.kit.rights import ANYBODY


@get("/privacy", page=True, right=ANYBODY)
async def privacy(request: Request[Any, Any, Any]) -> Response[Any]:
    settings = here(request).settings
    return await pages.page(
        request, "directory/privacy.html", settings=settings, fields=record.fields(), kept=record.kept()
    )


@get("/privacy/record", page=True, right=ANYBODY)
async def readable(request: Request[Any, Any, Any]) -> Response[Any]:
    return await pages.page(
        request, "directory/privacy_record.html", record=record.record(here(request).settings), kept=record.kept()
    )


@get(
    "/privacy/record.json",
    right=ANYBODY,
    sync_to_thread=False,
    api=Api("The record of processing activities (Art. 30 GDPR)", {200: json(dict[str, Any])}),
)
def machine_readable(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The same as `/privacy/record`, in the language that is asked for."""
    found = record.record(here(request).settings) | {"kept": record.kept()}
    return Response(msgspec.json.encode(found), media_type="application/json", headers={"vary": "accept-language"})


routes = [privacy, readable, machine_readable]
