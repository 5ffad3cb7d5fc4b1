"""How the vocabulary grows: cities propose topics, central navigators accept, merge and decline."""

import re
import uuid
from collections.abc import Sequence
from functools import partial

import msgspec
from sqlalchemy import func, select, update

from services.contracts.directory import TopicMerged
from services.directory import access, audit, contacts, publishing, topics
from services.directory.models import Navigator, Partnership, Project, Topic, TopicProposal
from services.kit import jobs
from services.kit.auth import Principal
from services.kit.checks import Checks
from services.kit.db import HUB, Reader, Writer
from services.kit.errors import Conflict, Forbidden, NotFound, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.jobs import Job, Run
from services.kit.messages import Message
from services.kit.service import Runtime
from services.kit.text import folded

MOST_OPEN = 20
"""Proposals of one city that wait at a time."""
MOST_SYNONYMS = 10
LONGEST_LABEL, LONGEST_SYNONYM, LONGEST_REASON = 80, 60, 500
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_CODE = 50
RESERVED = frozenset({"proposals", "merge"})
"""Pages beside those of the topics."""
OPEN, ACCEPTED, MERGED, DECLINED = "OPEN", "ACCEPTED", "MERGED", "DECLINED"
ACCEPT, MERGE, DECLINE = "ACCEPT", "MERGE", "DECLINE"
CITIES_AT_ONCE = 50


async def seed(session: Writer, runtime: Runtime) -> list[Message]:
    """Bring the stored vocabulary up to the seed; returns what to say."""
    arranged = await topics.seed(session)
    await _have_moved(session, runtime, arranged.moved)
    return arranged.said


class Proposal(msgspec.Struct, frozen=True):
    """What a city proposes; `parent` is the code that it shall stand below, None for a new field."""

    de: str
    en: str
    parent: str | None = None
    synonyms: tuple[str, ...] = ()
    reason: str = ""


async def propose(session: Writer, who: Principal, proposal: Proposal) -> TopicProposal:
    """Store the proposal of the asker's city. Raises Refused with what is wrong, Conflict where too many wait."""
    ags = access.own_city(who)
    waiting = (TopicProposal.ags == ags, TopicProposal.status == OPEN)
    labels = (await session.scalars(select(TopicProposal.de).where(*waiting))).all()
    if len(labels) >= MOST_OPEN:
        raise Conflict(_("{most} topics of your city wait for a decision already.", most=MOST_OPEN))
    clean = await _checked(session, proposal, {folded(label) for label in labels})
    row = TopicProposal(
        id=uuid.uuid4(),
        ags=ags,
        de=clean.de,
        en=clean.en,
        parent=clean.parent,
        synonyms=list(clean.synonyms),
        reason=clean.reason,
        by=who.subject,
    )
    session.add(row)
    await session.flush()
    await audit.note(session, who.subject, "topic.proposed", str(row.id), org=ags)
    return row


async def _checked(session: Reader, said: Proposal, waiting: set[str]) -> Proposal:
    checks = Checks()
    if len(said.synonyms) > MOST_SYNONYMS:
        checks.add("", "synonyms", _("At most {most} entries here, please.", most=MOST_SYNONYMS))
    clean = Proposal(
        de=checks.text("", "de", said.de, LONGEST_LABEL),
        en=checks.text("", "en", said.en, LONGEST_LABEL),
        parent=said.parent or None,
        synonyms=tuple(
            dict.fromkeys(checks.text("", "synonyms", word, LONGEST_SYNONYM) for word in said.synonyms[:MOST_SYNONYMS])
        ),
        reason=checks.text("", "reason", said.reason, LONGEST_REASON, required=False),
    )
    known = await topics.tree(session)
    names = {folded(word): topic for topic in known for word in (topic.en, *topic.synonyms, topic.de)}
    for field, label in (("de", clean.de), ("en", clean.en)):
        if (same := names.get(folded(label))) is not None:
            message = _("The vocabulary has this already: {label} ({code}).", label=same.de, code=same.code)
            checks.add("", field, message)
    if folded(clean.de) in waiting:
        checks.add("", "de", _("Your city has proposed this already."))
    _check_parent(checks, {topic.code: topic for topic in known}, clean.parent)
    checks.done(_("The topic was not proposed. Please correct the fields named."))
    return clean


def _check_parent(checks: Checks, known: dict[str, Topic], parent: str | None) -> None:
    if parent is None:
        return
    above = known.get(parent)
    if above is None:
        checks.add("", "parent", _("The topic „{code}“ is not in the vocabulary.", code=parent[:60]))
    elif len(above.path) >= topics.DEEPEST:
        checks.add("", "parent", _("Below this topic there can be no further one. Choose the one above it."))


async def listed(
    session: Reader, limit: int, *, before: tuple[object, uuid.UUID] | None = None, status: str | None = None
) -> list[TopicProposal]:
    """The proposals that the session may see, newest first."""
    query = select(TopicProposal).order_by(TopicProposal.at.desc(), TopicProposal.id.desc()).limit(limit)
    if status is not None:
        query = query.where(TopicProposal.status == status)
    if before is not None:
        at, last = before
        query = query.where((TopicProposal.at < at) | ((TopicProposal.at == at) & (TopicProposal.id < last)))
    return list((await session.scalars(query)).all())


class Decision(msgspec.Struct, frozen=True):
    """`step` is ACCEPT as the new `code` (made from the English label if empty) below `parent` (as proposed if None),
    MERGE as a synonym of `code`, or DECLINE; the city reads the `answer`.
    """

    step: str
    code: str = ""
    parent: str | None = None
    answer: str = ""


async def decide(
    session: Writer, runtime: Runtime, who: Principal, proposal_id: uuid.UUID, decision: Decision
) -> tuple[TopicProposal, list[Message]]:
    """Decide about a proposal and tell its city; returns what to say. The session acts for the hub.

    Raises NotFound, also for what is no business of the asker; Conflict where it was decided already; Refused.
    """
    row = await session.get(TopicProposal, proposal_id, with_for_update=True)
    if row is None or not access.may_decide_topics(who, row.ags):
        raise NotFound(_("There is no such proposal."))
    if row.status != OPEN:
        raise Conflict(_("This proposal was decided already."))
    checks = Checks()
    answer = checks.text("", "answer", decision.answer, LONGEST_REASON, required=decision.step == DECLINE)
    await topics.take_turn(session)
    known = {topic.code: topic for topic in await topics.tree(session)}
    if decision.step == ACCEPT:
        row.parent = row.parent if decision.parent is None else decision.parent or None
        row.code, row.status = await _new_code(session, checks, decision.code or slug(row.en)), ACCEPTED
        _check_parent(checks, known, row.parent)
        if len(known) >= topics.MOST:
            raise Conflict(
                _("The vocabulary is full: at most {most} topics. Please merge some first.", most=topics.MOST)
            )
    elif decision.step == MERGE:
        row.code, row.status = decision.code, MERGED
        if decision.code not in known:
            checks.add("", "code", _("The topic „{code}“ is not in the vocabulary.", code=decision.code[:60]))
    else:
        row.status = DECLINED
    checks.done(_("This was not decided. Please correct the fields named."))
    row.answer, row.decided_by, row.decided_at = answer, who.subject, func.now()
    await session.flush()
    await session.refresh(row)
    arranged = await topics.arrange(session)
    await audit.note(session, who.subject, f"topic.{row.status.lower()}", str(row.id), org=row.ags, code=row.code or "")
    await contacts.write(
        session,
        runtime,
        row.ags,
        "topic",
        key=f"topic:{row.id}",
        topic=row.de,
        status=row.status,
        answer=row.answer,
        other=known[row.code].de if row.status == MERGED and row.code else "",
        link=f"{runtime.settings.issuer}/topics/{row.code}" if row.code else "",
    )
    await _have_moved(session, runtime, arranged.moved)
    return row, arranged.said


async def _new_code(session: Reader, checks: Checks, code: str) -> str:
    if not CODE.fullmatch(code) or len(code) > LONGEST_CODE or code in RESERVED:
        message = _("A code has up to {most} small letters (no umlauts), digits and dashes.", most=LONGEST_CODE)
        checks.add("", "code", message)
    elif await session.get(Topic, code) is not None:  # merged ones as well: a code means one thing for ever
        checks.add("", "code", _("The code „{code}“ is taken. Please choose another.", code=code))
    return code


def slug(label: str) -> str:
    """A code made from an English label."""
    return re.sub(r"[^a-z0-9]+", "-", folded(label)).strip("-")[:LONGEST_CODE].strip("-")


async def merge(session: Writer, runtime: Runtime, who: Principal, code: str, into: str) -> tuple[Topic, list[Message]]:
    """What stands under `code` stands under `into` from now on, the topics below it too; returns what to say.

    What was published is moved by a job, city by city. The session acts for the hub. Raises Forbidden, Refused.
    """
    if not access.may_decide_topics(who):
        raise Forbidden(_("Central navigators and operators merge topics."))
    await topics.take_turn(session)
    known = {topic.code: topic for topic in await topics.tree(session)}
    problems = [
        Problem(_("The topic „{code}“ is not in the vocabulary.", code=value[:60]), field=field)
        for field, value in (("code", code), ("into", into))
        if value not in known
    ]
    if not problems and code in known[into].path:
        problems.append(Problem(_("A topic cannot be merged into one below it, or into itself."), field="into"))
    if not problems:
        height = max(len(topic.path) - len(known[code].path) for topic in known.values() if code in topic.path)
        if len(known[into].path) + height > topics.DEEPEST:
            problems.append(Problem(_("The topics below it would stand too deep. Merge those first."), field="code"))
    if problems:
        raise Refused(_("The topics were not merged."), problems)
    leading = (Topic.code == code) | (Topic.merged_into == code)
    await session.execute(update(Topic).where(leading).values(merged_into=into, changed_at=func.clock_timestamp()))
    shared = update(Partnership).where(Partnership.topics.contains([code]))
    await session.execute(shared.values(topics=func.array_replace(Partnership.topics, code, into)))
    arranged = await topics.arrange(session)
    state = min(who.where(access.CENTRAL), default=None)
    await audit.note(session, who.subject, "topics.merged", code, org=state, into=into)
    await _have_moved(session, runtime, [code, *arranged.moved])
    kept = await topics.living(session, into)
    assert kept is not None
    return kept, [*arranged.said, TopicMerged(code=code, into=into)]


# What cities published follows --------------------------------------------------------------------------------------


class Moved(msgspec.Struct, frozen=True):
    """Topics that were merged, or stand elsewhere in the tree."""

    topics: tuple[str, ...]


async def _have_moved(session: Writer, runtime: Runtime, codes: Sequence[str]) -> None:
    if codes:
        await jobs.enqueue(session, runtime.queue, job(runtime), Moved(tuple(dict.fromkeys(codes))))


def job(runtime: Runtime) -> Job:
    return Job("move topics", Moved, partial(_move, runtime))


async def _move(runtime: Runtime, run: Run, moved: Moved) -> None:
    """Each city in a unit of work of its own. Done twice it changes nothing more."""
    by = publishing.Publisher("hub", runtime.settings.derived("identities"), runtime.memory)
    after, codes = "", list(moved.topics)
    while True:
        async with run.db.read(HUB) as session:
            cities = await _cities_with(session, codes, after)
        for after in cities:
            async with run.db.begin(HUB) as session:
                await runtime.say(session, await publishing.republish(session, by, after, codes))
        if len(cities) < CITIES_AT_ONCE:
            break
    async with run.finish():
        pass


async def _cities_with(session: Reader, codes: list[str], after: str) -> list[str]:
    people = select(Navigator.ags).where(
        Navigator.offers.overlap(codes) | Navigator.seeks.overlap(codes) | Navigator.works_on.overlap(codes)
    )
    projects = select(Project.ags).where(Project.topics.overlap(codes))
    both = people.where(Navigator.ags > after).union(projects.where(Project.ags > after)).subquery()
    return list((await session.scalars(select(both.c.ags).order_by(both.c.ags).limit(CITIES_AT_ONCE))).all())


async def left_behind(session: Writer, runtime: Runtime) -> None:
    """Have moved what a city published with the vocabulary of a moment before a merge."""
    gone = list((await session.scalars(select(Topic.code).where(Topic.merged_into.is_not(None)))).all())
    if gone and await _cities_with(session, gone, ""):
        await _have_moved(session, runtime, gone)
