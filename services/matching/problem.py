"""From the question that a plan keeps to the solver's problem."""

import dataclasses
from typing import Final

import numpy as np

from services.kit.errors import Problem as Complaint
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.matching import solver, wording
from services.matching.question import CITY, Mixing, Question
from services.matching.solver.replan import past_as_it_was
from services.matching.strength import Strength, Wish

FIELDS: Final = {
    "table_topics": "tableTopics", "works_on": "worksOn", "people": "participants", "capacities": "seats",
    "rounds": "rounds", "tables": "tables",
}  # fmt: skip
"""What the solver's fields are called by those who ask."""


def check(question: Question) -> None:
    """Raises Refused with every fault, in words, by participant. Cheap: a request may wait for it."""
    try:
        model_of(question).check()
    except solver.Invalid as invalid:
        complaints = [
            Complaint(
                message=wording.fault(fault),
                row=f"participants[{fault.person}]" if fault.person else "",
                field=FIELDS.get(fault.field, fault.field),
            )
            for fault in invalid.faults
        ]
        raise Refused(_("The rounds cannot be planned like this."), complaints) from invalid


def may_wish(question: Question) -> None:
    """Raises Refused for more of what is a hard rule already: no weight could bring more of it."""
    if question.more is Wish.NEW_MEETINGS and question.repeats is Strength.HARD:
        raise Refused(_("That nobody meets twice is a hard rule already: a second plan could not have more of it."))
    cities = {one.strength for one in question.mixing if one.kind == CITY}
    if question.more is Wish.MIXED_CITIES and Strength.HARD in cities:
        raise Refused(_("That tables mix cities is a hard rule already: a second plan could not have more of it."))


def build(question: Question) -> solver.Problem:
    """The solver's problem, with all its matrices: N people take N² numbers and the time for them.

    Of a running day, the rounds that are over are as they were, whatever the rules say of them.
    """
    problem, day = model_of(question).problem(), question.day
    if day is None:
        return problem
    fixed = problem.fixed.copy()
    fixed[: day.over] = np.where(problem.present[: day.over], np.array(day.plan, dtype=np.int32)[: day.over], -1)
    return past_as_it_was(dataclasses.replace(problem, fixed=fixed), day.over)


def weights(question: Question) -> solver.Weights:
    usual = solver.Weights()
    return solver.Weights(
        affinity=usual.affinity * question.common_topics.factor,
        topic=usual.topic * question.topics_at_tables.factor,
        repeat=question.repeats.points,
    )


def met_before(question: Question, problem: solver.Problem) -> solver.Pairs:
    """Who met how often at earlier days, whatever that counts."""
    number = {key: i for i, key in enumerate(problem.keys)}
    times: dict[tuple[int, int], float] = {}
    for two in question.earlier:
        pair = (min(number[two.one], number[two.other]), max(number[two.one], number[two.other]))
        times[pair] = max(times.get(pair, 0.0), two.times)
    return solver.Pairs(np.array(list(times), dtype=np.int32).reshape(-1, 2), np.array(list(times.values())))


def model_of(question: Question) -> solver.Model:
    """Everything that was said, not yet checked."""
    earlier = question.earlier_meetings
    model = solver.Model(
        tables=question.tables,
        rounds=question.rounds,
        weights=weights(question),
        earlier_weight=None if earlier is None else earlier.points,
    )
    for code, parent in question.topics:
        model.topic(code, parent)
    for person in question.people:
        model.person(
            person.id,
            city=person.city,
            offers=person.offers,
            seeks=person.seeks,
            works_on=person.works_on,
            kinds=person.kinds,
            rounds=person.rounds,
            tables=person.tables,
        )
    if question.table_topics:
        model.table_topics(question.table_topics)
    if question.seats:
        model.capacities(question.seats)
    for host in question.hosts:
        model.host(host.id, host.table)
    for add, pairs in ((model.must, question.must), (model.never, question.never)):
        for two in pairs:
            if two.strength is not Strength.OFF:
                add(two.one, two.other, two.strength.points)
    for met in question.earlier:
        model.earlier(met.one, met.other, met.times)
    model.mix(CITY, None)
    # Nobody may be of a kind: whoever was has been erased.
    known = {CITY}.union(*(person.kinds for person in question.people))
    for one in question.mixing:
        if one.kind in known:
            _mix(model, one)
    return model


def _mix(model: solver.Model, one: Mixing) -> None:
    if one.strength is Strength.OFF:
        return
    if one.most is None:
        model.mix(one.kind, one.strength.points)
    else:
        model.apart(one.kind, one.most, one.strength.points)
