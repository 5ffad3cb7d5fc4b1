"""The directory's jobs: reading what clients and login providers publish, renewing our own keys, tidying up."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import func, or_, select, update

from services.directory import audit, cards, harvest, history, once, publishing, uploads, vocabulary
from services.directory.candidates import rows
from services.directory.finding import dictionary, tallies
from services.directory.finding.terms import known
from services.directory.login import discovery, links
from services.directory.models import Client, Harvest, Publication, Topic
from services.directory.oauth import clients, grants, keys, registration
from services.directory.protection import notices, retention
from services.directory.stateview import circulars, growth
from services.kit import jobs, mail
from services.kit.db import HUB, Database, Writer
from services.kit.errors import Refused
from services.kit.fetch import Fetcher
from services.kit.i18n import gettext as _
from services.kit.i18n import speaking
from services.kit.jobs import Every, Job, Run
from services.kit.service import Runtime

log = logging.getLogger(__name__)
READ_AGAIN = timedelta(minutes=1)
"""How soon a client's keys are read again, whoever asks for it."""
MOST_KEY_BYTES = 50_000
REGULAR_SECONDS = 3600.0
WORD_SECONDS = 300.0
PROVIDER_SECONDS = HARVEST_SECONDS = TALLY_SECONDS = 60.0
CHECK_SECONDS = 86_400.0
AT_ONCE = 8
"""Servers of others that a worker reads at a time."""


class ProviderOf(msgspec.Struct, frozen=True):
    org: str


async def ask_for_provider(session: Writer, runtime: Runtime, org: str) -> bool:
    """Have the login provider of `org` read soon; whether it will be, because nobody asked within the last minute."""
    due = await discovery.due(session, older_than=discovery.ASK_AGAIN, org=org)
    if due:
        await jobs.enqueue(session, runtime.queue, _provider(runtime.fetcher), ProviderOf(org=org))
    return bool(due)


def _provider(fetcher: Fetcher) -> Job:
    async def work(run: Run, asked: ProviderOf) -> None:
        """Keep what the provider says, or why it could not be read; the next regular reading tries again."""
        async with run.db.read(HUB) as session:
            issuer = await discovery.issuer_of(session, asked.org)
        if issuer is None:
            return
        found = await discovery.read(fetcher, issuer)
        async with run.finish() as session:
            await discovery.keep(session, asked.org, issuer, found)

    return Job("read login provider", ProviderOf, work)


def _providers(runtime: Runtime) -> Every:
    """Read every provider regularly; at once and not as jobs, whose rows stay."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def read(db: Database, org: str, issuer: str) -> None:
        async with turn:
            found = await discovery.read(runtime.fetcher, issuer)
            async with db.begin(HUB) as session:
                await discovery.keep(session, org, issuer, found)

    async def work(db: Database) -> None:
        async with db.begin(HUB) as session:
            due = await discovery.due(session, older_than=discovery.REGULARLY)
        await asyncio.gather(*(read(db, org, issuer) for org, issuer in due), return_exceptions=True)

    return Every(PROVIDER_SECONDS, work)


class ClientKeys(msgspec.Struct, frozen=True):
    client_id: str


async def ask_for_keys(session: Writer, runtime: Runtime, client_id: str) -> None:
    """Have the keys behind a client's `jwks_uri` read soon: in a job, because no request waits for other servers."""
    asked = await session.execute(
        update(Client)
        .where(
            Client.client_id == client_id,
            Client.jwks_uri.is_not(None),
            or_(Client.jwks_read_at.is_(None), Client.jwks_read_at < datetime.now(UTC) - READ_AGAIN),
        )
        .values(jwks_read_at=func.now())
        .returning(Client.client_id)
    )
    if asked.first() is not None:
        await jobs.enqueue(session, runtime.queue, _client_keys(runtime.fetcher), ClientKeys(client_id=client_id))


def _client_keys(fetcher: Fetcher) -> Job:
    async def work(run: Run, asked: ClientKeys) -> None:
        """Read and store the keys. Raises Refused for what is no set of public keys."""
        async with run.db.read(HUB) as session:
            client = await clients.by_id(session, asked.client_id)
        if client is None or client.jwks_uri is None:
            return
        found = await _key_set(fetcher, client.jwks_uri)
        async with run.finish() as session:
            same = (Client.client_id == client.client_id, Client.jwks_uri == client.jwks_uri)
            await session.execute(update(Client).where(*same).values(jwks=found, jwks_read_at=func.now()))

    return Job("read client keys", ClientKeys, work, tries=3)


async def _key_set(fetcher: Fetcher, url: str) -> dict[str, object]:
    answer = await fetcher.get(url, most_bytes=MOST_KEY_BYTES, accept="application/jwk-set+json, application/json")
    try:
        if answer.status != 200:
            raise ValueError  # noqa: TRY301 - answered as every body that is no key set
        return registration.checked_jwks(msgspec.json.decode(answer.body, type=dict))
    except (ValueError, msgspec.MsgspecError, RecursionError, registration.Invalid):
        raise Refused(_("What lies at jwks_uri is no set of public keys.")) from None


class HarvestOf(msgspec.Struct, frozen=True):
    ags: str


async def ask_for_harvest(session: Writer, runtime: Runtime, ags: str) -> None:
    """Read the city's own address soon."""
    await jobs.enqueue(session, runtime.queue, _harvest(runtime), HarvestOf(ags))


def _harvest(runtime: Runtime) -> Job:
    async def work(run: Run, asked: HarvestOf) -> None:
        await read_harvests(runtime, run.db, asked.ags)

    return Job("read harvest", HarvestOf, work, tries=2)


def _harvests(runtime: Runtime) -> Every:
    async def work(db: Database) -> None:
        await read_harvests(runtime, db)

    return Every(HARVEST_SECONDS, work)


async def read_harvests(runtime: Runtime, db: Database, ags: str | None = None) -> None:
    """Read and publish what is due, or the city `ags` at once."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(row: Harvest) -> None:
        async with turn:
            found = await harvest.fetched(runtime.fetcher, row)
        by = publishing.Publisher(row.client, runtime.settings.derived("identities"), runtime.memory, "HARVEST")
        async with db.begin(HUB) as session:
            done = await harvest.keep(session, by, row.ags, row.url, found)
            if done.message:
                await _tell(session, runtime, row.ags)
            if done.outcome:
                await runtime.say(session, done.outcome.messages)

    with speaking("de"):  # problems are stored in words, for the people of a German city
        async with db.begin(HUB) as session:
            due = await harvest.due(session, ags)
        for problem in await asyncio.gather(*map(one, due), return_exceptions=True):
            if isinstance(problem, BaseException):
                log.warning("a harvest failed: %s", type(problem).__name__)


async def _tell(session: Writer, runtime: Runtime, ags: str) -> None:
    """One mail to each coordinator once it has failed several times in a row, or as soon as somebody has to agree."""
    row = await harvest.of(session, ags)
    if row is None or not (row.failures == harvest.TOLD_AFTER or (row.waiting and row.failures == 1)):
        return
    for number, (email, language) in enumerate(await harvest.coordinators(session, ags)):
        key = f"harvest:{ags}:{row.asked_at:%Y%m%d%H%M}:{number}"
        values = {"ags": ags, "url": row.url, "problem": row.problem, "waiting": row.waiting is not None}
        await mail.send(session, runtime.outbox, "harvest", to=email, language=language, key=key, **values)


def _tidy(runtime: Runtime) -> Every:
    async def work(db: Database) -> None:
        async with db.begin(HUB) as session:
            await keys.renew(session, runtime.settings.derived("signing"))
            await grants.forget(session)
            await clients.forget_waiting(session)
            await audit.forget(session)
            await uploads.forget(session)
            await cards.forget(session)
            await rows.forget(session)
            await vocabulary.left_behind(session, runtime)
            await history.forget(session)
            await once.forget(session)
            await circulars.forget(session)
            for client_id in await clients.with_published_keys(session, older_than=timedelta(hours=1)):
                await ask_for_keys(session, runtime, client_id)

    return Every(REGULAR_SECONDS, work)


def _words(runtime: Runtime) -> Every:
    """Keep the dictionary; only where something was published since this worker last looked."""
    seen: list[object] = [None]

    async def work(db: Database) -> None:
        async with db.begin(HUB) as session:
            newest = (
                await session.scalar(select(func.max(Publication.id))),
                await session.scalar(select(func.max(Topic.changed_at))),
            )
            if seen[0] != newest and await dictionary.refresh(session, await known(session, runtime.memory)):
                seen[0] = newest

    return Every(WORD_SECONDS, work)


def _counts() -> Every:
    """What there is today, for growth over time."""

    async def work(db: Database) -> None:
        async with db.begin(HUB) as session:
            await growth.count(session)

    return Every(REGULAR_SECONDS, work)


def _tallies() -> Every:
    async def work(db: Database) -> None:
        async with db.begin(HUB) as session:
            await tallies.sum_up(session)

    return Every(TALLY_SECONDS, work)


def _tallies_checked() -> Every:
    async def work(db: Database) -> None:
        async with db.begin(HUB) as session:
            if wrong := await tallies.correct(session):
                log.error("%d counts of the directory were wrong and were put right", wrong)

    return Every(CHECK_SECONDS, work)


def duties(runtime: Runtime) -> Sequence[Job | Every]:
    return [
        _client_keys(runtime.fetcher),
        _provider(runtime.fetcher),
        _providers(runtime),
        links.wanted.job(runtime),
        notices.wanted.job(runtime),
        notices.regular(runtime),
        cards.regular(runtime),
        retention.regular(runtime),
        vocabulary.job(runtime),
        circulars.job(runtime),
        _harvest(runtime),
        _harvests(runtime),
        _tidy(runtime),
        _words(runtime),
        _counts(),
        _tallies(),
        _tallies_checked(),
    ]
