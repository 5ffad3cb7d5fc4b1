"""Words, stems, compounds, and questions that nothing can break."""

import random

import msgspec
import pytest

from services.directory.topics import SEED, TopicRow
from services.directory.wording import Asked, Terms, Tier, lexemes, tier_of, understood
from services.directory.wording.compounds import parts, stem
from services.directory.wording.words import spellings
from services.kit.db import HUB
from services.kit.service import Hub

ROWS = msgspec.json.decode(SEED.read_bytes(), type=list[TopicRow])
TERMS = Terms.of([(row.code, label) for row in ROWS for label in (row.de, row.en, *row.synonyms)])


def topics(text: str) -> set[str]:
    return {code for word in understood(text, TERMS).words for code in word.topics}


@pytest.mark.parametrize(
    "text", ["Aktenführung", "E-Akte", "eAkte", "elektronische Akten", "Aktenplan", "Aktenfuehrung"]
)
def test_words_of_the_file_mean_the_e_file(text: str) -> None:
    assert "e-file" in topics(text)


def test_a_generic_word_alone_means_no_topic() -> None:
    assert topics("Stadt") == topics("digitale") == topics("Daten") == set()
    assert "smart-city" in topics("digitale Stadt")
    assert "open-data" in topics("offene Daten")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("aktenfuhrung", ["akten", "fuhrung"]),
        ("stadtarchiv", ["stadt", "archiv"]),
        ("landratsamt", ["land", "rat", "amt"]),
        ("haushaltsplanung", ["haushalt", "planung"]),
        ("schultrager", ["schule", "trager"]),
        ("verwaltung", []),
        ("beamte", []),
        ("xylophon", []),
        ("a" * 5000, []),
    ],
)
def test_compounds(word: str, expected: list[str]) -> None:
    assert [stem(part) for part in expected] == [*parts(word)] or set(map(stem, expected)) == set(parts(word))


def test_umlauts_are_found_as_people_type_them() -> None:
    assert set(spellings("Ämter")) == set(spellings("Aemter")) == {"amter", "aemter"}
    assert spellings("neue") == ("neue",)
    assert set(spellings("E-Akte")) == {"e", "akte", "eakte"}


def test_tiers_from_the_name_to_the_meaning() -> None:
    rows = {
        Tier.NAMED: lexemes([], title="Die Akte"),
        Tier.EXACT: lexemes(["Unsere Akte"]),
        Tier.NAMED_PREFIX: lexemes([], title="Aktenschrank"),
        Tier.PREFIX: lexemes(["Aktenschrank"]),
        Tier.MEANING: lexemes(["Amt"], ["e-file", "document-management"]),
        None: lexemes(["Amt"], ["finance"]),
    }
    assert {tier: tier_of(understood("Akte", TERMS), row) for tier, row in rows.items()} == {one: one for one in rows}
    assert tier_of(understood("Häuser", TERMS), lexemes(["Unser Haus"])) is Tier.STEM


NASTY = (
    "'", "\\", ":*", "&", "|", "!", "<->", "(", ")", "%", "_", "\0", "ä", "ß", "ﬁ", "İ", "-", "E-Akte", "topic", "und",
    "#e-file", "@zoe", "\u202e", "😀", "Ⅻ", "١", "a" * 200, " ",
)  # fmt: skip


async def test_no_question_breaks_the_query_and_both_sides_tell_the_same_tier(shared: Hub) -> None:
    """The tiers told in Python (for topics) are those that PostgreSQL tells for the same lexemes."""
    pick = random.Random(7)
    texts = [
        *NASTY,
        *("".join(pick.choices(NASTY, k=pick.randint(2, 12))) for _ in range(60)),
        "Ämter und Akten",
        "E-Akte",
    ]
    row = lexemes(["Ämter für Aktenführung ﬁ"], ["e-file", "document-management"], title="E-Akte ١", name="Zoë")
    async with shared.runtimes["directory"].db.read(HUB) as session:
        connection = await (await session.connection()).get_raw_connection()
        for text in texts:
            asked: Asked = understood(text, TERMS)
            told = [
                tier
                for tier in asked.tiers()
                if asked.words
                and await connection.driver_connection.fetchval(  # type: ignore[union-attr]
                    "SELECT array_to_tsvector($1::text[]) @@ $2::tsquery", row, asked.only(tier)
                )
            ]
            expected = tier_of(asked, row)
            assert told == ([] if expected is None else [expected]), text


def test_no_word_is_a_beginning_of_what_stands_for_topics_and_stems() -> None:
    row = lexemes(["Rathaus"], ["e-file"], place="08335043")
    for text in ("t", "topic", "stem", "#", "=0", "08335043"):
        assert tier_of(understood(text, TERMS), row) is None, text
