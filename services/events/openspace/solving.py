"""What runs beside the hub: planning an open space in a process of its own, and what an agenda is worth.

Everything here is JSON in, JSON out (`kit.heavy`). An answer holds the `agenda` as `question.Place`s, the figures of
`agenda.result.Quality`, and with what it can be computed again.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from services.events.agenda import (
    OUT,
    Invalid,
    Iterations,
    Model,
    Problem,
    Progress,
    Quality,
    Result,
    Seconds,
    Stop,
    quality,
    replan,
    seating,
    turned_away,
)
from services.events.agenda import solve as search
from services.events.agenda.problem import Ints
from services.events.openspace.question import Place, Question, sessions

INVALID: Final = "invalid"
"""The reason where the question is none, such as when two pins want one room."""
Tell = Callable[[Any], Any]


class Rows:
    """The sessions in the planner's order: by topic, pinned parts first, as the planner takes pins."""

    def __init__(self, question: Question, pins: Sequence[Place]) -> None:
        held = {(place.topic, place.part): number for number, place in enumerate(pins)}
        topic = {one.id: number for number, one in enumerate(question.topics)}
        keys = [(one.id, part) for one, part in sessions(question)]
        self.keys = sorted(keys, key=lambda key: (topic[key[0]], held.get(key, len(held)), key[1]))
        self.slot = {one: number for number, one in enumerate(question.slots)}
        self.room = {one.id: number for number, one in enumerate(question.rooms)}
        self.question = question

    def plan(self, agenda: Sequence[Place]) -> Ints:
        """n×2: slot and room, OUT where a session is left out or its place is not there any more."""
        there = {(place.topic, place.part): place for place in agenda}
        plan = np.full((len(self.keys), 2), OUT, dtype=np.int32)
        for row, key in enumerate(self.keys):
            place = there.get(key)
            if place is not None and place.slot in self.slot and place.room in self.room:
                plan[row] = self.slot[place.slot], self.room[place.room]
        return plan

    def agenda(self, plan: Ints) -> list[Place]:
        slots, rooms = self.question.slots, self.question.rooms
        return [
            Place(*key) if slot == OUT else Place(*key, slots[slot], rooms[room].id)
            for key, (slot, room) in zip(self.keys, plan.tolist(), strict=True)
        ]


def solve(asked: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Answer a question; `{"failed": reason}` where it is none.

    With a budget of iterations, or none, the same question gets the same answer on every machine.
    """
    question = msgspec.convert(asked, Question)
    try:
        return _solved(question, tell)
    except Invalid:
        return {"failed": INVALID}


def _solved(question: Question, tell: Tell) -> dict[str, Any]:
    again = question.most_moved is not None
    pins = () if again else _pins(question)
    rows = Rows(question, pins)
    model = _model(question, pins)

    def on_progress(now: Progress) -> None:
        tell({"percent": round(100 * now.fraction)})

    if question.most_moved is not None:
        problem = model.problem()
        made = replan(
            problem, rows.plan(question.was), over=question.frozen, most_moves=question.most_moved,
            stop=_stop(question), seed=question.seed,
        )  # fmt: skip
        result = made.result
    else:
        for slot in question.frozen:
            model.freeze(slot)
        problem = model.problem()
        result = search(problem, _stop(question), question.seed, on_progress)
    return {
        "agenda": msgspec.to_builtins(rows.agenda(result.plan)),
        "pinned": [[place.topic, place.part] for place in question.pinned],
        **_figures(result.quality),
        "full": _full(problem, rows, result.plan),
        **_provenance(result),
    }


def _pins(question: Question) -> tuple[Place, ...]:
    """What the organiser pinned, and what is running or over."""
    pinned = {(place.topic, place.part): place for place in question.pinned}
    there = {(topic.id, part) for topic, part in sessions(question)}
    held = {
        (place.topic, place.part): place
        for place in question.was
        if place.slot in question.frozen and (place.topic, place.part) in there
    }
    return tuple((pinned | held).values())


def _model(question: Question, pins: Sequence[Place]) -> Model:
    model = Model(hosting=True, seated=True)
    for slot in question.slots:
        model.slot(slot)
    for room in question.rooms:
        model.room(room.id, room.capacity, room.features)
    for topic in question.topics:
        model.topic(
            topic.id, conveners=map(str, topic.conveners), needs=topic.needs, times=topic.times, required=topic.required
        )
    wishes: dict[int, dict[str, int]] = {number: {} for number in range(question.people)}
    for person, number, weight in question.wishes:
        wishes[person][question.topics[number].id] = weight
    for person, mine in wishes.items():
        model.person(str(person), wishes=mine)
    closed: dict[str, list[str]] = {}
    for where, when in question.closed:
        closed.setdefault(where, []).append(when)
    for where, slots in closed.items():
        model.closed(where, slots)
    away: dict[int, set[str]] = {}
    for person, when in question.away:
        away.setdefault(person, set()).add(when)
    for person, missed in away.items():
        model.available(str(person), [slot for slot in question.slots if slot not in missed])
    for pin in pins:
        model.pin(pin.topic, pin.slot, pin.room)
    return model


def _stop(question: Question) -> Stop | None:
    if question.iterations is not None:
        return Iterations(question.iterations)
    return Seconds(question.seconds) if question.seconds is not None else None


def _figures(found: Quality) -> dict[str, Any]:
    return {
        "kept": found.kept,
        "attended": found.attended,
        "seatless": found.seatless,
        "turned_away": found.turned_away,
        "left_out": len(found.left_out),
        "worst_off": found.worst_off.kept if found.worst_off else 1.0,
    }


def _full(problem: Problem, rows: Rows, plan: Ints) -> list[tuple[str, int, int]]:
    """Topic and part of each session whose room is too small, and how many find no seat there."""
    away = turned_away(problem, plan, seating(problem, plan)).tolist()
    return [(*key, people) for key, people in zip(rows.keys, away, strict=True) if people]


def _provenance(result: Result) -> dict[str, Any]:
    return {
        "random": result.random,
        "upper_bound": result.upper_bound,
        "iterations": result.iterations,
        "seconds": result.seconds,
        "digest": result.problem_digest,
        "version": result.version,
    }


def score(asked: dict[str, Any]) -> dict[str, Any]:
    """What another `agenda` is worth for the question: the figures that follow from it."""
    question = msgspec.convert(asked["question"], Question)
    agenda = msgspec.convert(asked["agenda"], list[Place])
    rows = Rows(question, ())
    problem, plan = _model(question, ()).problem(), rows.plan(agenda)
    figures = _figures(quality(problem, plan)) | {"full": _full(problem, rows, plan)}
    return {"agenda": msgspec.to_builtins(agenda), **figures}


def seats(question: Question, agenda: Sequence[Place]) -> list[tuple[int, str, int]]:
    """Who attends what: person, topic and part. No session has more people than its room has seats."""
    rows = Rows(question, ())
    problem = _model(question, ()).problem()
    at = seating(problem, rows.plan(agenda))
    return [(person, *rows.keys[s]) for person, mine in enumerate(at.tolist()) for s in mine if s != OUT]
