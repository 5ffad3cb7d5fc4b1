"""Row-level security, table by table as the models list them: a new table is tested before anybody thinks of it.

Every table gets a row of each of two cities, made from its columns; whose a row is comes from the names of columns.
"""

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import ARRAY, JSON, Column, Table, event, insert, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.exc import DBAPIError

from services.app import SERVICES
from services.directory import search
from services.directory.access import Viewer
from services.directory.fields import Audience
from services.kit.auth import Principal
from services.kit.db import HUB, NOBODY, Acting, Database, Reader
from services.kit.guards import guard
from tests.conftest import Servers, _fresh

OURS, THEIRS = "08335043", "14612000"
NIL = "00000000-0000-0000-0000-000000000000"
FREE = {
    "job": "holds ids and progress of the service's own work; asked for by an id that the caller has found",
    "cursor": "how far the service has read the logs of others",
    "aside": "where a line stands in another's log that could not be applied, without what it says",
    "revoked": "names of what has ended, which every process must know",
    "alembic_version": "the role may not touch it at all",
}
"""Tables without row-level security, and why."""
SHOWN = {
    "directory.city", "directory.navigator", "directory.project", "directory.navigator_topic",
    "directory.project_navigator", "directory.topic", "directory.municipality", "directory.department",
    "directory.project_topic", "directory.care", "directory.quota_rule", "directory.daily_count",
    "directory.navigator_call", "directory.word", "directory.project_partner", "directory.project_partner_navigator",
    "directory.tally",
    "events.city", "events.topic", "events.event", "events.agenda_item", "events.room", "events.module",
    "events.programme", "events.series", "events.live", "matching.topic", "matching.city",
    "events.open_space", "events.slot", "events.closure", "events.session",
}  # fmt: skip
"""What everybody may read: it is published."""
SHARED = {"events.navigator", "matching.navigator"}
"""Copies that anybody known may read, where they plan and print; who sees a name is told by `access.py`."""
APPENDED = {"directory.log", "events.log", "matching.log", "directory.audit"}
"""Whoever does something says so; nobody but the hub reads it back."""


def tables(service: str) -> Iterator[Table]:
    yield from (t for t in SERVICES[service].metadata.sorted_tables if t.name not in FREE)


TABLES = [(service, table.fullname) for service in SERVICES for table in tables(service)]
HIDDEN = [(service, name) for service, name in TABLES if name not in SHOWN]


def account(city: str) -> uuid.UUID:
    return uuid.uuid5(uuid.UUID(NIL), city)


def of_city(city: str) -> dict[str, Any]:
    """Values of the columns that say whose a row is."""
    return {
        "ags": city, "org": city, "host": city, "audience": city, "state": city[:2], "cities": [city],
        "organiser": f"client-{city}", "client": f"client-{city}", "client_id": f"client-{city}",
        "account_id": account(city),
    }  # fmt: skip


def value(table: Table, column: Column[Any], city: str, made: dict[str, dict[str, Any]]) -> Any:
    for key in column.foreign_keys:
        if key.column.table is table:
            return None
        if (row := made.get(key.column.table.fullname)) is not None:
            return row[key.column.name]
    own = of_city(city) | ({"at": city} if table.name == "role_grant" else {})
    own |= {"id": account(city)} if table.name == "account" else {}
    own |= {"state": city} if table.name in {"quota_rule", "daily_count"} else {}  # or nothing would tell whose it is
    if column.name in own and isinstance(own[column.name], list) == isinstance(column.type, ARRAY):
        return own[column.name]
    if isinstance(column.type, ARRAY):
        return []
    if isinstance(column.type, TSVECTOR):
        return None
    if isinstance(column.type, JSON):
        return {"of": city}
    python: Any = column.type.python_type
    samples = {
        str: f"{table.name}-{column.name}-{city}",
        int: 1,
        bool: False,
        bytes: city.encode(),
        uuid.UUID: account(city),
    }
    return samples[python] if python in samples else datetime(2030, 1, int(city[1]), tzinfo=UTC)


async def fill(db: Database, service: str, city: str) -> None:
    """A row of `city` in every table of the service; what both cities share is left as it is."""
    made: dict[str, dict[str, Any]] = {}
    async with db.begin(HUB) as session:
        for table in SERVICES[service].metadata.sorted_tables:
            row = {
                c.name: value(table, c, city, made) for c in table.columns if c.identity is None and c.computed is None
            }
            made[table.fullname] = row
            counted = [c for c in table.columns if c.identity is not None]
            statement = insert(table).values(row)
            done = await session.execute(statement.returning(*counted) if counted else statement.inline())
            row |= dict(done.mappings().one()) if counted else {}
        if service == "directory":  # what its triggers counted of the others
            await session.execute(text("DELETE FROM directory.tally WHERE value NOT LIKE 'tally-%'"))


@pytest_asyncio.fixture(scope="module")
async def filled(servers: Servers, template: str) -> AsyncIterator[dict[str, Database]]:
    async with _fresh(servers, template) as url:
        dbs = {service: Database(url, service, pool=2) for service in SERVICES}
        for service, db in dbs.items():
            for city in (OURS, THEIRS):
                await fill(db, service, city)
        yield dbs
        for db in dbs.values():
            await db.close()


CLIENT = Principal(client=f"client-{OURS}", subject=f"client-{OURS}", city=OURS).acting
PERSON = Principal(subject=str(account(OURS)), city=OURS, roles=frozenset({f"coordinator:{OURS}"})).acting
CENTRAL = Principal(subject=str(account(OURS)), roles=frozenset({"central:08"})).acting
ACTORS = {"client": CLIENT, "person": PERSON, "central": CENTRAL}


async def rows(dbs: dict[str, Database], acting: Acting) -> dict[str, list[str]]:
    """The rows that show of each table, as JSON text."""
    found: dict[str, list[str]] = {name: [] for _service, name in TABLES}
    for service, db in dbs.items():
        every = [f"SELECT '{name}', to_jsonb(t)::text FROM {name} t" for one, name in TABLES if one == service]
        async with db.read(acting) as session:
            for name, row in await session.execute(text(" UNION ALL ".join(every))):
                found[name].append(row)
    return found


def theirs(found: list[str]) -> list[str]:
    return [row for row in found if any(mark in row for mark in (THEIRS, str(account(THEIRS))))]


async def keys(db: Database, table: str) -> list[str]:
    """Where their rows lie, for statements that look for nothing else."""
    marks = f"'%({THEIRS}|{account(THEIRS)})%'"
    async with db.read(HUB) as session:
        return list(
            await session.scalars(text(f"SELECT ctid::text FROM {table} t WHERE to_jsonb(t)::text SIMILAR TO {marks}"))
        )


# What is guarded -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_is_guarded_or_says_why_not(filled: dict[str, Database], service: str) -> None:
    query = text(
        "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class "
        "WHERE relnamespace = cast(:schema AS regnamespace) AND relkind IN ('r', 'p', 'm', 'v', 'f')"
    )
    async with filled[service].read() as session:
        found: dict[str, bool] = dict(list(await session.execute(query, {"schema": service})))
    assert {name for name, guarded in found.items() if not guarded} == set(FREE)
    assert set(found) - set(FREE) == {table.name for table in tables(service)}


async def test_both_cities_have_rows_to_be_found(filled: dict[str, Database]) -> None:
    """Otherwise the tests below would say nothing."""
    found = await rows(filled, HUB)
    assert {name: theirs(shown) for name, shown in found.items() if len(theirs(shown)) != 1} == {}
    ours = (OURS, str(account(OURS)))
    assert [name for name, shown in found.items() if not any(mark in row for row in shown for mark in ours)] == []


async def test_who_says_nothing_sees_nothing(filled: dict[str, Database]) -> None:
    found = await rows(filled, NOBODY)
    assert {name: found[name] for _service, name in HIDDEN if found[name]} == {}


@pytest.mark.parametrize("actor", ACTORS)
async def test_a_city_sees_no_row_of_another(filled: dict[str, Database], actor: str) -> None:
    found = await rows(filled, ACTORS[actor])
    leaking = {name: theirs(found[name]) for _service, name in HIDDEN if theirs(found[name])}
    assert {name: shown for name, shown in leaking.items() if name not in SHARED} == {}


OWN = {
    "directory.client", "directory.account", "directory.role_grant", "directory.publication", "directory.provider",
    "directory.audit", "directory.source", "directory.draft", "directory.harvest", "directory.partnership",
    "directory.topic_proposal", "directory.own_word", "directory.erased", "directory.proposed_project",
    "directory.candidate", "directory.shared_assessment",
}  # fmt: skip
SEEN = {
    "client": OWN | {"directory.once"},
    "person": OWN | {"directory.identity", "directory.passkey", "directory.login_session", "directory.consent",
                     "directory.oauth_grant"},
}  # fmt: skip


@pytest.mark.parametrize("actor", SEEN)
async def test_a_city_sees_its_own(filled: dict[str, Database], actor: str) -> None:
    found = await rows(filled, ACTORS[actor])
    assert {name for service, name in HIDDEN if service == "directory" and found[name]} == SEEN[actor]


# Writing ---------------------------------------------------------------------------------------------------------


async def attempt(db: Database, acting: Acting, statement: str, **values: Any) -> str:
    """How many rows it touched, or the SQLSTATE; nothing of it stays."""

    touched = ""
    try:
        async with db.begin(acting) as session:
            done: Any = await session.execute(text(statement), values)
            touched = str(done.rowcount)
            raise Undone  # noqa: TRY301 - the one way to end a unit of work without effect
    except DBAPIError as problem:
        return str(getattr(problem.orig, "sqlstate", ""))
    except Undone:
        return touched


class Undone(Exception):
    """Raised to leave nothing behind."""


REFUSED = {"0", "42501"}
"""No row was there to be touched, or the policy forbids it."""


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_writes_for_another_city(filled: dict[str, Database], service: str) -> None:
    db, written, shown = filled[service], [], await rows(filled, HUB)
    for table in tables(service):
        name = table.fullname
        (place,) = await keys(db, name)
        (row,) = theirs(shown[name])
        column = table.primary_key.columns.keys()[-1]
        if "GENERATED" not in repr(table.c[column].identity or ""):
            column = next(c.name for c in table.columns if c.identity is None)
        made = f"jsonb_populate_record(NULL::{name}, cast(:row AS jsonb))"
        names = ", ".join(f'"{c.name}"' for c in table.columns if c.computed is None)
        # The policy comes before the unique index: a refusal tells nobody whether the row exists.
        expected = {
            f"UPDATE {name} SET {column} = {column} WHERE ctid = '{place}'::tid": REFUSED,
            f"DELETE FROM {name} WHERE ctid = '{place}'::tid": REFUSED,
            f"INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {made}": {
                "23505" if name in APPENDED else "42501"
            },
        }
        for actor, acting in {**ACTORS, "nobody": NOBODY}.items():
            for statement, answers in expected.items():
                values = {"row": row} if ":row" in statement else {}
                if (answer := await attempt(db, acting, statement, **values)) not in answers:
                    written.append((actor, statement, answer))
    assert written == []


MOVES = {
    "directory.account": f"org = '{THEIRS}'",
    "directory.navigator": f"ags = '{THEIRS}'",
    "directory.project": f"ags = '{THEIRS}'",
    "directory.publication": f"ags = '{THEIRS}'",
    "directory.client": f"ags = '{THEIRS}'",
    "directory.department": f"ags = '{THEIRS}'",
    "directory.source": f"ags = '{THEIRS}'",
    "directory.draft": f"ags = '{THEIRS}'",
    "directory.harvest": f"ags = '{THEIRS}'",
    "directory.once": f"client = 'client-{THEIRS}'",
    "directory.project_topic": f"project_id = '{account(THEIRS)}'",
    "directory.partnership": f"ags = '{THEIRS}', other = '{THEIRS}'",
    "directory.proposed_project": f"ags = '{THEIRS}'",
    "directory.project_partner": f"ags = '{THEIRS}'",
    "directory.provider": f"org = '{THEIRS}'",
    "directory.project_navigator": f"navigator_id = '{account(THEIRS)}'",
    "directory.navigator_topic": f"navigator_id = '{account(THEIRS)}'",
    "directory.role_grant": f"account_id = '{account(THEIRS)}'",
    "directory.identity": f"account_id = '{account(THEIRS)}'",
    "directory.passkey": f"account_id = '{account(THEIRS)}'",
    "directory.oauth_grant": f"account_id = '{account(THEIRS)}'",
    "directory.consent": f"account_id = '{account(THEIRS)}'",
    "directory.login_session": f"account_id = '{account(THEIRS)}'",
    "events.event": f"host = '{THEIRS}', guests = '{{}}'",
    "events.agenda_item": f"event_id = '{account(THEIRS)}'",
    "events.proposal": f"event_id = '{account(THEIRS)}'",
    "events.vote": f"event_id = '{account(THEIRS)}'",
    "events.vote_candidate": f"event_id = '{account(THEIRS)}'",
    "events.harvest": f"event_id = '{account(THEIRS)}'",
    "events.harvest_file": f"event_id = '{account(THEIRS)}'",
    "events.agenda_plan": f"event_id = '{account(THEIRS)}'",
    "events.participant": f"event_id = '{account(THEIRS)}'",
    "events.room": f"event_id = '{account(THEIRS)}'",
    "events.online_link": f"event_id = '{account(THEIRS)}'",
    "events.left_event": f"event_id = '{account(THEIRS)}'",
    "events.module": f"host = '{THEIRS}'",
    "events.programme": f"host = '{THEIRS}'",
    "events.registration": f"event_id = '{account(THEIRS)}'",
    "events.vehicle": f"event_id = '{account(THEIRS)}'",
    "events.boarding": f"event_id = '{account(THEIRS)}'",
    "matching.plan": f"event_id = '{account(THEIRS)}'",
}


async def test_nobody_moves_their_own_rows_to_another_city(filled: dict[str, Database]) -> None:
    moved, untouched = [], []
    for table, move in MOVES.items():
        db, column = filled[table.partition(".")[0]], move.split()[0]
        touched = set()
        for acting in (PERSON, CLIENT):
            if (answer := await attempt(db, acting, f"UPDATE {table} SET {move}")) not in REFUSED:
                moved.append((table, acting, answer))
            touched.add(await attempt(db, acting, f"UPDATE {table} SET {column} = {column}"))
        if "1" not in touched:
            untouched.append(table)
    assert moved == []
    assert untouched == []  # it was the move that was refused


async def test_a_role_is_given_to_the_own_people_at_the_own_place_only(filled: dict[str, Database]) -> None:
    give = "INSERT INTO role_grant (account_id, role, at, source) VALUES (:who, 'editor', :at, 'x')"
    for who, at, answer in (
        (account(OURS), OURS, "1"),
        (account(THEIRS), OURS, "42501"),
        (account(OURS), THEIRS, "42501"),
        (account(OURS), "", "42501"),
    ):
        assert await attempt(filled["directory"], PERSON, give, who=who, at=at) == answer


# The ground ------------------------------------------------------------------------------------------------------


async def test_the_owner_of_a_table_is_bound_too(filled: dict[str, Database]) -> None:
    """FORCE: only a superuser stands above, and the services are none."""

    async def seen(session: Reader) -> int:
        return int(await session.scalar(text("SELECT count(*) FROM mine")) or 0)

    db = filled["directory"]
    owner = Database(db.engine.url.render_as_string(hide_password=False), None, pool=1)
    with pytest.raises(ZeroDivisionError):
        async with owner.begin() as session:
            for statement in (
                "GRANT CREATE, USAGE ON SCHEMA directory TO lotsennetz_directory",
                "SET LOCAL ROLE lotsennetz_directory",
                "SET LOCAL search_path = directory",
                "CREATE TABLE mine (ags text)",
                "INSERT INTO mine VALUES ('08335043')",
                *guard("directory.mine", read="false", write="false"),
            ):
                await session.execute(text(statement))
            assert await seen(session) == 0
            await session.execute(text("SELECT set_config('lotsennetz.hub', 'on', true)"))
            assert await seen(session) == 1
            raise ZeroDivisionError
    await owner.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_is_neither_superuser_nor_above_the_policies(filled: dict[str, Database], service: str) -> None:
    query = text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    async with filled[service].read() as session:
        assert tuple((await session.execute(query)).one()) == (f"lotsennetz_{service}", False, False)
        assert await session.scalar(text("SHOW row_security")) == "on"


async def test_what_one_transaction_said_the_next_does_not_know(filled: dict[str, Database]) -> None:
    db = Database(filled["directory"].engine.url.render_as_string(hide_password=False), "directory", pool=1)
    said = text(
        "SELECT pg_backend_pid(), concat_ws(' ', "
        + ", ".join(f"nullif(current_setting('lotsennetz.{key}', true), '')" for key in {*PERSON, *HUB})
        + ")"
    )
    connections = set()
    for acting in (PERSON, HUB, CENTRAL):
        for opened in (db.begin, db.read):
            async with opened(acting) as session:
                pid, words = (await session.execute(said)).one()
                assert words
                connections.add(pid)
            with pytest.raises(ZeroDivisionError):
                async with opened(acting):
                    raise ZeroDivisionError
            async with opened() as session:
                assert tuple((await session.execute(said)).one()) == (pid, "")
    assert len(connections) == 1  # it was the same connection all along
    await db.close()


async def test_public_search_pays_for_no_policy(filled: dict[str, Database]) -> None:
    """Neither `LIKE` nor arrays are leakproof: a policy with a condition would keep every index from being used."""
    db, seen = filled["directory"], []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, parameters))

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with db.read(CLIENT) as session:
            await search.navigators(session, 10, Viewer(Audience.NETWORK, OURS), text="a", topic="x", city=OURS)
            await search.projects(session, 10, text="a", topic="x", city=OURS)
            await search.cities(session, 10, text="a")
            await search.topics(session, 10, text="a")
    finally:
        event.remove(db.engine.sync_engine, "before_cursor_execute", note)
    searches = [(s, p) for s, p in seen if " FROM directory." in s.replace("\n", " ")]
    assert len(searches) == 4
    async with db.read(CLIENT) as session:
        connection = await session.connection()
        for statement, parameters in searches:
            plan = "\n".join((await connection.exec_driver_sql(f"EXPLAIN (VERBOSE) {statement}", parameters)).scalars())
            assert "Scan" in plan
            assert "current_setting" not in plan
