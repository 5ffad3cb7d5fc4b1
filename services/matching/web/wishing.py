"""The organiser's wishes as a form: what it says, read into the graph's input, and a plan's question as a form again.

Rules about people are written one a line, names first, parts with a semicolon between them, as a column of a
spreadsheet is pasted (then tabs are between them).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Annotated, Any, Final, Literal

import msgspec

from services.kit import forms
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.seen import Seen, tag
from services.matching import kinds
from services.matching.question import CITY, Question
from services.matching.strength import Strength
from services.matching.web.people import People

Counts = Literal["HARD", "STRONG", "NORMAL", "WEAK", "OFF"]
Gain = Literal["STRONG", "NORMAL", "WEAK", "OFF"]
Lines = Annotated[str, msgspec.Meta(max_length=200_000)]
MOST_BYTES: Final = 1_000_000
MOST_COMPLAINTS: Final = 10
"""Of one field: whoever pasted the wrong column sees it by then."""
MOST_IN_LINE: Final = 20
NUMBERS: Final = re.compile(r"[0-9]{1,4}")
SEATS: Final = re.compile(r"([0-9]{1,5})(?:\s*[-\u2013]\s*([0-9]{1,5}))?")
SECONDS: Final = ("3", "10", "30", "120")
"""How long the form lets search."""
KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MIXED: Final = (CITY, kinds.DEPARTMENT, kinds.EXPERIENCE, kinds.LANGUAGE)


class Wishes(msgspec.Struct):
    """The form. Rounds and tables count from 1; `filled` is a mark of the topics that it proposed."""

    rounds: Annotated[int, msgspec.Meta(ge=1, le=50)]
    tables: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    seconds: Annotated[int, msgspec.Meta(ge=1, le=120)] = 10
    topics: Lines = ""
    seats: Lines = ""
    hosts: Lines = ""
    must: Lines = ""
    must_counts: Counts = "HARD"
    never: Lines = ""
    never_counts: Counts = "HARD"
    presence: Lines = ""
    reach: Lines = ""
    earlier: Lines = ""
    city: Counts = "HARD"
    department: Counts = "OFF"
    experience: Counts = "OFF"
    language: Counts = "OFF"
    repeats: Counts = "STRONG"
    earlier_meetings: Counts = "STRONG"
    common_topics: Gain = "NORMAL"
    topics_at_tables: Gain = "NORMAL"
    filled: Seen = ""


def labels() -> dict[str, str]:
    """What the fields are called."""
    return {
        "rounds": _("Rounds"), "tables": _("Tables"), "seconds": _("How long to search"),
        "topics": _("Topics of the tables"), "seats": _("Places at the tables"),
        "hosts": _("Who stays at one table"), "must": _("Who shall meet"), "must_counts": _("How much that counts"),
        "never": _("Who shall never share a table"), "never_counts": _("How much it counts to keep them apart"),
        "presence": _("Who is not there in every round"), "reach": _("Who can use some tables only"),
        "earlier": _("Who met before"), "city": _("Mix cities"), "department": _("Mix departments"),
        "experience": _("Mix experience"), "language": _("Mix languages"), "repeats": _("Nobody meets anybody twice"),
        "earlier_meetings": _("Nobody meets partners of earlier days again"),
        "common_topics": _("People have topics in common"), "topics_at_tables": _("People like the table's topic"),
    }  # fmt: skip


def counts() -> dict[str, str]:
    """How much a rule counts, in words."""
    return {
        "HARD": _("must hold"), "STRONG": _("very important"), "NORMAL": _("important"), "WEAK": _("if possible"),
        "OFF": _("does not matter"),
    }  # fmt: skip


def usual() -> dict[str, str]:
    """What counts how much where nobody said anything."""
    found = ((one.encode_name, one.default) for one in msgspec.structs.fields(Wishes))
    return {name: str(default) for name, default in found if default is not msgspec.NODEFAULT}


def filled(topics: str) -> str:
    """A mark of what the form proposes as topics of the tables."""
    return tag(topics) if topics else ""


def fitting(said: Wishes) -> tuple[Wishes, bool]:
    """Without topics where they are those that the form proposed and other than the tables in number; and whether so.

    Whoever wrote topics is told of it instead.
    """
    fits = len(forms.lines(said.topics)) == said.tables or said.filled != filled(said.topics) or not said.topics
    return (said if fits else msgspec.structs.replace(said, topics="")), fits


def question(said: Wishes, event: str, people: People, topics: Mapping[str, str]) -> dict[str, Any]:
    """`PlanRoundsInput`. Raises Refused with every line that cannot be read, by the form's field."""
    problems: list[Problem] = []

    def lines(field: str, read: Callable[[list[str]], Any]) -> list[Any]:
        found, wrong = [], 0
        for number, line in enumerate(getattr(said, field).splitlines(), 1):
            parts = [part.strip() for part in re.split(r"[;\t]", line) if part.strip()]
            if not parts or wrong >= MOST_COMPLAINTS:
                continue
            try:
                found.append(read(parts))
            except Refused as problem:
                wrong += 1
                problems.append(Problem(_("Line {line}: {what}", line=number, what=problem.message), field=field))
        return found

    def pairs(field: str, **more: Any) -> list[dict[str, Any]]:
        found = lines(field, lambda parts: _pairs(people, parts))
        return [{"one": one, "other": other, **more} for some in found for one, other in some]

    def hosting(parts: list[str]) -> dict[str, Any]:
        numbers = _numbers(parts[1:], least=0)
        if len(numbers) > 1:
            raise Refused(_("Please name one table."))
        return {"navigator": people.find(parts[0]), "table": numbers[0] if numbers else None}

    codes = {text.casefold(): code for code, text in topics.items()} | {code: code for code in topics}

    def topic(parts: list[str]) -> str:
        if (code := codes.get(parts[0].casefold())) is None:
            raise Refused(_("„{topic}“ is no topic of the vocabulary.", topic=parts[0][:100]))
        return code

    seats = lines("seats", _seats)
    rules = {
        "hosts": lines("hosts", hosting),
        "must": pairs("must", strength=said.must_counts),
        "never": pairs("never", strength=said.never_counts),
        "presence": lines("presence", lambda parts: _of_person(people, parts, "rounds")),
        "reach": lines("reach", lambda parts: _of_person(people, parts, "tables")),
        "earlier": pairs("earlier"),
        "seats": seats * said.tables if len(seats) == 1 else seats,
        "mixing": [{"kind": kind, "strength": getattr(said, kind)} for kind in MIXED if getattr(said, kind) != "OFF"],
        "repeats": said.repeats,
        "earlierMeetings": said.earlier_meetings,
        "commonTopics": said.common_topics,
        "topicsAtTables": said.topics_at_tables,
    }
    asked = {
        "event": event, "rounds": said.rounds, "tables": said.tables, "seconds": float(said.seconds),
        "tableTopics": lines("topics", topic), "rules": rules,
    }  # fmt: skip
    if problems:
        raise Refused(_("Please look at the lines that are named."), problems)
    return asked


def _pairs(people: People, parts: list[str]) -> Sequence[tuple[str, str]]:
    """Everybody of a line with everybody."""
    if not 2 <= len(parts) <= MOST_IN_LINE:
        raise Refused(_("Please write two names with a semicolon between them, at most {most}.", most=MOST_IN_LINE))
    found = [people.find(part) for part in parts]
    if len(set(found)) < len(found):
        raise Refused(_("Please name different people."))
    return list(combinations(found, 2))


def _of_person(people: People, parts: list[str], name: str) -> dict[str, Any]:
    return {"navigator": people.find(parts[0]), name: _numbers(parts[1:], least=1)}


def _numbers(parts: list[str], least: int) -> list[int]:
    words = [word for part in parts for word in re.split(r"[,\s]+", part) if word]
    if len(words) < least or not all(NUMBERS.fullmatch(word) for word in words):
        raise Refused(_("Please write the name, a semicolon, and numbers such as 1, 2."))
    return [int(word) for word in words]


def _seats(parts: list[str]) -> dict[str, int]:
    match = SEATS.fullmatch(parts[0])
    if match is None or len(parts) > 1:
        raise Refused(_("Please write how many, such as 6 or 4-6."))
    return {"least": int(match[1]), "most": int(match[2] or match[1])}


def again(asked: Question, people: People, topics: Mapping[str, str]) -> dict[str, str]:
    """A plan's question as the form says it; without who met before, where the hub's own list stands as well."""
    mixed = {one.kind: one.strength for one in asked.mixing}

    def names(*keys: str) -> str:
        return "; ".join(people.written(key) for key in keys)

    def numbered(key: str, numbers: Sequence[int]) -> str:
        return f"{names(key)}; {', '.join(str(number + 1) for number in numbers)}"

    def text(lines: Iterator[str]) -> str:
        return "\n".join(lines)

    same = len(set(asked.seats)) == 1
    return {
        "rounds": str(asked.rounds),
        "tables": str(asked.tables),
        "seconds": str(round(asked.seconds or 10)),
        "topics": text(topics.get(code, code) for code in asked.table_topics),
        "seats": text(f"{least}-{most}" for least, most in (asked.seats[:1] if same else asked.seats)),
        "hosts": text(
            names(one.id) if one.table is None else numbered(one.id, (one.table,)) for one in asked.hosts
        ),
        "must": text(names(two.one, two.other) for two in asked.must),
        "must_counts": _strength(*(two.strength for two in asked.must)),
        "never": text(names(two.one, two.other) for two in asked.never),
        "never_counts": _strength(*(two.strength for two in asked.never)),
        "presence": text(numbered(one.id, one.rounds) for one in asked.people if one.rounds is not None),
        "reach": text(numbered(one.id, one.tables) for one in asked.people if one.tables is not None),
        **{kind: mixed.get(kind, Strength.OFF).name for kind in MIXED},
        "repeats": asked.repeats.name,
        "earlier_meetings": (asked.earlier_meetings or asked.repeats).name,
        "common_topics": asked.common_topics.name,
        "topics_at_tables": asked.topics_at_tables.name,
    }  # fmt: skip


def _strength(*found: Strength) -> str:
    """The first of them: the form has one for all."""
    return found[0].name if found else Strength.HARD.name


FIELDS: Final = {
    "participants": "", "tableTopics": "topics", "mixing": "city", "commonTopics": "common_topics",
    "topicsAtTables": "topics_at_tables", "works_on": "", "earlierMeetings": "earlier_meetings",
    "mostMoved": "most_moved", "new": "",
}  # fmt: skip
"""The form's fields by what the graph calls them; empty where the form has none."""


def at_fields(problem: Refused, people: People, fields: Collection[str]) -> Refused:
    """What the graph refused, beside the form's `fields` and with names."""

    def named(match: re.Match[str]) -> str:
        return people.known[match[0]].full if match[0] in people.known else match[0]

    def moved(one: Problem) -> Problem:
        key = one.row.removeprefix("participants[").removesuffix("]")
        words = KEY.sub(named, one.message)
        words = f"{people.known[key].full}: {words}" if key in people.known else words
        field = FIELDS.get(one.field, one.field)
        return Problem(words, field=field if field in fields else "")

    return Refused(problem.message, [moved(one) for one in problem.problems])
