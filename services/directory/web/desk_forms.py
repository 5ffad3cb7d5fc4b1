"""The forms of a city's rows, as people fill them in: lists are lines of text, topics and people are called by name."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from services.directory.fields import ENTRY, FIELDS, Audience
from services.directory.protection import words
from services.directory.sheets import Keys, Labels, language_codes, language_name
from services.directory.snapshot import (
    AREAS,
    CityRow,
    Competences,
    DepartmentRow,
    Link,
    NavigatorRow,
    ProjectRow,
    Snapshot,
)
from services.directory.web.entry_form import Entry, Line, Lines, Who
from services.kit import forms
from services.kit.errors import HubError, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.seen import Seen

Key = Annotated[str, msgspec.Meta(max_length=64)]
TOPICS = ("offers", "seeks", "works_on")
SEES = "sees_"
OF_ROWS = {"name": 120, "title": 200}


class Withdrawing(msgspec.Struct, frozen=True):
    key: Key
    seen: Seen = ""


class _Navigator(Entry, frozen=True):
    seen: Seen = ""
    profile: Literal["", "VOLUNTARY", "PART_TIME", "FULL_TIME"] = ""
    tasks: list[Annotated[str, msgspec.Meta(max_length=40)]] = msgspec.field(default_factory=list)
    recruited: Literal["", "ASKED", "NOMINATED", "APPLIED"] = ""
    coordinator: bool = False
    funded: bool = False
    mentor: Line = ""


NavigatorForm: Any = msgspec.defstruct(
    "NavigatorForm", [(f"{SEES}{name}", Who, "") for name in (ENTRY, *FIELDS)], bases=(_Navigator,), frozen=True
)
"""With who sees each field; empty is the default."""


class ProjectForm(msgspec.Struct, frozen=True):
    title: Line
    seen: Seen = ""
    summary: Lines = ""
    stage: Literal["IDEA", "PLANNED", "RUNNING", "DONE", "STOPPED"] = "IDEA"
    department: Line = ""
    seeks_partners: bool = False
    seeks_test_area: bool = False
    topics: Lines = ""
    navigators: Lines = ""
    reusable: Lines = ""
    lessons: Lines = ""
    links: Lines = ""
    """An address on each line, with what it is called behind it."""


class DepartmentForm(msgspec.Struct, frozen=True):
    name: Line
    seen: Seen = ""
    target: int = 1
    employees: int | None = None


class CityForm(msgspec.Struct, frozen=True):
    name: Line
    seen: Seen = ""
    website: Line = ""
    contact: Line = ""
    contact_email: Line = ""
    contact_phone: Line = ""


@dataclass(frozen=True)
class Sheet:
    """What a form is filled with and understood by: the city, the vocabulary, who is meant by a name."""

    city: Snapshot
    labels: Labels
    keys: Keys

    @classmethod
    def of(cls, city: Snapshot, labels: Labels) -> "Sheet":
        keys = Keys(city, lambda _place, _said: None)
        keys.people((one.key, one.name, one.email) for one in city.navigators)
        return cls(city, labels, keys)

    def called(self, key: str) -> str:
        """The name of a navigator where it means nobody else, else the key."""
        name = next((one.name for one in self.city.navigators if one.key == key), key)
        return name if self.keys.person(name) == key else key


class Reading:
    """Takes texts of a form apart and collects what is wrong with them."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.problems = sheet, list[Problem]()

    def topics(self, field: str, text: str) -> tuple[str, ...]:
        return self._each(field, text, lambda said: self.sheet.labels.code(said).code, self._no_topic)

    def people(self, field: str, text: str) -> tuple[str, ...]:
        return self._each(field, text, self.sheet.keys.person, self._nobody)

    def _each(
        self, field: str, text: str, find: Callable[[str], str | None], lost: Callable[[str], str]
    ) -> tuple[str, ...]:
        found = [(said, find(said)) for said in forms.lines(text)]
        self.problems += [Problem(lost(said), field=field) for said, one in found if one is None]
        return tuple(sorted({one for _said, one in found if one is not None}))

    def _no_topic(self, said: str) -> str:
        if near := self.sheet.labels.near(said):
            return _("“{topic}” is no topic of the vocabulary. Do you mean “{near}”?", topic=said[:60], near=near)
        return _("“{topic}” is no topic of the vocabulary.", topic=said[:60])

    def _nobody(self, said: str) -> str:
        return _("“{name}” is no navigator of your city, or the name of several: then write the key.", name=said[:60])

    def done(self) -> None:
        if self.problems:
            raise Refused(_("Please look at the fields that are named."), self.problems)


# From a form to a row ---------------------------------------------------------------------------------------------


def navigator(said: Any, before: NavigatorRow | None, key: str, sheet: Sheet) -> NavigatorRow:
    """What the form does not ask for stays as it was. Raises Refused with the form's fields."""
    reading = Reading(sheet)
    mentor = said.mentor or None
    row = msgspec.structs.replace(
        before or NavigatorRow(key, said.name),
        name=said.name,
        title=said.title,
        department=said.department,
        profile=said.profile or None,
        hours_share=said.hours_share,
        languages=language_codes(said.languages),
        email=said.email or None,
        phone=said.phone or None,
        chat=said.chat or None,
        room=said.room,
        since=said.since,
        until=said.until,
        mentor=(sheet.keys.person(mentor) or mentor) if mentor else None,
        recruited=said.recruited or None,
        tasks=tuple(said.tasks),
        coordinator=said.coordinator,
        funded=said.funded,
        competences=Competences(**{area: tuple(forms.lines(getattr(said, area))) for area in AREAS}),
        visibility={name: one for name in (ENTRY, *FIELDS) if (one := getattr(said, SEES + name))},
        **{name: reading.topics(name, getattr(said, name)) for name in TOPICS},
    )
    reading.done()
    return row


def project(said: ProjectForm, before: ProjectRow | None, key: str, sheet: Sheet) -> ProjectRow:
    """As `navigator`."""
    reading = Reading(sheet)
    row = ProjectRow(
        key=key,
        title=said.title,
        summary=said.summary,
        stage=said.stage,
        department=said.department,
        seeks_partners=said.seeks_partners,
        seeks_test_area=said.seeks_test_area,
        topics=reading.topics("topics", said.topics),
        navigators=reading.people("navigators", said.navigators),
        reusable=said.reusable,
        lessons=said.lessons,
        links=tuple(Link(*_link(line)) for line in forms.lines(said.links)),
    )
    reading.done()
    return row


def _link(line: str) -> tuple[str, str]:
    address, _space, label = line.partition(" ")
    return address, label.strip()


def department(said: DepartmentForm, before: DepartmentRow | None, key: str, sheet: Sheet) -> DepartmentRow:
    return DepartmentRow(key, said.name, said.target, said.employees)


def city(said: CityForm, before: CityRow) -> CityRow:
    return msgspec.structs.replace(
        before,
        name=said.name,
        website=said.website or None,
        contact=said.contact,
        contact_email=said.contact_email or None,
        contact_phone=said.contact_phone or None,
    )


def beside(problem: HubError) -> Refused:
    """What a publication found wrong with the row, beside the fields of its form."""
    if not problem.problems:
        return Refused(problem.message)
    message = _("Nothing was stored. Please look at the fields that are named.")
    return Refused(message, [Problem(one.message, field=_field(one.field)) for one in problem.problems])


def _field(told: str) -> str:
    kind, _dot, part = told.partition(".")
    if kind == "visibility":
        return SEES + _snake(part)
    return _snake(part if kind == "competences" else kind.partition("[")[0])


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name).lower()


# From a row to a form ---------------------------------------------------------------------------------------------


def navigator_texts(row: NavigatorRow | None, sheet: Sheet) -> dict[str, Any]:
    """What stands in the fields that are no plain values of the row."""
    shown = row or NavigatorRow("", "")
    return {
        **{name: topic_lines(getattr(shown, name), sheet) for name in TOPICS},
        **{area: "\n".join(getattr(shown.competences, area)) for area in AREAS},
        "languages": ", ".join(map(language_name, shown.languages)),
        "mentor": sheet.called(shown.mentor) if shown.mentor else "",
    }


def project_texts(row: ProjectRow | None, sheet: Sheet) -> dict[str, Any]:
    shown = row or ProjectRow("", "")
    return {
        "topics": topic_lines(shown.topics, sheet),
        "navigators": "\n".join(map(sheet.called, shown.navigators)),
        "links": "\n".join(f"{one.url} {one.label}".strip() for one in shown.links),
    }


def topic_lines(codes: Sequence[str], sheet: Sheet) -> str:
    return "\n".join(sheet.labels.name(code) for code in codes)


def audiences(row: NavigatorRow | None) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """For each field: the name in the form, its label, the choices, what is chosen."""
    chosen = row.visibility if row else {}
    found = [(SEES + ENTRY, _("That the person is a navigator"), _choices(ENTRY), chosen.get(ENTRY, ""))]
    found += [(SEES + name, words.field_name(name), _choices(name), chosen.get(name, "")) for name in FIELDS]
    return found


def _choices(name: str) -> list[tuple[str, str]]:
    """Who can see a field, with its default first."""
    usual, widest = (FIELDS[name].default, FIELDS[name].widest) if name != ENTRY else (Audience.PUBLIC,) * 2
    narrowest = Audience.CITY if name == ENTRY else Audience.PRIVATE
    among = [one for one in Audience if widest <= one <= narrowest and one != usual]
    return [
        ("", _("{audience} (usual)", audience=audience(usual))), *((one.name, audience(one)) for one in among)
    ]  # fmt: skip


def audience(one: Audience) -> str:
    """As a city says it of its people."""
    return {
        Audience.PUBLIC: _("everybody"),
        Audience.NETWORK: _("the cities that take part"),
        Audience.CITY: _("our own city"),
        Audience.PRIVATE: _("only the person"),
    }[one]


def names(fields: Iterable[str]) -> dict[str, str]:
    """What fields of the forms are called, for the summary of what is wrong."""
    known = {
        "title": _("Title"), "summary": _("Summary"), "stage": _("Stage"), "topics": _("Topics"),
        "navigators": _("Navigators"), "reusable": _("What others can use"), "lessons": _("What was learnt"),
        "links": _("Links"), "name": _("Name"), "target": _("Target"), "employees": _("Employees"),
        "website": _("Website"), "contact": _("Contact point"), "contact_email": _("E-mail address"),
        "contact_phone": _("Phone"), "professional": _("Professional"), "methodical": _("Methodical"),
        "social": _("Social"), "personal": _("Personal"),
    }  # fmt: skip
    return {name: known.get(name) or words.field_name(name.removeprefix(SEES)) for name in fields}
