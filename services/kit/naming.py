"""Who is named in what others wrote, found again as whole words: whatever their case and accents, across lines, in the
genitive, as „Name, First name“. By the words themselves, or by digests of them, which tell nobody who it was.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, inspect, select, update

from services.kit.db import Writer
from services.kit.text import folded

SHORTEST = 6
"""Shorter words say nothing about a person by themselves, and would be found everywhere."""
GONE = "…"
KEY = "words that led to somebody"
"""Of the secret with which digests are made."""
_RUN = re.compile(r"\w+")

Write = Callable[[str], str]


def telling(words: str) -> bool:
    """Whether words lead to somebody in whatever text they stand."""
    return len(words) >= SHORTEST


def alone(words: str) -> bool:
    """Whether words lead to somebody even where people write what they like: a name of one word is anybody's."""
    return telling(words) and not words.isalpha()


def sealed(words: str, key: bytes) -> list[str]:
    """Digests of `words` for `unsealing`: with `key` alone, texts can be searched for them."""
    found = map(_plain, _ways(words))
    return [f"{count}.{_digest(first, key)}.{_digest(plain, key)}" for first, plain, count in found if count]


def rewriting(words: Mapping[str, str]) -> Write:
    """What writes other words for these, where one of them stands."""
    counts: dict[str, set[int]] = {}
    known: dict[str, str] = {}
    for old, new in words.items():
        for first, plain, count in map(_plain, _ways(old)):
            if count:
                counts.setdefault(first, set()).add(count)
                known[plain] = new
    return _writing(lambda first: counts.get(first, ()), known.get)


def unsealing(digests: Sequence[str], key: bytes) -> Write:
    """What writes GONE for the words of which these are the digests."""
    counts: dict[str, set[int]] = {}
    known = set[str]()
    for one in digests:
        count, first, plain = one.split(".")
        counts.setdefault(first, set()).add(int(count))
        known.add(plain)
    return _writing(
        lambda first: counts.get(_digest(first, key), ()),
        lambda plain: GONE if _digest(plain, key) in known else None,
    )


def throughout(value: Any, write: Write) -> Any:
    """`value`, as JSON has it, with all its texts rewritten; keys stay."""
    if isinstance(value, str):
        return write(value)
    if isinstance(value, list):
        return [throughout(one, write) for one in value]
    if isinstance(value, dict):
        return {key: throughout(one, write) for key, one in value.items()}
    return value


async def rewrite(
    session: Writer, model: Any, fields: Sequence[str], write: Write, *where: ColumnElement[bool]
) -> list[tuple[Any, ...]]:
    """Rewrite the texts, lists and JSON in `fields` of the rows `where`; returns the keys of those that changed."""
    keys = inspect(model).primary_key
    columns = [getattr(model, name) for name in fields]
    changed = []
    for row in (await session.execute(select(*keys, *columns).where(*where))).all():
        key, before = tuple(row[: len(keys)]), row[len(keys) :]
        after = [throughout(one, write) for one in before]
        if list(before) != after:
            changed.append(key)
            one = [column == part for column, part in zip(keys, key, strict=True)]
            values = dict(zip(fields, after, strict=True))
            await session.execute(update(model).where(*one).values(values))
    return changed


def _ways(words: str) -> list[str]:
    first, _space, last = words.rpartition(" ")
    return [words, f"{last}, {first}"] if first and "@" not in words else [words]


def _plain(words: str) -> tuple[str, str, int]:
    """The first word as words are compared, all of them so, and how many there are."""
    runs = list(_RUN.finditer(words))
    return (folded(runs[0][0]), _between(words, runs[0], runs[-1]), len(runs)) if runs else ("", "", 0)


def _between(text: str, first: re.Match[str], last: re.Match[str]) -> str:
    return folded(" ".join(text[first.start() : last.end()].split()))


def _digest(plain: str, key: bytes) -> str:
    return blake2b(plain.encode(), digest_size=12, key=key).hexdigest()


def _writing(counts: Callable[[str], Iterable[int]], new: Callable[[str], str | None]) -> Write:
    """`counts`: how many words there may be from this one on; `new`: what stands for all of them."""
    seen: dict[str, list[int]] = {}  # texts say the same few words again and again

    def begun(run: str) -> list[int]:
        if run not in seen:
            plain = folded(run)
            seen[run] = sorted({*counts(plain), *(counts(plain[:-1]) if plain.endswith("s") else ())}, reverse=True)
        return seen[run]

    def found(plain: str) -> str | None:
        said = new(plain)
        if said is None and plain.endswith("s") and (whole := new(plain[:-1])) is not None:
            return whole + "s"
        return said

    def write(text: str) -> str:
        runs = list(_RUN.finditer(text))
        parts, end, at = list[str](), 0, 0
        while at < len(runs):
            for count in begun(runs[at][0]):
                last = at + count - 1
                if last < len(runs) and (said := found(_between(text, runs[at], runs[last]))) is not None:
                    parts += [text[end : runs[at].start()], said]
                    end, at = runs[last].end(), last
                    break
            at += 1
        return "".join([*parts, text[end:]]) if parts else text

    return write
