"""Surveys as organisers write them and people answer them: checked as a whole. Pure: no database, no clock."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from services.events.surveys.factors import FACTORS
from services.kit.checks import Checks
from services.kit.i18n import gettext as _

Kind = Literal["SCALE", "CHOICE", "TEXT", "FACTORS"]
MOST_QUESTIONS: Final = 40
MOST_OPTIONS: Final = 40
LONGEST_TEXT: Final = 2_000
SCALE: Final = (1, 5)
"""From „not at all“ to „very much“."""


class Question(msgspec.Struct, frozen=True):
    """`options` and `most` (how many of them may be picked) are for CHOICE. FACTORS asks for the five of `factors`.

    `wishes`: what is chosen are wishes for modules, which the annual report ranks over all surveys.
    """

    kind: Kind
    text: str
    options: tuple[str, ...] = ()
    most: int = 1
    required: bool = False
    wishes: bool = False


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """To one question: `scale`, `text`, or `picks`, which count from 0. All empty: no answer."""

    scale: int | None = None
    picks: tuple[int, ...] = ()
    text: str = ""
    given: bool = False
    """Whether FACTORS was answered: to have none of the five is an answer."""

    @property
    def empty(self) -> bool:
        return self.scale is None and not self.picks and not self.text and not self.given


class Draft(msgspec.Struct, frozen=True):
    title: str
    questions: tuple[Question, ...]
    by_city: bool = False


def validate(draft: Draft) -> Draft:
    """The draft with its texts cleaned. Raises Refused with every problem by row and field."""
    checks = Checks()
    if not 1 <= len(draft.questions) <= MOST_QUESTIONS:
        checks.add("survey", "questions", _("Ask between one and {most} questions.", most=MOST_QUESTIONS))
    questions = [_question(checks, f"questions[{i}]", one) for i, one in enumerate(draft.questions[:MOST_QUESTIONS])]
    clean = Draft(checks.text("survey", "title", draft.title, 200), tuple(questions), draft.by_city)
    checks.done(_("The survey was not stored. Please correct the fields named and send it again."))
    return clean


def _question(checks: Checks, row: str, question: Question) -> Question:
    options: tuple[str, ...] = ()
    if question.kind == "CHOICE":
        if not 2 <= len(question.options) <= MOST_OPTIONS:
            checks.add(row, "options", _("Offer between two and {most} options.", most=MOST_OPTIONS))
        options = tuple(checks.text(row, "options", one, 200) for one in question.options[:MOST_OPTIONS])
        if len(set(options)) < len(options):
            checks.add(row, "options", _("An option stands there twice."))
        checks.number(row, "most", question.most, 1, max(1, len(options)))
    elif question.options or question.wishes:
        checks.add(row, "options", _("Only a question of the kind CHOICE has options."))
    text = checks.text(row, "text", question.text, 500)
    most = question.most if options else 1
    return Question(question.kind, text, options, most, question.required, question.wishes)


def answered(questions: Sequence[Question], answers: Sequence[Answer]) -> list[Answer]:
    """The answers, one for each question, cleaned. Raises Refused with every problem by row."""
    checks = Checks()
    if len(answers) != len(questions):
        words = _("The survey has {asked} questions, but there are {given} answers.", asked=len(questions),
                  given=len(answers))  # fmt: skip
        checks.add("answers", "", words)
    clean = [
        _answer(checks, f"answers[{i}]", question, answer)
        for i, (question, answer) in enumerate(zip(questions, answers, strict=False))
    ]
    checks.done(_("Nothing was stored. Please correct the answers named and send them again."))
    return clean


def _answer(checks: Checks, row: str, question: Question, answer: Answer) -> Answer:
    fitting = {"SCALE": "scale", "CHOICE": "picks", "FACTORS": "picks", "TEXT": "text"}[question.kind]
    for field in ("scale", "picks", "text"):
        if field != fitting and getattr(answer, field):
            checks.add(row, field, _("This question wants another kind of answer."))
    text = checks.text(row, "text", answer.text, LONGEST_TEXT, required=False)
    if question.kind == "SCALE" and answer.scale is not None:
        checks.number(row, "scale", answer.scale, *SCALE)
    if fitting == "picks":
        most = len(FACTORS) if question.kind == "FACTORS" else question.most
        offered = len(FACTORS) if question.kind == "FACTORS" else len(question.options)
        if len(answer.picks) > most:
            checks.add(row, "picks", _("Choose at most {most}.", most=most))
        if len(set(answer.picks)) < len(answer.picks) or not all(0 <= pick < offered for pick in answer.picks):
            checks.add(row, "picks", _("Choose each option once, by its number from 1 to {offered}.", offered=offered))
    picks = tuple(sorted(answer.picks)) if fitting == "picks" else ()
    scale = answer.scale if question.kind == "SCALE" else None
    clean = Answer(scale, picks, text if question.kind == "TEXT" else "",
                   question.kind == "FACTORS" and (answer.given or bool(picks)))  # fmt: skip
    if question.required and clean.empty:
        checks.add(row, "", _("Please answer this question."))
    return clean
