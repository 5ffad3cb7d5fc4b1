"""What the solver finds wrong, in words that say what to change. Rounds and tables count from 1 here."""

from collections.abc import Mapping
from typing import Any

from services.kit.i18n import gettext as _
from services.matching import solver


def kind(name: str) -> str:
    """What tables mix, as people call it; a name of the organiser's own stays."""
    known = {
        "city": _("city"), "department": _("department"), "experience": _("experience"), "language": _("language"),
    }  # fmt: skip
    return known.get(name, name)


def group(name: str) -> str:
    """A group of people of one kind, as people call it."""
    known = {
        "experience-new": _("navigators for less than a year"),
        "experience-some": _("navigators for one to three years"),
        "experience-long": _("navigators for three years or more"),
    }
    return known.get(name, name)


def fault(found: solver.Fault) -> str:
    """One fault of a problem; whose it is, is said beside it."""
    values: dict[str, Any] = dict(found.values)
    for name in ("round", "table"):
        if name in values:
            values[name] = int(values[name]) + 1
    for name in ("topic", "parent"):
        if name in values:
            values[name] = str(values[name])[:60]
    match found.reason:
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
            return _("The topic „{topic}“ is not in the vocabulary.", **values)
        case "duplicate-topic":
            return _("The topic „{topic}“ stands there twice.", **values)
        case "unknown-parent":
            return _("The topic „{topic}“ lies below „{parent}“, which is not in the vocabulary.", **values)
        case "topic-cycle":
            return _("The topic „{topic}“ lies below itself.", **values)
        case "bad-capacity":
            return _("Table {table} cannot have {least} to {most} seats.", **values)
        case "wrong-number-of-capacities":
            return _("Seats are given for {given} tables and there are {tables}.", **values)
        case "too-few-places":
            return _(
                "In round {round}, {people} people are there and the tables have {places} seats. "
                "Add seats or tables, or let fewer people in.",
                **values,
            )
        case "too-many-places":
            return _(
                "In round {round}, {people} people are there and the tables want {places} at least. "
                "Choose fewer tables, or let them be smaller.",
                **values,
            )
        case "no-round":
            return _("The person would be there in no round.")
        case "no-table":
            return _("The person could reach no table.")
        case "unknown-round":
            return _("There is no round {round}.", **values)
        case "unknown-table":
            return _("There is no table {table}.", **values)
        case "absent-host":
            return _("Who hosts a table has to be there in every round.")
        case "duplicate-host":
            return _("The person hosts more than one table.")
        case "host-out-of-reach":
            return _("The person hosts table {table} and cannot reach it.", **values)
        case "shared-host-table":
            return _("{hosts} people host table {table}; one can.", **values)
        case "too-many-hosts":
            return _("{hosts} people host a table, and there are {tables} tables.", **values)
        case "must-and-never":
            return _("{one} and {other} shall meet and must not share a table.", **values)
        case "unknown-person":
            return _("The person is not among the participants.")
        case "same-person":
            return _("{one} is named beside themselves.", **values)
    return found.message


def violation(found: solver.Violation) -> str:
    """One broken rule of a plan, with everybody concerned."""
    number = None if found.round is None else found.round + 1
    table = None if found.table is None else found.table + 1
    names = _(" and ").join(found.people)
    match found.reason:
        case "not-seated":
            return _("Round {round}: there is no seat for {names}.", round=number, names=names)
        case "absent-seated":
            return _("Round {round}: {names} has a seat and is not there.", round=number, names=names)
        case "out-of-reach":
            return _("Round {round}: {names} cannot reach table {table}.", round=number, names=names, table=table)
        case "left-seat":
            return _("Round {round}: {names} left the table they host.", round=number, names=names)
        case "wrong-size":
            return _("Round {round}: table {table} has too many or too few people.", round=number, table=table)
        case "unmixed":
            return _(
                "Round {round}, table {table}: too many or too few are from „{kind}“.",
                round=number,
                table=table,
                kind=group(found.kind or ""),
            )
        case "never":
            return _("{names} share a table and must not.", names=names)
        case "must":
            return _("{names} do not meet and shall.", names=names)
        case "repeat":
            return _("{names} meet again.", names=names)
    return found.message


def exceeded(asked: Mapping[str, Any], day: Mapping[str, Any]) -> str | None:
    """Says it where an answer's `day` changes more seats than the question's `asked` for: whoever is gone or new leaves
    tables that no plan can have.
    """
    most, moved = asked.get("most_moved"), len(day["moved"])
    if most is None or moved <= most:
        return None
    gone, new = len(day["missing"]) + asked.get("gone", 0), len(day["new"])
    return _(
        "{moved} seats change instead of at most {most}: with {gone} people less and {new} more, the tables cannot be "
        "evened out otherwise. Please look at the plan before you confirm it.",
        moved=moved, most=most, gone=gone, new=new,
    )  # fmt: skip
