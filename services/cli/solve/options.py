"""What the organiser wants beside the list of people, and sensible values for what is left out."""

import argparse
import math
import re
from dataclasses import dataclass

from services.cli.solve.columns import KINDS, LAYOUT, PEOPLE, label, own_field
from services.cli.solve.numbers import HIGHEST
from services.cli.solve.people import Given
from services.cli.solve.spellings import spelled
from services.cli.solve.starting import Start
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.sheets.columns import is_private, plain
from services.matching.strength import POINTS

STRENGTHS = {strength.value: points or None for strength, points in POINTS.items()}
"""What one person too many or too few at a table costs; None for what does not count."""
ALSO = {"muss": "hard", "must": "hard", "hart": "hard", "stark": "strong", "soft": "normal", "weich": "normal",
        "schwach": "weak", "aus": "off"}  # fmt: skip
MIX = re.compile(r"(.*)[=:]([^=:]*)", re.DOTALL)
"""„Abteilung=stark“ or „Abteilung:stark“."""
MOST_MIXED = 10
AT_A_TABLE, MOST_ROUNDS = 6, 4
"""What is proposed: about six people at a table, four rounds at most."""
MOST_SEED = (1 << 31) - 1
LEAST_SECONDS, MOST_SECONDS = 3.0, 60.0
SEATS_A_SECOND = 40
"""People times rounds for which one second of search is proposed."""
SEATS = re.compile(r"\s*(\d{1,4})\s*(?:[-–]\s*(\d{1,4}))?\s*")


@dataclass(frozen=True)
class Options:
    """`seats`: fewest (None: as even as the chairs allow) and most of each table; empty for tables that differ by one
    person at most. `mix`: names of STRENGTHS by kind, the organiser's own kinds as the file calls them. `meets`,
    `never`, `met`: names of STRENGTHS for these columns; `met` is empty where it counts as a repeat does.
    `table_topics`: as the vocabulary calls them; empty for those that are chosen. Either `seconds` or `iterations` ends
    the search.
    """

    tables: int
    rounds: int
    seats: tuple[tuple[int | None, int], ...]
    mix: dict[str, str]
    no_repeats: bool
    seed: int
    seconds: float | None
    iterations: int | None
    meets: str = "hard"
    never: str = "hard"
    met: str = ""
    table_topics: tuple[str, ...] = ()
    moves: int | None = None
    """How many seats may differ from the plan that the search begins with."""
    proposed: tuple[str, ...] = ()
    """What was not asked for and chosen here, in words."""

    def arguments(self) -> list[str]:
        """The same as a command line says it."""
        seats = ",".join(f"{most}" if least is None else f"{least}-{most}" for least, most in self.seats)
        return [
            "--tables", str(self.tables), "--rounds", str(self.rounds), *(["--seats", seats] if seats else []),
            *([] if "city" in self.mix else ["--mix-cities", "off"]),
            *(part for kind, strength in self.mix.items() for part in ("--mix", f"{kind}={strength}")),
            *(part for name, usual in (("meets", "hard"), ("never", "hard"), ("met", ""))
              for part in (f"--{name}", getattr(self, name)) if getattr(self, name) != usual),
            *(["--table-topics", "; ".join(self.table_topics)] if self.table_topics else []),
            *(["--moves", str(self.moves)] if self.moves is not None else []),
            *(["--no-repeats"] if self.no_repeats else []), "--seed", str(self.seed),
            *(["--iterations", str(self.iterations)] if self.iterations else ["--seconds", f"{self.seconds:g}"]),
        ]  # fmt: skip


def settle(asked: argparse.Namespace, given: Given, start: Start | None = None) -> Options:
    """What is left out is as in the plan `start`, or proposed. Raises Refused with everything that is wrong."""
    problems: list[Problem] = []
    proposed = []
    people = len(given.people)
    seats = _seats(asked.seats, problems)
    topics = _table_topics(asked.table_topics, given, problems)
    tables = asked.tables or len(topics) or (len(seats) if len(seats) > 1 else 0)
    tables = tables or (start.tables if start else 0) or _tables(given, seats)
    if asked.tables is None and start is None:
        proposed.append(_("--tables was not given: {tables} for {people} people.", tables=tables, people=people))
    if len(seats) not in {0, 1, tables}:
        message = _("Seats are given for {given} tables and there are {tables}.", given=len(seats), tables=tables)
        problems.append(Problem(message, field="--seats"))
    rounds = asked.rounds or (start.rounds if start else _rounds(given, tables))
    if asked.rounds is None and start is None:
        proposed.append(_("--rounds was not given: {rounds}.", rounds=rounds))
    mix = _mix(asked, given, problems)
    columns = {
        name: _strength(getattr(asked, name), f"--{name}", problems) if getattr(asked, name) else ""
        for name in ("meets", "never", "met")
    }
    homeless = sum(not one.city for one in given.people)
    if "city" in mix and homeless:
        proposed.append(_("{number} people have no city: they are mixed like those of one.", number=homeless))
    problems += [
        Problem(_("Choose a number above 0."), field=f"--{name}")
        for name in ("seconds", "iterations")
        if getattr(asked, name) is not None and not 0 < getattr(asked, name) < math.inf
    ]
    problems += [
        Problem(_("Choose a number from {least} to {most}.", least=1, most=HIGHEST), field=f"--{name}")
        for name, number in (("tables", asked.tables), ("rounds", asked.rounds))
        if number is not None and not 1 <= number <= HIGHEST
    ]
    if asked.moves is not None and (start is None or asked.moves < 0):
        problems.append(Problem(_("Choose a number from 0 on, together with --from."), field="--moves"))
    if not 0 <= asked.seed <= MOST_SEED:
        message = _("Choose a number from {least} to {most}.", least=0, most=MOST_SEED)
        problems.append(Problem(message, field="--seed"))
    if problems:
        raise Refused(_("The options do not fit."), problems)
    seconds = asked.seconds
    if asked.iterations is None and seconds is None:
        seconds = round(min(max(people * rounds / SEATS_A_SECOND, LEAST_SECONDS), MOST_SECONDS))
    every = seats * tables if len(seats) == 1 else seats
    return Options(
        tables, rounds, every, mix, asked.no_repeats, asked.seed, seconds, asked.iterations, **columns,
        table_topics=topics, moves=asked.moves, proposed=tuple(proposed),
    )  # fmt: skip


def _tables(given: Given, seats: tuple[tuple[int | None, int], ...]) -> int:
    """As many as seat all, and as are named; two people at each at least."""
    people = len(given.people)
    wanted = math.ceil(people / seats[0][1]) if seats else round(people / AT_A_TABLE)
    named = [one.host_table or 0 for one in given.people] + [one.tables.highest for one in given.people if one.tables]
    hosts = sum(one.host for one in given.people)
    return max(1, hosts, *named, min(wanted, people // 2))


def _rounds(given: Given, tables: int) -> int:
    """As many as let everybody meet others each time, and as are named."""
    people = len(given.people)
    others = max(1, math.ceil(people / tables) - 1)
    named = [one.rounds.highest for one in given.people if one.rounds]
    return max(1, *named, min(MOST_ROUNDS, (people - 1) // others))


def _seats(said: str | None, problems: list[Problem]) -> tuple[tuple[int | None, int], ...]:
    """„8“, „6-8“, or one of these for each table with commas between."""
    found: list[tuple[int | None, int]] = []
    for part in said.split(",") if said else []:
        match = SEATS.fullmatch(part)
        if match is None:
            problems.append(Problem(_("Write seats such as 8 or 6-8, or one of these for each table: 8,8,6-8"),
                                    field="--seats"))  # fmt: skip
            return ()
        found.append((int(match[1]), int(match[2])) if match[2] else (None, int(match[1])))
    return tuple(found)


def _strength(said: str, option: str, problems: list[Problem]) -> str:
    """One of STRENGTHS, in German or English; empty for what is none."""
    plainly = said.strip().casefold()
    strength = ALSO.get(plainly, plainly)
    if strength in STRENGTHS:
        return strength
    strengths = _("hard (must), strong, normal, weak, off")
    message = _("„{said}“ is no strength. There are: {strengths}", said=said[:40], strengths=strengths)
    problems.append(Problem(message, field=option))
    return ""


def _table_topics(said: str | None, given: Given, problems: list[Problem]) -> tuple[str, ...]:
    """As the vocabulary calls them, in the order of the tables."""
    known = {spelled(name): topic.name for topic in given.topics for name in (*topic.synonyms, topic.name)}
    named = [name.strip() for name in (said or "").split(";") if name.strip()]
    problems += [
        Problem(_("Neither participants nor a sheet of topics name the topic „{said}“.", said=name[:60]),
                field="--table-topics")
        for name in named
        if spelled(name) not in known
    ]  # fmt: skip
    return tuple(known[spelled(name)] for name in named if spelled(name) in known)


def mixed(asked: argparse.Namespace) -> list[tuple[str, str]]:
    """Columns that tables shall mix, as the organiser calls them, and how strongly: `hard` where that is not said."""
    found = [MIX.fullmatch(wish) for wish in asked.mix]
    return [(m[1].strip(), m[2]) if m else (wish.strip(), "hard") for wish, m in zip(asked.mix, found, strict=True)]


def _mix(asked: argparse.Namespace, given: Given, problems: list[Problem]) -> dict[str, str]:
    """Strengths by kind. Cities are mixed unless somebody says otherwise or nobody has one."""
    mix = {"city": "hard"} if any(one.city for one in given.people) else {}
    wishes = [("city", asked.mix_cities)] if asked.mix_cities else []
    for name, how in (*wishes, *mixed(asked)):
        kind, field = _kind(name, given)
        strength = _strength(how, "--mix", problems) if kind else ""
        if not kind:
            problems.append(Problem(_unmixable(name, given), field="--mix"))
        elif not strength:
            continue
        elif strength != "off" and not any(one.kind(field) for one in given.people):
            column = label(field) if field in KINDS else kind
            problems.append(Problem(_("The file has nothing in the column „{column}“.", column=column), field="--mix"))
        else:
            mix[kind] = strength
    if len(mix) > MOST_MIXED:
        problems.append(Problem(_("At most {most} entries here, please.", most=MOST_MIXED), field="--mix"))
    return {kind: strength for kind, strength in mix.items() if strength != "off"}


def _kind(name: str, given: Given) -> tuple[str, str]:
    """What the solver calls the kind that stands in a column, and the column's field; empty for what is no kind."""
    column = LAYOUT.named(PEOPLE).get(plain(name))
    if column is not None:
        return (column.field, column.field) if column.field in KINDS else ("", "")
    return given.titles.get(own_field(name), ""), own_field(name)


def _unmixable(name: str, given: Given) -> str:
    if is_private(name):
        return _("The column „{column}“ is not read: that is nobody's business here.", column=name[:40])
    there = ", ".join((*map(label, KINDS), *given.unused[:MOST_MIXED]))
    return _("„{said}“ cannot be mixed. There are: {kinds}", said=name[:40], kinds=there)
