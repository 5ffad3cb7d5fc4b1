"""How texts become words that can be found, and how a question becomes a query. Pure.

Words are folded. A row is found by its words, their stems, the parts of compounds, its topics with those above them,
and its city; a question knows for each of its words what else would answer it.
"""

from services.directory.wording.query import (
    LONGEST_TEXT,
    MOST_WORDS,
    Asked,
    Index,
    Terms,
    Tier,
    Word,
    tier_of,
    understood,
)
from services.directory.wording.words import NAME, PART, PLACE, STEM, TOPIC, lexemes
from services.kit.text import words

__all__ = [
    "LONGEST_TEXT",
    "MOST_WORDS",
    "NAME",
    "PART",
    "PLACE",
    "STEM",
    "TOPIC",
    "Asked",
    "Index",
    "Terms",
    "Tier",
    "Word",
    "lexemes",
    "tier_of",
    "understood",
    "words",
]
