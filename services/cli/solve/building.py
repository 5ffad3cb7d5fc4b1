"""The solver's problem from what the organiser wrote and wants; what is wrong with it, by row and column."""

import math
from dataclasses import replace

from services.cli.solve.columns import KINDS
from services.cli.solve.options import STRENGTHS, Options
from services.cli.solve.people import Given
from services.kit.errors import Problem as Complaint
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.sheets.rows import column_title
from services.matching import solver, wording

NOWHERE = "–"
"""The city of those who have none: they are mixed like those of one."""


def problem(given: Given, options: Options) -> solver.Problem:
    """Raises Refused with every fault of people, topics and options."""
    model = _model(given, options)
    try:
        return model.problem()
    except solver.Invalid as invalid:
        raise Refused(_("The rounds cannot be planned like this."), _complaints(given, invalid.faults)) from invalid


def _model(given: Given, options: Options) -> solver.Model:
    weights = replace(solver.Weights(), repeat=solver.HARD) if options.no_repeats else solver.Weights()
    earlier = (STRENGTHS[options.met] or 0.0) if options.met else None
    model = solver.Model(tables=options.tables, rounds=options.rounds, weights=weights, earlier_weight=earlier)
    for name, parent in given.parents.items():
        model.topic(name, parent)
    fields = {title: field for field, title in given.titles.items() if field not in KINDS}
    for one in given.people:
        model.person(
            one.key,
            city=one.city or NOWHERE,
            offers=one.offers,
            seeks=one.seeks,
            works_on=one.works_on,
            kinds={kind: one.kind(fields.get(kind, kind)) for kind in options.mix if kind != "city"},
            rounds=one.rounds.of(options.rounds) if one.rounds else None,
            tables=one.tables.of(options.tables) if one.tables else None,
        )
        if one.host:
            model.host(one.key, one.host_table - 1 if one.host_table else None)
        for add, others, strength in (
            (model.must, one.meets, options.meets), (model.never, one.never, options.never),
        ):  # fmt: skip
            weight = STRENGTHS[strength]
            if weight is not None:
                for other in others:
                    add(one.key, other, weight)
        for other in one.met:
            model.earlier(one.key, other)
    model.mix("city", None)
    for kind, strength in options.mix.items():
        model.mix(kind, STRENGTHS[strength])
    if options.table_topics:
        model.table_topics(options.table_topics)
    if seats := _seats(given, options):
        model.capacities(seats)
    return model


def _seats(given: Given, options: Options) -> list[tuple[int, int]]:
    """Fewest and most people of each table; empty where chairs do not keep tables from being alike.

    Where only chairs are given, nobody sits nearly alone while others crowd: a table has its even share, or is full.
    """
    there = [
        sum(one.rounds is None or number in one.rounds.of(options.rounds) for one in given.people)
        for number in range(options.rounds)
    ]
    share, fullest = min(there) // options.tables, math.ceil(max(there) / options.tables)
    if all(least is None and most >= fullest for least, most in options.seats):
        return []
    return [(min(share, most) if least is None else least, most) for least, most in options.seats]


def _complaints(given: Given, faults: tuple[solver.Fault, ...]) -> list[Complaint]:
    places = {one.key: one.place for one in given.people}
    topics = {topic.name: topic.place for topic in given.topics}
    complaints = []
    for fault in faults:
        place = places.get(fault.person or "", "") or topics.get(str(fault.values.get("topic", "")), "")
        title = given.titles.get(FIELDS.get(fault.field, fault.field))
        field = column_title(title) if place and title else OPTIONS.get(fault.field, "")
        complaints.append(Complaint(wording.fault(fault), row=place, field=field))
    return complaints


FIELDS = {"hosts": "host", "must": "meets", "earlier": "met"}
"""Columns that are called otherwise than the solver's fields."""
OPTIONS = {
    "tables": "--tables",
    "rounds": "--rounds",
    "capacities": "--seats",
    "people": "--tables",
    "table_topics": "--table-topics",
}
