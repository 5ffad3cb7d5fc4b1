"""Every field, every audience, every viewer: what the graph shows is what `fields.audience_of` says."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select

from services.cli.demo import PUBLISH
from services.directory.fields import ENTRY, FIELDS, Audience, audience_of
from services.directory.models import Navigator
from services.kit.db import HUB
from services.kit.service import Hub
from tests.directory.protected import client, close, full, path, snapshot, towns, visitor

SELECTION = {
    "offers": "offers { code }",
    "seeks": "seeks { code }",
    "works_on": "worksOn { code }",
    "competences": "competences { professional }",
    "mentor": "mentor { id }",
}
EMPTY: tuple[Any, ...] = (None, "", [])


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


ALL = " ".join(SELECTION.get(name, camel(name)) for name in FIELDS)
CHOICES: list[tuple[str, Audience, Audience]] = [
    (name, audience, entry)
    for name, field in FIELDS.items()
    for audience in Audience
    if audience >= field.widest
    for entry in (Audience.PUBLIC, Audience.NETWORK, Audience.CITY)
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cast(shared: Hub) -> AsyncIterator[dict[Any, Any]]:
    """One town with a person for each choice, and everybody's view of all of them: viewer → key → fields."""
    ags = towns()
    people = [
        full(
            key=f"k{number}",
            email=f"k{number}@town.example",
            visibility=[{"field": name, "audience": audience.name}, {"field": ENTRY, "audience": entry.name}],
        )
        for number, (name, audience, entry) in enumerate(CHOICES)
    ]
    city = await client(shared, ags)
    await city.ask(PUBLISH, snapshot=snapshot(ags, *people) | {"projects": []})
    viewers = {
        "nobody": await client(shared, None, "events:read"),
        "other": await client(shared, towns()),
        "own": city,
    }
    async with shared.runtimes["directory"].db.read(HUB) as session:
        rows = await session.execute(select(Navigator.key, Navigator.id).where(Navigator.ags == ags))
        ids = {key: str(id) for key, id in rows}
    yield {"ags": ags, "ids": ids, **{name: await _seen(one, ags) for name, one in viewers.items()}}
    await close()


async def _seen(viewer: Any, ags: str) -> dict[str, dict[str, Any]]:
    query = f"query ($c: ID!, $a: String) {{ navigators(city: $c, first: 40, after: $a) {{ nodes {{ id {ALL} }}"
    query += " pageInfo { hasNextPage endCursor } } }"
    rows: dict[str, dict[str, Any]] = {}
    after, more = None, True
    while more:
        page = (await viewer.ask(query, c=ags, a=after))["navigators"]
        rows |= {node["id"]: node for node in page["nodes"]}
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return rows


REACH = {"nobody": Audience.PUBLIC, "other": Audience.NETWORK, "own": Audience.CITY}


@pytest.mark.parametrize("viewer", REACH)
async def test_the_graph_shows_what_the_fields_say(cast: dict[Any, Any], viewer: str) -> None:
    wrong = []
    for number, (name, audience, entry) in enumerate(CHOICES):
        row = cast[viewer].get(cast["ids"][f"k{number}"])
        chosen = {name: audience, ENTRY: entry}
        if (row is not None) != (entry <= REACH[viewer]):
            wrong.append(f"k{number} {chosen}: the person")
            continue
        for field in FIELDS if row else ():
            shown = row[camel(field)] not in EMPTY
            expected = audience_of(field, chosen) <= REACH[viewer]
            if shown != expected:
                wrong.append(f"k{number} {chosen}: {field} shown {shown}")
    assert wrong == []


@pytest.mark.parametrize("number", [0, len(CHOICES) // 2, len(CHOICES) - 1])
async def test_the_person_sees_everything_even_what_is_for_nobody(
    shared: Hub, cast: dict[Any, Any], number: int
) -> None:
    browser = await visitor(shared)
    page = await browser.http.get(await path(shared, cast["ags"], f"k{number}"))
    assert page.text.count('<th scope="row">') == len(FIELDS)
    await browser.close()
