"""What was answered, what is stored, and whose rows are whose."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import text

from services.app import SERVICES
from services.kit.db import HUB, Database
from tests.stories.tenants.cities import City

Rows = dict[str, list[str]]
"""Every row as JSON text, by table."""
UNTOLD = frozenset({"cursor", "job"})
"""Tables that change by themselves: how far a service has heard the others, and its own work."""


def beneath(answer: Any, keys: frozenset[str], inside: bool = False) -> Iterator[str]:
    """All texts beneath one of `keys`."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield from beneath(value, keys, inside or key in keys)
    elif isinstance(answer, list):
        for value in answer:
            yield from beneath(value, keys, inside)
    elif inside and isinstance(answer, str):
        yield answer


OF_EVENTS = frozenset({"participants", "rounds", "plans", "retrospective", "quotes"})


def leaks(answer: Any, sent: Any, city: City) -> set[str]:
    """What an answer tells of a city that is not for others, beyond what was `sent`."""
    data = answer.get("data") if isinstance(answer, dict) else answer
    told, known = msgspec.json.encode(answer).decode(), msgspec.json.encode(sent).decode()
    return {word for word in city.words if word in told and word not in known} | (
        set(beneath(data, OF_EVENTS)) & set(city.people)
    )


def same(answer: Any, *ids: str) -> str:
    """An answer without the ids that were asked for."""
    told = msgspec.json.encode(answer, order="sorted").decode()
    for one in ids:
        told = told.replace(one, "…")
    return told


async def stored(owner: Database) -> Rows:
    """Every row of every service, as JSON text, by table."""
    tables = [table for service in SERVICES.values() for table in service.metadata.tables.values()]
    out: Rows = {table.fullname: [] for table in tables if table.name not in UNTOLD}
    every = " UNION ALL ".join(f"SELECT '{name}', to_jsonb(t)::text FROM {name} t" for name in out)
    async with owner.read(HUB) as session:
        for name, row in await session.execute(text(every)):
            out[name].append(row)
    return {name: sorted(rows) for name, rows in out.items()}


def of(rows: Rows, city: City) -> set[tuple[str, str]]:
    """The rows that are of a city or speak of it."""
    return {(table, row) for table, found in rows.items() for row in found if any(mark in row for mark in city.marks)}
