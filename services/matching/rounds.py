"""Plans of rounds: asked for, computed, looked at, confirmed."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql

from services.contracts.matching import RoundsConfirmed, TablePlanned
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Refused
from services.kit.errors import Problem as Complaint
from services.kit.i18n import gettext as _
from services.matching import kinds, wording
from services.matching.models import Event, Navigator, Plan, Topic
from services.matching.question import Person, Question

MOST_PLANS = 50
ABSENT = -1
"""The table of who has none in a round."""


async def question(session: Reader, event: Event, wanted: Question) -> Question:
    """What to ask the solver for this event: what is `wanted`, and topics and people as matching knows them now.

    Of the people, `wanted` names those of whom more is said than what they published: their rounds, tables and kinds.
    Raises Refused for those who do not take part, and for kinds that nobody has published.
    """
    topics = (await session.execute(select(Topic.code, Topic.parent).order_by(Topic.code))).all()
    people = await participants(session, event, {code for code, _parent in topics}, wanted.published)
    said = {one.id: one for one in wanted.people}
    if strangers := sorted(said.keys() - {one.id for one in people}):
        raise Refused(
            _("The rounds cannot be planned like this."),
            [
                Complaint(_("The person is not among the participants."), row=f"participants[{one}]")
                for one in strangers
            ],
        )
    if unknown := sorted(wanted.published.difference(*(one.kinds for one in people))):
        raise Refused(
            _("The rounds cannot be planned like this."),
            [
                Complaint(_("No participant has published this: {kind}", kind=wording.kind(one)), field="mixing")
                for one in unknown
            ],
        )
    return msgspec.structs.replace(
        wanted,
        topics=tuple((code, parent) for code, parent in topics),
        people=tuple(
            msgspec.structs.replace(
                p, rounds=said[p.id].rounds, tables=said[p.id].tables, kinds={**p.kinds, **said[p.id].kinds}
            )
            if p.id in said
            else p
            for p in people
        ),
    )


async def participants(session: Reader, event: Event, topics: Collection[str], mixed: Collection[str]) -> list[Person]:
    """Who takes part, with those of their topics that are among `topics`: one that was merged away counts no more; and
    with the kinds that are `mixed`, as far as they published them.
    """
    day = event.date or dt.datetime.now(dt.UTC).date()
    rows = await session.scalars(select(Navigator).where(Navigator.id.in_(event.participants)).order_by(Navigator.id))
    return [
        Person(
            id=str(p.id),
            city=p.ags,
            offers=tuple(t for t in p.offers if t in topics),
            seeks=tuple(t for t in p.seeks if t in topics),
            works_on=tuple(t for t in p.works_on if t in topics),
            kinds=dict(kinds.of(p, mixed, day)),
        )
        for p in rows
    ]


async def ask(session: Writer, event: Event, asked: Question, **values: Any) -> Plan:
    """A new plan of these `values`, without an answer unless they name one; the oldest finished one that nobody
    confirmed, and that is not the new one's parent, makes room for it.
    """
    plans = (
        await session.scalars(select(Plan).where(Plan.event_id == event.id).order_by(Plan.created_at, Plan.id))
    ).all()
    if len(plans) >= MOST_PLANS:
        oldest = next((p for p in plans if _makes_room(p) and p.id != values.get("parent")), None)
        if oldest is None:
            raise Conflict(_("{most} plans of this event wait to be computed. Please wait for them.", most=MOST_PLANS))
        await session.execute(delete(Plan).where(Plan.id == oldest.id))
    plan_id = uuid.uuid4()
    await session.execute(
        insert(Plan).values(id=plan_id, event_id=event.id, question=msgspec.to_builtins(asked), **values)
    )
    return (await session.scalars(select(Plan).where(Plan.id == plan_id))).one()


def _makes_room(plan: Plan) -> bool:
    return plan.confirmed_at is None and (plan.answer is not None or plan.cancelled_at is not None)


async def cancel(session: Writer, plan: Plan) -> None:
    """End the search; what it has found so far becomes the answer. Raises Conflict where there is one already."""
    if plan.answer is not None:
        raise Conflict(_("This plan is finished already."))
    await session.execute(
        update(Plan).where(Plan.id == plan.id, Plan.cancelled_at.is_(None)).values(cancelled_at=sql.now())
    )


async def event_by_id(session: Reader, event_id: uuid.UUID) -> Event | None:
    return (await session.scalars(select(Event).where(Event.id == event_id))).one_or_none()


async def plan_by_id(session: Reader, plan_id: uuid.UUID) -> Plan | None:
    return (await session.scalars(select(Plan).where(Plan.id == plan_id))).one_or_none()


async def plans_by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Plan | None]:
    rows = {row.id: row for row in (await session.scalars(select(Plan).where(Plan.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def plans_of_events(session: Reader, keys: Sequence[uuid.UUID]) -> list[list[Plan]]:
    found: dict[uuid.UUID, list[Plan]] = {key: [] for key in keys}
    for plan in await session.scalars(
        select(Plan).where(Plan.event_id.in_(keys)).order_by(Plan.created_at.desc(), Plan.id)
    ):
        found[plan.event_id].append(plan)
    return [found[key] for key in keys]


async def events_by_id(session: Reader, keys: Sequence[uuid.UUID]) -> list[Event | None]:
    rows = {row.id: row for row in (await session.scalars(select(Event).where(Event.id.in_(keys)))).all()}
    return [rows.get(key) for key in keys]


async def confirm(session: Writer, plan: Plan, *, despite_broken_rules: bool = False) -> RoundsConfirmed:
    """Make this the event's plan; the caller says the message.

    Raises Conflict while it has no answer, and where it breaks hard rules and nobody said that this is wanted.
    """
    if plan.answer is None:
        raise Conflict(_("This plan is not finished yet."))
    if (broken := plan.answer.get("broken", 0)) and not despite_broken_rules:
        raise Conflict(
            _("The plan breaks hard rules ({broken}). Confirm it with „despiteBrokenRules“ if you want it so.",
              broken=broken)
        )  # fmt: skip
    await session.execute(
        update(Plan).where(Plan.event_id == plan.event_id, Plan.confirmed_at.is_not(None)).values(confirmed_at=None)
    )
    await session.execute(update(Plan).where(Plan.id == plan.id).values(confirmed_at=sql.now()))
    return RoundsConfirmed(event=str(plan.event_id), plan=str(plan.id), tables=tuple(seating(plan)))


async def confirmed_if_wanted(session: Writer, plan_id: uuid.UUID) -> list[RoundsConfirmed]:
    """Make a plan that was `wanted` the event's, and what to say of it.

    Not one that breaks hard rules or changes more seats than were allowed, and not where the event goes by another plan
    than its parent by now: then somebody has to look.
    """
    plan = await session.get(Plan, plan_id, populate_existing=True)
    if plan is None or not plan.wanted or plan.answer is None or plan.answer.get("broken", 0):
        return []
    if "day" in plan.answer and wording.exceeded(plan.question["day"], plan.answer["day"]):
        return []
    parent = select(Plan.id).where(Plan.id == plan.parent, Plan.confirmed_at.is_not(None)).with_for_update()
    return [await confirm(session, plan)] if await session.scalar(parent) is not None else []


async def about(session: Reader, navigator_id: uuid.UUID) -> dict[str, Any]:
    """Everything that is held about one person, as JSON: what they published, and where plans seat them.

    Of rules about two people, how many there are: with whom, is said about the other too.
    """
    person, key = await session.get(Navigator, navigator_id), str(navigator_id)
    plans = await session.scalars(
        select(Plan).where(Plan.question["people"].contains([{"id": key}])).order_by(Plan.created_at, Plan.id)
    )
    return {
        "topics": {"offers": person.offers, "seeks": person.seeks, "worksOn": person.works_on} if person else None,
        "name": person.name if person else None,
        "department": person.department if person else None,
        "languages": person.languages if person else None,
        "since": person.since.isoformat() if person and person.since else None,
        "plans": [
            {
                "id": str(plan.id),
                "event": str(plan.event_id),
                "asked": next(one for one in plan.question["people"] if one["id"] == key),
                "hosts": any(one["id"] == key for one in plan.question.get("hosts", ())),
                "pinned": navigator_id in plan.pinned,
                "rules": {
                    name: sum(key in (two["one"], two["other"]) for two in plan.question.get(name, ()))
                    for name in ("must", "never", "earlier")
                },
                "seats": [
                    {"round": table.round, "table": table.table, "topic": table.topic}
                    for table in seating(plan, so_far=True)
                    if key in table.navigators
                ],
                "gets": _points(plan, key),
            }
            for plan in plans
        ],
    }


def _points(plan: Plan, key: str) -> float | None:
    """What the plan gives the person, in points; None where that is not known."""
    answer = plan.answer or {}
    points = answer.get("trade_offs", {}).get("points")
    return points[answer["keys"].index(key)] if points and key in answer["keys"] else None


def preliminary(plan: Plan) -> bool:
    """Whether the search goes on, or ended without an answer, and there is a best so far."""
    return plan.answer is None and plan.best is not None and "table_topics" in plan.best


def seating(plan: Plan, *, so_far: bool = False) -> list[TablePlanned]:
    """Who sits where, table by table, without those who are not there; empty while the plan has no answer. With
    `so_far`, the best so far in its place.
    """
    found = plan.best if so_far and preliminary(plan) else plan.answer
    if found is None:
        return []
    people: list[str] = found["keys"]
    topics: list[str | None] = found["table_topics"]
    out: list[TablePlanned] = []
    for number, seats in enumerate(found["plan"], start=1):
        tables: list[list[str]] = [[] for _topic in topics]
        for person, seat in zip(people, seats, strict=True):
            if seat != ABSENT:
                tables[seat].append(person)
        out += [
            TablePlanned(round=number, table=t, topic=topic or "", navigators=tuple(members))
            for t, (topic, members) in enumerate(zip(topics, tables, strict=True), start=1)
        ]
    return out
