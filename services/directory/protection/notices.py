"""Telling people that their city publishes them (Art. 14 GDPR), once; and new links for those who ask.

Publishing waits for none of it: a regular task looks which cities have published since.
"""

import uuid
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.directory import models as m
from services.directory import store
from services.directory.fields import FIELDS, Audience
from services.directory.protection import person as who
from services.directory.protection import words
from services.directory.protection.own import choices
from services.directory.protection.person import Person, digest
from services.directory.protection.record import in_words
from services.directory.protection.retention import HIDE_AFTER, LEFT_AFTER
from services.directory.snapshot import Identities
from services.kit import i18n, mail
from services.kit.bymail import ByMail
from services.kit.db import HUB, Database, Writer
from services.kit.errors import Refused
from services.kit.jobs import Every
from services.kit.service import Runtime

LOOK_SECONDS = 60.0
MOST_CITIES = 50
"""That one look tells of; the rest at the next."""
BATCH = 100
"""People told in one unit of work."""


def regular(runtime: Runtime) -> Every:
    async def work(db: Database) -> None:
        await tell(runtime, db)

    return Every(LOOK_SECONDS, work)


async def tell(runtime: Runtime, db: Database) -> int:
    """Tell everybody whom their city has published since the last look; returns how many mails were queued."""
    async with db.read(HUB) as session:
        due = (
            await session.execute(
                select(m.City.ags, m.City.publication)
                .where(m.City.publication.is_not(None), m.City.publication.is_distinct_from(m.City.told))
                .order_by(m.City.publication)
                .limit(MOST_CITIES)
            )
        ).all()
    return sum([await _tell_city(runtime, db, ags, publication) for ags, publication in due])


async def _tell_city(runtime: Runtime, db: Database, ags: str, publication: int | None) -> int:
    async with db.read(HUB) as session:
        stored = await store.read(session, ags)
    rows = stored.snapshot.navigators if stored.snapshot else ()
    ids = Identities(runtime.settings.derived("identities"), ags)
    told = 0
    for start in range(0, len(rows), BATCH):
        async with db.begin(HUB) as session:
            people = [Person(ids.navigator(row.key), ags, row, None, stored) for row in rows[start : start + BATCH]]
            told += await _tell_people(session, runtime, people)
    async with db.begin(HUB) as session:
        await session.execute(update(m.City).where(m.City.ags == ags).values(told=publication))
    return told


async def _tell_people(session: Writer, runtime: Runtime, people: list[Person]) -> int:
    """Note by what each is found again, and write to those who were not told before."""
    keys = [person.id for person in people]
    addresses = select(m.Told.navigator_id, m.Told.address).where(m.Told.navigator_id.in_(keys))
    known: dict[uuid.UUID, str] = {row.navigator_id: row.address for row in await session.execute(addresses)}
    said = await session.scalars(select(m.OwnWord).where(m.OwnWord.navigator_id.in_(keys)))
    own = {row.navigator_id: row for row in said}
    living = select(m.Navigator.id).where(m.Navigator.id.in_(keys)).order_by(m.Navigator.id)
    still = set(await session.scalars(living.with_for_update(read=True, key_share=True)))  # an erasure waits for us
    told = 0  # mails
    for bare in sorted(people, key=lambda one: one.id):
        person = who.with_own(bare, own[bare.id]) if bare.id in own else bare
        email = person.shown.email
        if email is None or person.id not in still:
            continue
        address = digest(runtime.settings, email)
        if known.get(person.id) == address:
            continue
        done = await session.execute(
            upsert(m.Told)
            .values(navigator_id=person.id, ags=person.ags, address=address)
            .on_conflict_do_update(index_elements=["navigator_id"], set_={"address": address})
            .returning(m.Told.navigator_id)
        )
        if done.first() is not None and person.id not in known:
            told += await notice(session, runtime, person)
    return told


async def notice(session: Writer, runtime: Runtime, person: Person) -> bool:
    """The notice itself; False where it went out before, or the address can get no mail."""
    email, language = person.shown.email or "", await who.language_of(session, person)
    with i18n.speaking(language):
        fields, periods = about(person), {"stale": in_words(HIDE_AFTER), "left": in_words(LEFT_AFTER)}
    try:
        return await mail.send(
            session, runtime.outbox, "notice", to=email, language=language, key=f"notice:{person.id}",
            name=person.shown.name, city=person.city, fields=fields,
            settings=runtime.settings, link=runtime.settings.issuer + who.link(runtime.settings, person.id, email),
            **periods,
        )  # fmt: skip
    except Refused:
        return False


def about(person: Person) -> list[tuple[str, str, str]]:
    """Of each field that holds something: its name, who sees it, and on which ground."""
    audiences, has = choices(person), words.filled(person.shown)
    return [
        (words.field_name(name), words.audience_name(audiences[name].sees), words.basis_name(FIELDS[name].basis))
        for name in FIELDS
        if name in has and audiences[name].sees < Audience.PRIVATE
    ]


# A new link -------------------------------------------------------------------------------------------------------


async def _send_link(session: Writer, runtime: Runtime, address: str) -> None:
    for person in await who.at_address(session, runtime.settings, address):
        link = runtime.settings.issuer + who.link(runtime.settings, person.id, address)
        stamp = datetime.now(UTC).strftime("%Y%m%d%H%M")
        await mail.send(
            session, runtime.outbox, "personal_link", to=address, language=i18n.language(),
            key=f"mine:{person.id}:{stamp}:{uuid.uuid4().hex[:8]}", name=person.shown.name,
            city=person.city.name, withdrawn=person.withdrawn, link=link, days=who.LINK_LIFE.days,
        )  # fmt: skip


wanted = ByMail("personal-link", "personal links", _send_link)
"""Their own link for whoever is published with the address, or was."""
