"""Modules as they are often taught, for a programme to start from. Pure; texts are in the current language.

The first three are those of Konstanz's year 2019 (annual report 2019, sections 2.4.1 to 2.4.3); the others are what its
navigators wished for most in 2020 (section 2.6). The learning trip of that year is an event of a kind of its own.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from services.kit.i18n import gettext as _


class Lesson(msgspec.Struct, frozen=True):
    """`before` names the lessons that should have been attended."""

    title: str
    summary: str
    goals: tuple[str, ...]
    before: tuple[str, ...] = ()


def _team() -> Lesson:
    return Lesson(
        _("Team building"),
        _("Getting to know each other away from the office, and what the role of a navigator is."),
        (_("I know the other navigators and their departments."), _("I can say what my role is, and what it is not.")),
    )


def _basics() -> Lesson:
    return Lesson(
        _("Basic knowledge"),
        _("E-government, online services and what the law asks for."),
        (_("I can explain the most important terms."), _("I know which online services my city offers.")),
        ("TEAM",),
    )


def _methods() -> Lesson:
    return Lesson(
        _("Methods"),
        _("Working on a case of one's own: from the people who use a service to a first draft."),
        (_("I can describe a service from its users' point of view."), _("I can lead a short workshop.")),
        ("BASICS",),
    )


def _processes() -> Lesson:
    return Lesson(
        _("Process workshop"),
        _("Writing down a process as it is, and drawing it as it should be."),
        (_("I can draw a process that others understand."), _("I find the steps that nobody needs.")),
        ("METHODS",),
    )


def _projects() -> Lesson:
    return Lesson(
        _("Project management"),
        _("From the order to the handover: plan, roles, risks."),
        (_("I can write a project order."), _("I know who has to be asked, and when.")),
        ("METHODS",),
    )


def _change() -> Lesson:
    return Lesson(
        _("Leading change"),
        _("What people need when their work changes, and how one speaks about it."),
        (_("I take objections seriously and can answer them."),),
        ("TEAM",),
    )


LESSONS: Final[dict[str, Callable[[], Lesson]]] = {
    "TEAM": _team,
    "BASICS": _basics,
    "METHODS": _methods,
    "PROCESSES": _processes,
    "PROJECTS": _projects,
    "CHANGE": _change,
}
FIRST_YEAR: Final = ("TEAM", "BASICS", "METHODS")


def in_order(names: tuple[str, ...]) -> list[str]:
    """The lessons named and all that come before them, those first."""
    found: list[str] = []

    def visit(name: str) -> None:
        if name not in found:
            for one in LESSONS[name]().before:
                visit(one)
            found.append(name)

    for name in names:
        visit(name)
    return found
