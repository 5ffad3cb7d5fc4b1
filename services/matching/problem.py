"""From the service's rows to the solver's problem and back: the question that a plan keeps."""

from typing import Any

import msgspec

from services.kit.errors import Problem as Complaint
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.matching import solver

LONGEST_SECONDS = 120


class Person(msgspec.Struct, frozen=True):
    id: str
    city: str
    offers: tuple[str, ...]
    seeks: tuple[str, ...]
    works_on: tuple[str, ...]


class Met(msgspec.Struct, frozen=True):
    """Two people who met before, so many times, counted with their decay."""

    one: str
    other: str
    times: float


class Question(msgspec.Struct, frozen=True):
    """Everything the solver sees: with `seed` and the solver's version, a plan can be computed again."""

    rounds: int
    tables: int
    topics: tuple[tuple[str, str | None], ...]
    """(code, parent code) of the vocabulary."""
    people: tuple[Person, ...]
    table_topics: tuple[str, ...] = ()
    """Empty: the solver chooses the topics that people care for most."""
    seed: int = 1
    seconds: float = 3.0
    earlier: tuple[Met, ...] = ()


def check(question: Question) -> None:
    """Raises Refused with every fault, in words, by participant. Cheap: a request may wait for it."""
    try:
        _model(question).check()
    except solver.Invalid as invalid:
        complaints = [
            Complaint(
                message=_words(fault),
                row=f"participants[{fault.person}]" if fault.person else "",
                field=FIELDS.get(fault.field, fault.field),
            )
            for fault in invalid.faults
        ]
        raise Refused(_("The rounds cannot be planned like this."), complaints) from invalid


def build(question: Question) -> solver.Problem:
    """The solver's problem, with all its matrices. Not for the hub's own process: see `solve`."""
    return _model(question).problem()


def _model(question: Question) -> solver.Model:
    model = solver.Model(tables=question.tables, rounds=question.rounds)
    for code, parent in question.topics:
        model.topic(code, parent)
    for person in question.people:
        model.person(person.id, city=person.city, offers=person.offers, seeks=person.seeks, works_on=person.works_on)
    for met in question.earlier:
        model.earlier(met.one, met.other, met.times)
    if question.table_topics:
        model.table_topics(question.table_topics)
    return model


FIELDS = {"table_topics": "tableTopics", "works_on": "worksOn", "people": "participants"}


def _words(fault: solver.Fault) -> str:
    values: dict[str, Any] = dict(fault.values)
    match fault.reason:
        case "no-people":
            return _("The event has no participants yet.")
        case "too-few-people":
            return _(
                "With {people} people, {tables} tables cannot have two at each; at most {fits} can.",
                **values,
            )
        case "too-many-people":
            return _("{people} people are too many for one plan; at most {most}.", **values)
        case "rounds-out-of-range":
            return _("Choose {least} to {most} rounds.", **values)
        case "tables-out-of-range":
            return _("Choose {least} to {most} tables.", **values)
        case "wrong-number-of-table-topics":
            return _("{given} topics for {tables} tables: name one for each table, or none.", **values)
        case "unknown-topic":
            return _("The topic „{topic}“ is not in the vocabulary.", topic=str(values["topic"])[:60])
    return fault.message


def solve(question: dict[str, Any], tell: Any) -> dict[str, Any]:
    """Plan the rounds. JSON in, JSON out.

    It runs in a process of its own (`kit.jobs.heavy`): linear algebra libraries keep threads that do not survive the
    hub's starting of other processes.
    """
    asked = msgspec.convert(question, Question)

    def on_progress(progress: solver.Progress) -> None:
        tell(
            {
                "percent": round(100 * progress.fraction),
                "objective": progress.objective,
                "upper_bound": progress.upper_bound,
            }
        )

    problem = build(asked)
    result = solver.solve(problem, solver.Seconds(asked.seconds), seed=asked.seed, on_progress=on_progress)
    return {
        "keys": list(problem.keys),
        "table_topics": list(problem.table_topics),
        "repeat_weight": problem.weights.repeat,
        **result.as_json(),
    }
