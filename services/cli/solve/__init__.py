"""`lotsennetz solve`: from a list of people to a plan of rounds, without a hub or a database."""

import argparse
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from services.cli import files
from services.cli.solve import building, starting, template, writing
from services.cli.solve.account import Account, Run, account
from services.cli.solve.options import Options, mixed, settle
from services.cli.solve.reading import read
from services.cli.solve.showing import Line, interruptible
from services.kit import i18n
from services.kit.errors import Conflict, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.settings import Settings
from services.matching import conflicts, solver, wording
from services.matching.solver.problem import Ints

WRONG_INPUT = 2
"""How the command ends where the file or the options have to be changed: as argparse does."""
NO_PLAN = 1
ENOUGH = 10_000
"""Proposals for each seat that are recommended at least."""
MOST_SHOWN = 20
"""Notes and broken rules on the screen."""


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The commands of this file."""
    solve = command("solve", run, "solve FILE plans who sits where in which round, from a spreadsheet or JSON")
    solve.set_defaults(wrong=WRONG_INPUT)
    solve.add_argument("file", type=Path, metavar="FILE", help="people: XLSX, ODS, CSV or JSON; see docs/solve.md")
    solve.add_argument(
        "--template", action="store_true", help="write an empty FILE (XLSX) to fill in, and nothing else"
    )
    solve.add_argument("--topics", type=Path, metavar="FILE", help="the vocabulary, if it is no sheet of FILE")
    solve.add_argument("-o", "--output", metavar="PLAN", help=".xlsx, .csv or .json; - writes JSON to standard output; "
                       "default: FILE-plan.xlsx beside FILE")  # fmt: skip
    solve.add_argument("--from", dest="start", type=Path, metavar="PLAN",
                       help="a plan as -o writes it, perhaps changed by hand: goes on from it")  # fmt: skip
    solve.add_argument("--moves", type=int, metavar="N", help="with --from: at most so many seats change")
    solve.add_argument("--tables", type=int, metavar="N")
    solve.add_argument("--rounds", type=int, metavar="N")
    solve.add_argument("--seats", metavar="SEATS", help="8, 6-8, or one of these for each table with commas between")
    solve.add_argument(
        "--no-repeats", action="store_true", help="nobody meets anybody twice, or earlier partners again"
    )
    solve.add_argument("--mix-cities", choices=("hard", "soft", "off"), help="default: hard, as evenly as it goes")
    solve.add_argument("--mix", action="append", default=[], metavar="COLUMN=STRENGTH",
                       help="city, department, or any column of FILE; hard, strong, normal, weak or off")  # fmt: skip
    solve.add_argument(
        "--meets", default="hard", metavar="STRENGTH", help="how much „Shall meet“ counts; default: hard"
    )
    solve.add_argument("--never", default="hard", metavar="STRENGTH", help="how much „Not with“ counts; default: hard")
    solve.add_argument("--met", metavar="STRENGTH", help="how much „Met before“ counts; default: as a repeated meeting")
    solve.add_argument("--table-topics", metavar="TOPICS", help="one for each table, with semicolons between")
    budget = solve.add_mutually_exclusive_group()
    budget.add_argument("--seconds", type=float, metavar="S", help="how long to search; default by size: 3 to 60")
    budget.add_argument("--iterations", type=int, metavar="N", help="search by count: gives the same plan everywhere")
    solve.add_argument("--seed", type=int, default=1, metavar="N", help="another one gives another plan; default: 1")
    solve.add_argument("--force", action="store_true", help="write the plan even if it breaks hard rules")
    solve.add_argument("--language", dest="lang", choices=i18n.LANGUAGES, default=argparse.SUPPRESS, help="as --lang")


async def run(asked: argparse.Namespace, settings: Settings) -> int:
    """0 with a plan, also where Ctrl-C ended the search early: it is a plan that keeps every rule, asked for so.

    1 where no plan was found that keeps every hard rule. What is wrong with the input is raised.
    """
    if asked.template:
        return _template(asked.file)
    target = writing.target(asked.output, asked.file)
    topics = (asked.topics.name, files.contents(asked.topics)) if asked.topics else None
    given = read(asked.file.name, files.contents(asked.file), topics, [name for name, _how in mixed(asked)])
    start = starting.read(asked.start.name, files.contents(asked.start)) if asked.start else None
    options = settle(asked, given, start)
    problem = building.problem(given, options)
    before, notes = starting.seats(start, given, options.rounds, options.tables) if start else (None, [])
    _say([f"{note.place}: {note.message}" if note.place else note.message for note in (*given.notes, *notes)])
    _say(options.proposed)
    result, interrupted = _search(problem, options, before, forced=asked.force)
    if isinstance(result, solver.Conflict):
        _say([_("The rules do not go together, so nothing was written:"), f"  {conflicts.words(result, {})}"])
        _say([_("Change or weaken one of them, or write the plan with the fewest broken rules with --force.")])
        return NO_PLAN
    if result.broken and not asked.force:
        _say([_("No plan was found that keeps every hard rule, so nothing was written. It would break:")])
        _say([f"  {one}" for one in broken_rules(problem, result)])
        _say([_("Weaken a rule, search longer with --seconds, or write the plan as it is with --force.")])
        return NO_PLAN
    known = Run(str(asked.file), str(asked.topics or ""), version("lotsennetz"), interrupted, str(asked.start or ""))
    told = account(given, options, problem, result, known)
    writing.write(told, target)
    _summary(told, target)
    if before is not None:
        number = starting.changed(before, result.plan)
        _say([_("{number} seats differ from {file}.", number=number, file=asked.start)])
    return 0


def broken_rules(problem: solver.Problem, result: solver.Result) -> list[str]:
    """What stands against a usable plan, in words."""
    return [wording.violation(one) for one in solver.check(problem, result.plan)]


def _search(
    problem: solver.Problem, options: Options, before: Ints | None, *, forced: bool
) -> tuple[solver.Result | solver.Conflict, bool]:
    """The best plan, or (unless `forced`) why there is none, and whether Ctrl-C ended the search.

    `before`: seats (R×N) from which it goes on, -1 where there is none.
    """
    budget: solver.Stop = (
        solver.Iterations(options.iterations) if options.iterations else solver.Seconds(options.seconds or 0.0)
    )
    line = Line()
    _say([_("The search starts; the first time on a machine this takes a little.")])
    try:
        with interruptible() as stop:
            until = solver.FirstOf(budget, stop)
            if before is not None and options.moves is not None:
                found = solver.replan(
                    problem, before, 0, until, seed=options.seed, most_moved=options.moves, on_progress=line.show
                )
                return found.result, stop.asked
            start = None if before is None else _fitting(problem, before, options.seed)
            find = solver.solve if forced else solver.plan_or_conflict
            return find(problem, until, options.seed, line.show, start=start), stop.asked
    except solver.Unseatable as nobody:
        message = _("In round {round}, the people do not fit the tables that they can use.", round=nobody.round + 1)
        raise Refused(_("The rounds cannot be planned like this."), [Problem(message)]) from nobody


def _fitting(problem: solver.Problem, before: Ints, seed: int) -> Ints | None:
    """The plan with as many seats as sizes, reach and hosts allow; None where they allow no plan."""
    try:
        return solver.repaired(problem, before, seed)
    except solver.Unseatable:
        return None


def _template(file: Path) -> int:
    if file.suffix.lower() != ".xlsx":
        raise Refused(_("A template is an XLSX file: choose a name that ends with .xlsx."))
    if file.exists():
        raise Conflict(_("{file} exists already; it is not overwritten.", file=file))
    files.store(file, template.template())
    print(_("{file}: fill in a row for each person, then run: lotsennetz solve {file}", file=file))
    return 0


def _say(lines: Iterable[str]) -> None:
    some = list(lines)
    for line in some[:MOST_SHOWN]:
        print(line, file=sys.stderr)
    if len(some) > MOST_SHOWN:
        print(_("… and {number} more.", number=len(some) - MOST_SHOWN), file=sys.stderr)


def _summary(told: Account, target: writing.Target) -> None:
    quality = told.quality
    lines = [
        _("{people} people, {tables} tables, {rounds} rounds: {target}", people=len(told.people),
          tables=len(told.rounds[0].tables), rounds=len(told.rounds), target=target),
        _("In common: {value:.0f} points; by chance {random:.0f}, no plan has more than {bound:.0f}.",
          value=quality.benefit[0], random=quality.benefit[1], bound=quality.benefit[2]),
        _("Repeats: {value:.0f}; by chance {random:.0f}, no plan has fewer than {bound:.0f}.",
          value=quality.repeats[0], random=quality.repeats[1], bound=quality.repeats[2]),
    ]  # fmt: skip
    if quality.without_points:
        lines.append(
            _("{number} people meet nobody with a common topic: see „Quality“.", number=quality.without_points)
        )
    if quality.broken:
        lines.append(_("Attention: {number} hard rules are broken.", number=len(quality.broken)))
    if quality.interrupted:
        lines.append(_("Ctrl-C ended the search early: this is the best plan until then, and it is complete."))
    if not quality.command:
        lines.append(_("The clock ended the search: --iterations {number} gives a plan that can be repeated.",
                       number=max(quality.iterations, ENOUGH * len(told.people) * len(told.rounds))))  # fmt: skip
    for line in lines:
        print(line, file=sys.stderr if target.is_standard else sys.stdout)
