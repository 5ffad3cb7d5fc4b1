from __future__ import annotations

from string import Formatter

import pytest

from services.kit.i18n import speaking
from services.matching.conflicts import rule_words, words
from services.matching.solver import Model
from services.matching.solver.conflict import Conflict, conflict
from services.matching.solver.conflict.reasons import TEXTS
from services.matching.solver.rules import Rule, Sort


def test_two_people_by_name_in_two_languages() -> None:
    model = Model(tables=2, rounds=3)
    for key, rounds in (("a", (0,)), ("b", (1, 2)), *((f"p{n}", (0, 1, 2)) for n in range(6))):
        model.person(key, city="KN", rounds=rounds)
    model.must("a", "b")
    found = conflict(model.problem(), 30.0)
    assert isinstance(found, Conflict)
    names = {"a": "Anna", "b": "Bert"}
    with speaking("de"):
        assert words(found, names) == "Anna und Bert sollen sich begegnen, sind aber nie in derselben Runde da."
    with speaking("en"):
        assert words(found, names) == "Anna and Bert shall meet, but are never there in the same round."


def test_rounds_and_tables_count_from_one() -> None:
    found = Conflict((), "too-few-places-in-reach", {"people": 8, "places": 6}, tables=(1,), round=0)
    with speaking("de"):
        assert words(found, {}) == "In Runde 1: Tisch 2 fasst 6; für 8 Personen ist kein anderer erreichbar."


@pytest.mark.parametrize("reason", TEXTS)
def test_every_reason_has_its_own_sentence(reason: str) -> None:
    fields = {name for _text, name, _format, _conversion in Formatter().parse(TEXTS[reason]) if name}
    found = Conflict((), reason, dict.fromkeys(fields, 3), tables=(0, 2))
    general = Conflict((), "together", {"rules": 3})
    for language in ("de", "en"):
        with speaking(language):
            assert "{" not in words(found, {})
            assert reason == "together" or words(found, {}) != words(general, {})


def test_every_rule_has_its_own_sentence() -> None:
    for language in ("de", "en"):
        with speaking(language):
            said = [rule_words(Rule(sort, ("a", "b"), 1, 2, "city"), {"a": "Anna"}) for sort in Sort]
            assert len(set(said)) == len(Sort)
            assert not any("{" in one for one in said)
    with speaking("de"):
        assert rule_words(Rule(Sort.SEAT, ("a",), table=1), {"a": "Anna"}) == "Anna bleibt an Tisch 2."
        assert rule_words(Rule(Sort.MIXING, kind="department"), {}) == "Die Tische mischen „Amt“."
