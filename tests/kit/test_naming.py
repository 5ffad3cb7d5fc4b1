"""Who is named in a text: found as whole words, by the words or by digests of them."""

import pytest

from services.kit import naming

WORDS = ("Zoë Quittenbaum", "zoe@town.example", "07531 900-4711", "@quitte:town.example")
KEY = b"a secret of the hub's own, 32 b."
WRITES = {
    "words": naming.rewriting(dict.fromkeys(WORDS, naming.GONE)),
    "digests": naming.unsealing([one for word in WORDS for one in naming.sealed(word, KEY)], KEY),
}
TEXTS = {
    "Dank an Zoë Quittenbaum!": "Dank an …!",
    "ZOE  QUITTENBAUM\nund Zoë\nQuittenbaum": "…\nund …",
    "Zoë Quittenbaums Rat, Zoë Quittenbaum’s Rat": "…s Rat, …’s Rat",
    "(Quittenbaum, Zoë)": "(…)",
    "<ZOE@town.example>; Tel.\u00a007531\u00a0900-4711": "<…>; Tel.\u00a0…",
    "Matrix: @quitte:town.example": "Matrix: @…",
    "Zoë Quittenbaumer, Frau Quittenbaum, xzoe@town.example": "Zoë Quittenbaumer, Frau Quittenbaum, xzoe@town.example",
    "Zoë Zoë Quittenbaum Quittenbaum": "Zoë … Quittenbaum",
    "": "",
    "¡!": "¡!",
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("text", TEXTS)
def test_words_are_found_however_they_are_written(write: str, text: str) -> None:
    assert WRITES[write](text) == TEXTS[text]


def test_a_longer_name_comes_before_a_shorter_one_and_each_has_its_own_new_one() -> None:
    write = naming.rewriting({"Kim Zweite": "Kim Erste", "Kim Zweite Neu": "K. Neu"})
    assert write("Kim Zweite Neu und Kim Zweite") == "K. Neu und Kim Erste"


def test_digests_of_another_hub_find_nothing() -> None:
    assert naming.unsealing(naming.sealed("Zoë Quittenbaum", b"another"), KEY)("Zoë Quittenbaum") == "Zoë Quittenbaum"


def test_all_of_json_is_rewritten_but_its_keys() -> None:
    value = [{"Zoë Quittenbaum": ["Zoë Quittenbaum", 1, None, {"a": "von Zoë Quittenbaum"}]}]
    assert naming.throughout(value, WRITES["words"]) == [{"Zoë Quittenbaum": ["…", 1, None, {"a": "von …"}]}]


@pytest.mark.parametrize(
    ("words", "enough"), [("Vortrag", False), ("und", False), ("Kim Ox", True), ("07531900", True)]
)
def test_one_word_is_anybody_s(words: str, enough: bool) -> None:
    assert naming.alone(words) is enough
