"""Drafts of an open space's agenda, as its organiser sees them."""

import enum
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Self

import msgspec
import strawberry
from sqlalchemy import select
from strawberry import ID

from services.events import models as m
from services.events.openspace import adjusting, planning, solving, venue
from services.events.openspace.question import Place, Question, faults, placed, reasons
from services.events.openspace.venue import Venue
from services.kit import jobs
from services.kit.db import Reader
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext


@strawberry.enum
class OpenSpacePlanState(enum.Enum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@strawberry.type(description="A session of a draft. Slot and room are null for one that is left out.")
class PlannedSession:
    proposal: ID
    title: str
    part: int
    slot: ID | None
    room: ID | None
    pinned: bool
    moved: bool = strawberry.field(description="Whether it is elsewhere in the published agenda.")
    turned_away: int = strawberry.field(description="How many would come and find no seat in this room.")
    reasons: list[str] = strawberry.field(description="Why there, in sentences for people.")


@strawberry.type(description="How good an agenda is. Shares are of the wishes, by weight, that people could attend.")
class OpenSpaceQuality:
    kept: float
    random: float | None = strawberry.field(description="What random agendas that keep the rules reach in the mean.")
    upper_bound: float | None = strawberry.field(description="No agenda exceeds it.")
    worst_off: float = strawberry.field(description="The share of the person who gets the least of their wishes.")
    attended: int = strawberry.field(description="The weight of the wishes that people can attend.")
    seatless: int = strawberry.field(description="Interested people beyond the seats of the rooms.")
    turned_away: int = strawberry.field(
        description="How many would come to a session and find no seat, all sessions together: nobody attends without."
    )
    left_out: int = strawberry.field(description="Sessions that found no place.")

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        names = ("kept", "random", "upper_bound", "worst_off", "attended", "seatless", "left_out")
        found = {name: answer.get(name) for name in names}
        return cls(**found, turned_away=answer.get("turned_away", 0))  # type: ignore[arg-type]


@strawberry.type(description="With the same digest, seed, iterations and version, the same agenda comes out again.")
class OpenSpaceProvenance:
    seed: int
    iterations: int
    seconds: float
    digest: str
    version: str
    by_hand: int = strawberry.field(description="How often it was changed by hand since.")


@strawberry.type(description="A draft of the agenda.")
class OpenSpacePlan:
    id: ID
    state: OpenSpacePlanState
    percent: int
    error: str | None
    sessions: list[PlannedSession]
    quality: OpenSpaceQuality | None
    provenance: OpenSpaceProvenance | None
    broken_rules: list[str]
    parent: ID | None
    version: int = strawberry.field(description="Goes up with each change by hand; changes want to know it.")
    revision: int | None = strawberry.field(description="As which it was published last.")

    @classmethod
    def of(cls, row: m.AgendaPlan, titles: Mapping[str, str], place: Venue, job: jobs.Status | None) -> Self:
        answer = row.answer
        done = answer is not None
        state = OpenSpacePlanState.DONE if done else OpenSpacePlanState(job.state if job else "failed")
        return cls(
            id=ID(str(row.id)),
            state=OpenSpacePlanState.RUNNING if not done and state == OpenSpacePlanState.DONE else state,
            percent=100 if done else int(((job.progress if job else None) or {}).get("percent", 0)),
            error=_words(job.error) if job and not done else None,
            parent=ID(str(row.parent)) if row.parent else None,
            version=row.version,
            revision=row.revision,
            **_answered(row.question, answer, titles, place),
        )


def _words(error: str | None) -> str | None:
    if error == solving.INVALID:
        return _("What is pinned contradicts the other rules. Please take a pin out and plan again.")
    return error


def _answered(
    question: dict[str, Any], answer: dict[str, Any] | None, titles: Mapping[str, str], place: Venue
) -> dict[str, Any]:
    """The fields that follow from the answer; empty without one."""
    if answer is None:
        return {"sessions": [], "quality": None, "provenance": None, "broken_rules": []}
    asked = msgspec.convert(question, Question)
    agenda = planning.agenda(answer)
    numbers = {str(slot.id): number for number, slot in enumerate(place.slots, 1)}
    return {
        "sessions": shown(asked, agenda, answer, titles, numbers),
        "quality": OpenSpaceQuality.of(answer),
        "provenance": OpenSpaceProvenance(
            seed=asked.seed,
            iterations=answer["iterations"],
            seconds=answer["seconds"],
            digest=answer["digest"],
            version=answer["version"],
            by_hand=answer.get("by_hand", 0),
        ),
        "broken_rules": [planning.told(fault, titles, place) for fault in faults(asked, agenda)],
    }


def shown(
    asked: Question,
    agenda: Sequence[Place],
    answer: Mapping[str, Any],
    titles: Mapping[str, str],
    slots: Mapping[str, int],
) -> list[PlannedSession]:
    """By slot, those left out at the end."""
    why, pinned = reasons(asked, agenda), adjusting.pins(answer)
    full = {(topic, part): people for topic, part, people in answer.get("full", ())}
    was = {(place.topic, place.part): place for place in asked.was}
    out = []
    for place in sorted(
        placed(asked, agenda), key=lambda one: (slots.get(one.slot or "", 99), titles.get(one.topic, ""))
    ):
        key = place.topic, place.part
        reason, before = why.get(key), was.get(key)
        words = []
        for topic, people in reason.apart if reason else ():
            words.append(_apart(titles.get(topic, "…"), people))
        for topic, people in reason.beside if reason else ():
            words.append(_beside(titles.get(topic, "…"), people))
        if key in full:
            words.append(_full(full[key]))
        out.append(
            PlannedSession(
                proposal=ID(place.topic),
                title=titles.get(place.topic, "…"),
                part=place.part,
                slot=ID(place.slot) if place.slot else None,
                room=ID(place.room) if place.room else None,
                pinned=key in pinned,
                moved=before is not None and before != place,
                turned_away=full.get(key, 0),
                reasons=words,
            )
        )
    return out


def _apart(title: str, people: int) -> str:
    return ngettext(
        "Not at the same time as „{title}“: {people} person cares for both.",
        "Not at the same time as „{title}“: {people} people care for both.",
        people,
        title=title,
        people=people,
    )


def _beside(title: str, people: int) -> str:
    return ngettext(
        "At the same time as „{title}“, though {people} person cares for both.",
        "At the same time as „{title}“, though {people} people care for both.",
        people,
        title=title,
        people=people,
    )


def _full(people: int) -> str:
    return ngettext(
        "The room is full: {people} interested person finds no seat.",
        "The room is full: {people} interested people find no seat.",
        people,
        people=people,
    )


async def plans_of(session: Reader, event: m.Event, key: uuid.UUID | None = None) -> list[OpenSpacePlan]:
    """The drafts of an event, newest first, or the one with `key`."""
    query = select(m.AgendaPlan).where(m.AgendaPlan.event_id == event.id)
    query = query.where(m.AgendaPlan.id == key) if key else query
    query = query.order_by(m.AgendaPlan.created_at.desc(), m.AgendaPlan.id)
    rows = (await session.scalars(query.execution_options(populate_existing=True))).all()
    titles = await planning.titles(session, event)
    place = await venue.venue(session, event.id)
    known = await jobs.status(session, m.Base.metadata, [row.job_id for row in rows if row.job_id])
    return [OpenSpacePlan.of(row, titles, place, known.get(row.job_id) if row.job_id else None) for row in rows]
