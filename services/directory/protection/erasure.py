"""Erasing a person: what the hub holds of them goes, everywhere, in one unit of work; a tombstone stays.

The others hear it (`NavigatorErased`) and do the same. What has a table of its own elsewhere in the directory adds a
function to `erasers`.
"""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Text, Uuid, and_, any_, cast, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert

from services.contracts.directory import NavigatorErased
from services.directory import audit, people, publishing, register, store
from services.directory import models as m
from services.directory.batch import Batch, write
from services.directory.finding import dictionary
from services.directory.finding.terms import known
from services.directory.protection.own import Desk
from services.directory.protection.person import Person
from services.directory.snapshot import Identities, diff, telling, without
from services.kit import log, mail, naming
from services.kit.db import Writer
from services.kit.messages import Message


@dataclass(frozen=True)
class Gone:
    """Who is erased: `key` as the city called the row, `words` what a text about the person may hold."""

    id: uuid.UUID
    ags: str
    key: str
    words: tuple[str, ...]


Eraser = Callable[[Writer, Gone], Awaitable[None]]


async def erase(
    session: Writer, desk: Desk, person: Person, *, actor: str, account: m.Account | None = None
) -> list[Message]:
    """Erase the person, and their account too if given. `person` was found with `lock`; returns what is to be said."""
    kept = await store.forget_navigator(session, person.ags, person.row.key, [person.row, person.shown])
    gone = Gone(person.id, person.ags, person.row.key, tuple(sorted(telling(kept))))
    messages = await _published(session, desk, person)
    await session.execute(upsert(m.Erased).values(navigator_id=gone.id, ags=gone.ags).on_conflict_do_nothing())
    await dictionary.forget(session, [gone.id], await known(session, desk.memory))
    await write(session, Batch(gone_navigators=[gone.id]))
    await session.execute(update(m.Navigator).where(m.Navigator.mentor == gone.id).values(mentor=None))
    one, projects = literal(gone.id, Uuid), m.Project.navigators
    works = update(m.Project).where(m.Project.ags == gone.ags, one == any_(projects))
    await session.execute(works.values(navigators=func.array_remove(projects, one)))
    for eraser in erasers:
        await eraser(session, gone)
    if account is not None:
        messages += await people.end_sessions(session, account.id)
        await session.execute(delete(m.Account).where(m.Account.id == account.id))
        await audit.note(session, actor, "account.erased", str(account.id), org=gone.ags)
    await audit.note(session, actor, "entry.erased", str(gone.id), org=gone.ags)
    await log.forget(session, m.Base.metadata, str(gone.id))
    key = desk.settings.derived(naming.KEY)
    words = [one for word in gone.words if naming.alone(word) for one in naming.sealed(word, key)]
    return [*messages, NavigatorErased(id=str(gone.id), ags=gone.ags, words=tuple(words))]


async def _published(session: Writer, desk: Desk, person: Person) -> list[Message]:
    """Write again what the city's texts said of the person; returns what is to be said of the rest."""
    stored = await store.read(session, person.ags)
    assert stored.snapshot is not None
    assert person.stored.snapshot is not None
    change = diff(without(person.stored.snapshot, (person.row.key,)), stored.snapshot)
    if not change:
        return []
    place = await session.get(m.Municipality, person.ags)
    entry = None
    if place is not None and not place.ended:
        entry = register.Entry(**{field.name: getattr(place, field.name) for field in fields(register.Entry)})
    batch, said = Batch(), list[Message]()
    ids = Identities(desk.settings.derived("identities"), person.ags)
    publishing.plan(
        batch, said, ids, stored.snapshot, change, stored, await store.vocabulary(session, desk.memory), entry
    )
    await write(session, batch)
    if change.city_changed:  # who reads the log from its beginning hears of the city as it is now
        await log.forget(session, m.Base.metadata, person.ags)
    return said


# What else holds something ----------------------------------------------------------------------------------------


async def _said(session: Writer, gone: Gone) -> None:
    for model in (m.OwnWord, m.Told):
        await session.execute(delete(model).where(model.navigator_id == gone.id))


async def _ideas(session: Writer, gone: Gone) -> None:
    """Ideas that were proposed to cities: nobody who cares for them."""
    of = m.ProposedProject
    one = literal(gone.id, Uuid)
    cared = update(of).where(of.ags == gone.ags, one == any_(of.navigators))
    await session.execute(cared.values(navigators=func.array_remove(of.navigators, one)))


async def _named(session: Writer, gone: Gone) -> None:
    """What people of their city, or to it, wrote and where they may be named."""
    write = naming.rewriting(dict.fromkeys(gone.words, naming.GONE))
    projects = select(m.Project.id).where(m.Project.ags == gone.ags)
    partner = m.ProjectPartner
    places: tuple[tuple[Any, tuple[str, ...], ColumnElement[bool]], ...] = (
        (m.ProposedProject, ("title", "summary", "event_title"), m.ProposedProject.ags == gone.ags),
        (m.Partnership, ("note",), or_(m.Partnership.ags == gone.ags, m.Partnership.other == gone.ags)),
        (partner, ("note",), or_(partner.ags == gone.ags, partner.project_id.in_(projects))),
        (m.Circular, ("subject", "text"), m.Circular.state == gone.ags[:2]),
        (m.TopicProposal, ("de", "en", "synonyms", "reason", "answer"), m.TopicProposal.ags == gone.ags),
        (m.Candidate, ("department", "nominator", "words", "answer"), m.Candidate.ags == gone.ags),
        (m.NavigatorCall, ("words",), m.NavigatorCall.ags == gone.ags),
        (m.OwnWord, ("corrections", "objection"), m.OwnWord.ags == gone.ags),
        (m.SelfAssessment, ("notes",), m.SelfAssessment.ags == gone.ags),
        (m.SharedAssessment, ("notes",), m.SharedAssessment.ags == gone.ags),
        (m.Harvest, ("problem",), and_(m.Harvest.ags == gone.ags, m.Harvest.problem.is_not(None))),
    )
    for model, columns, where in places:
        await naming.rewrite(session, model, columns, write, where)


async def _drafts(session: Writer, gone: Gone) -> None:
    """Uploads that wait for a yes: whoever sent one sends the file again."""
    await session.execute(delete(m.Draft).where(m.Draft.ags == gone.ags))


async def _answers(session: Writer, gone: Gone) -> None:
    """Remembered answers to idempotency keys that name the person."""
    answer, needles = cast(m.Once.answer, Text), [f"%{_like(word)}%" for word in (str(gone.id), *gone.words)]
    of_city = m.Once.client.in_(select(m.Client.client_id).where(m.Client.ags == gone.ags))
    by_key = and_(of_city, answer.contains(f'"{gone.key}"', autoescape=True))
    await session.execute(delete(m.Once).where(or_(by_key, answer.like(any_(literal(needles, ARRAY(Text)))))))


async def _mails(session: Writer, gone: Gone) -> None:
    """Mails to the person that wait are not sent any more; whom a mail is about stands in its key."""
    await mail.take_back(session, m.Base.metadata, str(gone.id))


async def _candidates(session: Writer, gone: Gone) -> None:
    """How they became a navigator, or had been asked before."""
    of = m.Candidate
    by_address = func.lower(of.email).in_([word.lower() for word in gone.words if "@" in word])
    rows = await session.scalars(
        delete(of).where(of.ags == gone.ags, or_(of.key == gone.key, by_address)).returning(of.id)
    )
    for key in rows.all():
        await mail.take_back(session, m.Base.metadata, str(key))


async def _assessments(session: Writer, gone: Gone) -> None:
    for model in (m.SelfAssessment, m.SharedAssessment):
        await session.execute(delete(model).where(model.navigator_id == gone.id))


def _like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


erasers: list[Eraser] = [_said, _ideas, _named, _drafts, _answers, _mails, _candidates, _assessments]
"""Whatever holds something of people beside the publications themselves."""
