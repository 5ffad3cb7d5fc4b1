"""Which language a person gets."""

import datetime as dt

import pytest

from services.kit import pages
from services.kit.i18n import accepted, gettext, language, speaking


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "de"),
        ("", "de"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.1, de;q=0.9", "de"),
        ("fr, en;q=0.5, de;q=0.4", "en"),
        ("fr", "de"),
        ("de;q=0, en", "en"),
        ("*", "de"),
        (";;;q=x,,", "de"),
        ("en;q=nonsense, de", "de"),
    ],
)
def test_the_language_a_header_likes_best(header: str | None, expected: str) -> None:
    assert accepted(header) == expected


def test_german_unless_somebody_speaks_otherwise() -> None:
    message = "There is no such event."
    assert gettext(message) != message
    with speaking("en"):
        assert gettext(message) == message
        with speaking("fr"):
            assert language() == "de"
    assert language() == "de"


@pytest.mark.parametrize(("language", "said"), [("de", "05.12.26, 15:30"), ("en", "05/12/2026, 15:30")])
def test_no_page_writes_the_month_before_the_day(language: str, said: str) -> None:
    with speaking(language):
        assert pages.when(dt.datetime(2026, 12, 5, 14, 30, tzinfo=dt.UTC)) == said
