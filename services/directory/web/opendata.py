"""The open data over HTTP: the page that explains it, its files, the vocabulary and the catalogue as linked data."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get
from litestar.response import Stream
from sqlalchemy import func, select

from services.directory import opendata, topics
from services.directory.models import City, Topic
from services.directory.opendata import datasets, dcat, files, skos
from services.directory.web.login import here
from services.kit.conditional import digest, unchanged
from services.kit.db import NOBODY, Reader
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.openapi import Answer, Api
from services.kit.pages import AnyRequest, page
from services.kit.rates import Rate, address_of
from services.kit.rights import ANYBODY

LINKED = "application/ld+json"
FROM_ADDRESS = Rate("open data", 120, per=60)
FRESH = {"cache-control": "public, no-cache", "access-control-allow-origin": "*"}
"""Ask each time whether it is still true; open to scripts of every page."""
PUBLIC = ANYBODY.to("what the public sees")
FILE = Api(
    "A set of open data, as JSON Lines or CSV",
    {
        200: Answer({files.JSONL_MEDIA: None, "text/csv": None}, ("ETag",)),
        304: Answer({}, ("ETag",)),
    },
    problems=(404, 429),
    described={"file": "A set (" + ", ".join(datasets.DATASETS) + ") and .jsonl or .csv, such as projects.csv."},
)
LINKED_DATA = {200: Answer({LINKED: dict[str, Any]}, ("ETag",)), 304: Answer({}, ("ETag",))}
TOPICS = Api("The vocabulary as SKOS", LINKED_DATA, problems=(429,))
CATALOG = Api("The catalogue of the open data (DCAT-AP.de)", LINKED_DATA, problems=(429,))


@get("/open-data", page=True, right=PUBLIC)
async def explained(request: AnyRequest) -> Response[Any]:
    sets = [
        (name, datasets.title(name), [(column, datasets.meaning(column)) for column in one.columns])
        for name, one in datasets.DATASETS.items()
    ]
    return await page(request, "directory/open_data.html", sets=sets, licence=opendata.LICENCE,
                      licence_name=opendata.LICENCE_NAME)  # fmt: skip


@get("/open-data/{file:str}", right=PUBLIC, api=FILE)
async def file(request: AnyRequest, file: str) -> Response[Any]:
    name, _dot, form = file.partition(".")
    if name not in datasets.DATASETS or form not in files.MEDIA:
        raise NotFound(_("There is no such file. /open-data lists them."))
    runtime = here(request)
    await runtime.rates.take(FROM_ADDRESS, address_of(request))
    if (same := unchanged(request, await files.etag_of(runtime), FRESH)) is not None:
        return same
    found = await files.made(runtime, name, form)
    headers = FRESH | {
        "etag": f'"{found.etag}"',
        "content-length": str(found.size),
        "content-type": files.MEDIA[
            form
        ],  # as a header: Litestar prefers the route's media type to the one of a stream
        "content-disposition": f'attachment; filename="lotsennetz-{name}.{form}"',
        "x-content-type-options": "nosniff",
    }
    return Stream(found.chunks(), headers=headers)


@get("/topics.jsonld", right=PUBLIC, api=TOPICS)
async def vocabulary(request: AnyRequest) -> Response[Any]:
    return await linked(request, _vocabulary)


@get("/open-data/catalog.jsonld", right=PUBLIC, api=CATALOG)
async def catalog(request: AnyRequest) -> Response[Any]:
    return await linked(request, _catalog)


async def _vocabulary(session: Reader, hub: str) -> dict[str, Any]:
    return skos.document(hub, [*await topics.tree(session), *await topics.merged(session)])


async def _catalog(session: Reader, hub: str) -> dict[str, Any]:
    published = await session.scalar(select(func.max(City.published_at)))
    changed = await session.scalar(select(func.max(Topic.changed_at)))
    newest: datetime | None = max((one for one in (published, changed) if one), default=None)
    return dcat.catalogue(hub, newest or datetime.fromisoformat("1970-01-01T00:00:00Z"))


async def linked(request: AnyRequest, made: Any) -> Response[Any]:
    """JSON-LD from `made(session, hub)`, or that it has not changed."""
    runtime = here(request)
    await runtime.rates.take(FROM_ADDRESS, address_of(request))
    async with runtime.db.read(NOBODY) as session:
        body = msgspec.json.encode(await made(session, runtime.settings.issuer))
    etag = digest(body)
    if (same := unchanged(request, etag, FRESH)) is not None:
        return same
    headers = FRESH | {"etag": f'"{etag}"', "vary": "accept"}
    return Response(body, media_type=LINKED, headers=headers)


routes = [explained, file, vocabulary, catalog]
