"""Agendas changed by hand: sessions moved, exchanged, left out, pinned; and what that does to the figures."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import update

from services.events.models import AgendaPlan
from services.events.openspace import solving
from services.events.openspace.planning import agenda
from services.events.openspace.question import Place, Question, placed
from services.kit.db import Writer
from services.kit.errors import Conflict, Problem, Refused
from services.kit.i18n import gettext as _

MOST_CHANGES: Final = 100


class Change(msgspec.Struct, frozen=True):
    """One change to a session (topic and part). `move`: to a slot and room, None to leave it out. `swap`: with the
    session `other`. `pin`, `unpin`: later plans keep its place, or may change it again.
    """

    kind: Literal["move", "swap", "pin", "unpin"]
    topic: str
    part: int = 1
    slot: str | None = None
    room: str | None = None
    other: tuple[str, int] | None = None


class Changed(msgspec.Struct, frozen=True):
    agenda: list[Place]
    pinned: frozenset[tuple[str, int]]


def changed(before: Sequence[Place], pinned: frozenset[tuple[str, int]], changes: Sequence[Change]) -> Changed:
    """The agenda after all changes in their order. Raises Refused with each that names what is not there."""
    if len(changes) > MOST_CHANGES:
        raise Refused(_("At most {most} changes at once, please.", most=MOST_CHANGES))
    at = {(place.topic, place.part): place for place in before}
    pins, problems = set(pinned), []
    for number, change in enumerate(changes):
        key = change.topic, change.part
        if key not in at or (change.kind == "swap" and change.other not in at):
            problems.append(Problem(_("This plan has no such session."), row=f"changes[{number}]"))
        elif change.kind in {"move", "swap"} and pins & {key, change.other}:
            problems.append(Problem(_("The session is pinned: take the pin out first."), row=f"changes[{number}]"))
        elif change.kind == "move":
            at[key] = Place(*key, change.slot, change.room) if change.slot and change.room else Place(*key)
        elif change.other is not None:
            one, two = at[key], at[change.other]
            at[key], at[change.other] = Place(*key, two.slot, two.room), Place(*change.other, one.slot, one.room)
        elif change.kind == "pin":
            pins.add(key)
        else:
            pins.discard(key)
    if problems:
        raise Refused(_("The plan cannot be changed like this."), problems)
    return Changed(list(at.values()), frozenset(pins))


def pins(answer: Mapping[str, Any] | None) -> frozenset[tuple[str, int]]:
    return frozenset((topic, part) for topic, part in (answer or {}).get("pinned", ()))


def after(plan: AgendaPlan, changes: Sequence[Change]) -> Changed:
    """A draft's agenda after `changes`. Raises as `changed`, and Conflict while the draft is not finished."""
    asked = msgspec.convert(plan.question, Question)
    return changed(placed(asked, agenda(plan.answer)), pins(plan.answer), changes)


async def scored(plan: AgendaPlan, made: Changed) -> dict[str, Any]:
    """The answer with another agenda, its figures, and what it breaks."""
    asked = {"question": plan.question, "agenda": msgspec.to_builtins(made.agenda)}
    figures = await asyncio.to_thread(solving.score, asked)
    return {**(plan.answer or {}), **figures, "pinned": sorted(made.pinned)}


def may_change(plan: AgendaPlan, expected: int) -> None:
    """Raises Conflict for what was published, and where somebody else was quicker."""
    if plan.revision is not None:
        raise Conflict(_("This plan was published. Move its sessions on the day, or plan anew."))
    if plan.version != expected:
        raise Conflict(_("Somebody else has changed the plan meanwhile. Please look at it again."))


async def store(session: Writer, plan: AgendaPlan, answer: dict[str, Any]) -> None:
    """Keep what `scored` gave. The caller holds the plan's row."""
    by_hand = answer.get("by_hand", 0) + 1
    await session.execute(
        update(AgendaPlan)
        .where(AgendaPlan.id == plan.id)
        .values(answer={**answer, "by_hand": by_hand}, version=plan.version + 1)
    )
