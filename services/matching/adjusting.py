"""Plans changed by hand: moving, swapping, pinning, and what it does to the figures."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import update

from services.kit.db import Writer
from services.kit.errors import Conflict, Refused
from services.kit.errors import Problem as Complaint
from services.kit.heavy import heavy
from services.kit.i18n import gettext as _
from services.matching import solving
from services.matching.models import Plan
from services.matching.rounds import ABSENT

MOST_CHANGES = 100
MOST_KEPT = 500
"""So many changes are remembered; older ones are forgotten."""
MOST_AT_ONCE: Final = 1000
"""People of a plan that is scored within the request; larger ones get a process of their own."""


class Change(msgspec.Struct, frozen=True):
    """One change; rounds and tables count from 0.

    `move`: `navigators[0]` sits at `table` in `round`, None for no seat. `swap`: both change places in `round`. `pin`
    and `unpin`: their seats may not be changed, or may again.
    """

    kind: Literal["move", "swap", "pin", "unpin"]
    navigators: tuple[str, ...]
    round: int | None = None
    table: int | None = None


class Changed(msgspec.Struct, frozen=True):
    """A plan's seats and pins after some changes."""

    plan: list[list[int]]
    pinned: frozenset[str]


def changed(plan: Plan, changes: Sequence[Change]) -> Changed:
    """The seats after all changes in their order.

    Raises Conflict while the plan has no answer, and Refused with every change that names people, rounds or tables that
    are not in the plan, or moves somebody who is pinned.
    """
    if plan.answer is None:
        raise Conflict(_("This plan is not finished yet."))
    if len(changes) > MOST_CHANGES:
        raise Refused(_("At most {most} changes at once, please.", most=MOST_CHANGES))
    rows = [list(row) for row in plan.answer["plan"]]
    place = {key: at for at, key in enumerate(plan.answer["keys"])}
    pinned = {str(one) for one in plan.pinned}
    complaints: list[Complaint] = []
    for number, change in enumerate(changes):
        found = list(_wrong(change, place, pinned, len(rows), len(plan.answer["table_topics"])))
        complaints += [Complaint(message, row=f"changes[{number}]") for message in found]
        if not found:
            _apply(change, rows, place, pinned)
    if complaints:
        raise Refused(_("The plan cannot be changed like this."), complaints)
    return Changed(rows, frozenset(pinned))


def _wrong(change: Change, place: dict[str, int], pinned: set[str], rounds: int, tables: int) -> Iterator[str]:
    if not place.keys() >= set(change.navigators):
        yield _("The person is not in this plan.")
    if change.kind in {"pin", "unpin"}:
        return
    if change.round is None or not 0 <= change.round < rounds:
        yield _("Choose a round from 1 to {most}.", most=rounds)
    if change.table is not None and not 0 <= change.table < tables:
        yield _("Choose a table from 1 to {most}.", most=tables)
    if change.kind == "swap" and len(set(change.navigators)) < len(change.navigators):
        yield _("Two different people change places.")
    if pinned.intersection(change.navigators):
        yield _("The person is pinned: take the pin out first.")


def _apply(change: Change, rows: list[list[int]], place: dict[str, int], pinned: set[str]) -> None:
    if change.kind == "pin":
        pinned.update(change.navigators)
    elif change.kind == "unpin":
        pinned.difference_update(change.navigators)
    else:
        row, at = rows[change.round or 0], [place[one] for one in change.navigators]
        if change.kind == "move":
            row[at[0]] = ABSENT if change.table is None else change.table
        else:
            row[at[0]], row[at[1]] = row[at[1]], row[at[0]]


async def scored(plan: Plan, seats: list[list[int]]) -> dict[str, Any]:
    """The plan's answer with other seats, and its figures that follow from them."""
    answer = (plan.answer or {}) | {"plan": seats}
    asked = {"question": plan.question, "answer": {"keys": answer["keys"], "plan": seats}}
    if len(answer["keys"]) <= MOST_AT_ONCE:
        return answer | await asyncio.to_thread(solving.score, asked)
    figures: dict[str, Any] = await heavy("services.matching.solving:score", asked, _unheard)
    return answer | figures


async def _unheard(_told: Any) -> None:
    """Scoring tells nothing on its way."""


def may_change(plan: Plan, expected: int) -> None:
    """Raises Conflict for what the solver made, for what the event goes by, and where somebody else was quicker."""
    if plan.job_id is not None:
        raise Conflict(_("The solver made this plan. Please copy it and change the copy."))
    if plan.confirmed_at is not None:
        raise Conflict(_("The event goes by this plan. Please copy it and change the copy."))
    if plan.version != expected:
        raise Conflict(_("Somebody else has changed the plan meanwhile. Please look at it again."))


async def store(session: Writer, plan: Plan, changes: Sequence[Change], after: Changed, answer: dict[str, Any]) -> None:
    """Keep what `changed` and `scored` gave. The caller holds the plan's row."""
    kept = [*plan.adjustments, *(msgspec.to_builtins(change) for change in changes)][-MOST_KEPT:]
    await session.execute(
        update(Plan)
        .where(Plan.id == plan.id)
        .values(
            answer=answer,
            pinned=sorted(uuid.UUID(one) for one in after.pinned),
            adjustments=kept,
            version=plan.version + 1,
        )
    )
