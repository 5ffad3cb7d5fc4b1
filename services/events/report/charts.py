"""Charts as SVG, drawn here: bars, stacked bars, a matrix. Pure.

Every chart is as wide as the text of an A4 page (lengths are points) and reads without colour: the shades differ in
lightness, each shape has an outline, and values stand beside or inside it. What a chart says in words (`alt`) and the
table beside it are the caller's: long labels are shortened here and whole there.
"""

import html
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

WIDTH: Final = 493.0
SHADES: Final = ("#14395b", "#37719f", "#7aa3c5", "#b3cadc", "#e6edf4")
"""From dark to light."""
MOST_ROWS: Final = 60
MOST_CITIES: Final = 14
_INK, _PAPER = "#000000", "#ffffff"
_LABEL, _VALUE = 168.0, 52.0
"""Room for labels on the left and for values on the right of the bars."""
_SIZE, _LINE, _GAP = 9.0, 11.0, 7.0
_LETTERS: Final = 36
"""In a line of a label."""


class Row(NamedTuple):
    """One label with a value for each series; none is below zero."""

    label: str
    values: tuple[float, ...]


Words = Callable[[float], str]


def bars(rows: Sequence[Row], words: Words, series: Sequence[str] = (), *, stacked: bool = False) -> str:
    """Bars from the left, one for each value (the last is darkest), or one for each row in parts (`stacked`).

    `words` writes a value; `series` names the values where there are several. Raises ValueError for more than
    `MOST_ROWS` rows.
    """
    if len(rows) > MOST_ROWS:
        raise ValueError(f"{len(rows)} rows are too many to read")
    count = max((len(row.values) for row in rows), default=1)
    shades = _shades(count, light_first=count > 1 and not stacked)
    most = max((sum(row.values) if stacked else max(row.values, default=0.0) for row in rows), default=0.0)
    scale = (WIDTH - _LABEL - _VALUE) / most if most else 0.0
    parts, top = _legend(series, shades)
    start = top
    for row in rows:
        label = _wrapped(row.label)
        deep = 17.0 if stacked or len(row.values) == 1 else 11.0 * len(row.values)
        height = max(deep, _LINE * len(label))
        parts += _label(label, top + height / 2)
        if stacked:
            parts += _stack(row, scale, top + (height - deep) / 2, shades, words)
        else:
            for number, (value, shade) in enumerate(zip(row.values, shades, strict=False)):
                each = deep / len(row.values)
                y = top + (height - deep) / 2 + number * each
                parts.append(_box(_LABEL, y + 1, value * scale, each - 2, shade))
                parts.append(_text(words(value), _LABEL + value * scale + 5, y + each / 2))
        top += height + _GAP
    parts.append(f'<path d="M{_LABEL:g} {start:g}V{max(top - _GAP, start):g}" stroke="{_INK}" stroke-width="0.8"/>')
    return _svg(parts, max(top - _GAP, 1))


def shares(rows: Sequence[Row], words: Words, series: Sequence[str]) -> str:
    """Each row's values as parts of the same whole length, light to dark; a row without values stays empty."""
    if len(rows) > MOST_ROWS:
        raise ValueError(f"{len(rows)} rows are too many to read")
    shades = _shades(len(series), light_first=True)
    parts, top = _legend(series, shades)
    for row in rows:
        label = _wrapped(row.label)
        height = max(17.0, _LINE * len(label))
        parts += _label(label, top + height / 2)
        whole = sum(row.values)
        scale = (WIDTH - _LABEL - 1) / whole if whole else 0.0
        parts += _stack(row, scale, top + (height - 17) / 2, shades, words, whole=False)
        top += height + _GAP
    return _svg(parts, max(top - _GAP, 1))


def matrix(names: Sequence[str], values: Sequence[Sequence[int]], words: Words) -> str:
    """How much lies between each two of `names`: numbered rows and columns, darker for more; zero stays white.

    Raises ValueError for more than `MOST_CITIES` names.
    """
    if len(names) > MOST_CITIES:
        raise ValueError(f"{len(names)} names are too many to read")
    most = max((value for row in values for value in row), default=0)
    left = _LABEL + 20
    side = min(34.0, (WIDTH - left) / max(len(names), 1))
    parts, top = [], 16.0
    for number, name in enumerate(names):
        parts.append(_text(str(number + 1), left + (number + 0.5) * side, 7, anchor="middle", bold=True))
        parts += _label(_wrapped(f"{number + 1} {name}"), top + side / 2)
        for other, value in enumerate(values[number]):
            x = left + other * side
            if other == number:
                parts.append(f'<path d="M{x:g} {top:g}l{side:g} {side:g}" stroke="{_INK}" stroke-width="0.4"/>')
                continue
            step = math.ceil(value / most * len(SHADES)) if value else 0
            shade = SHADES[len(SHADES) - step] if step else _PAPER
            parts.append(_box(x, top, side, side, shade))
            text = words(value) if value else "–"
            parts.append(_text(text, x + side / 2, top + side / 2, anchor="middle", fill=_on(shade)))
        top += side
    return _svg(parts, top + 1)


# Parts ------------------------------------------------------------------------------------------------------------


def _stack(
    row: Row, scale: float, y: float, shades: Sequence[str], words: Words, *, whole: bool = True
) -> Iterator[str]:
    x = _LABEL
    for value, shade in zip(row.values, shades, strict=False):
        wide, text = value * scale, words(value)
        if value:
            yield _box(x, y, wide, 17, shade)
        if value and wide > 5.2 * len(text) + 3:
            yield _text(text, x + wide / 2, y + 8.5, anchor="middle", fill=_on(shade))
        x += wide
    if whole:
        yield _text(words(sum(row.values)), x + 5, y + 8.5)


def _legend(series: Sequence[str], shades: Sequence[str]) -> tuple[list[str], float]:
    """The names of the series, as many in a line as fit, and where what follows begins."""
    parts, x, y = [], _LABEL, 0.0
    for name, shade in zip(series, shades, strict=False):
        wide = 5.0 * len(name) + 28
        if x + wide > WIDTH and x > _LABEL:
            x, y = _LABEL, y + 15
        parts += [_box(x, y + 1, 9, 9, shade), _text(name, x + 14, y + 5.5)]
        x += wide
    return parts, y + 21 if parts else 1.0


def _shades(count: int, *, light_first: bool) -> list[str]:
    """`count` shades as far apart as they can be; from the sixth on they repeat."""
    last = len(SHADES) - 1
    steps = (
        [round(number * last / (count - 1)) for number in range(count)] if 1 < count <= len(SHADES) else range(count)
    )
    found = [SHADES[step % len(SHADES)] for step in steps]
    return found[::-1] if light_first else found


def _on(shade: str) -> str:
    """What is readable on it (WCAG 2.2, contrast of 4.5 : 1 at least)."""
    return _PAPER if shade in SHADES[:2] else _INK


def _wrapped(label: str) -> list[str]:
    return textwrap.wrap(label, _LETTERS, max_lines=2, placeholder=" …") or [""]


def _label(lines: Sequence[str], middle: float) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield _text(line, 0, middle + (number - (len(lines) - 1) / 2) * _LINE)


def _box(x: float, y: float, wide: float, high: float, shade: str) -> str:
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" fill="{shade}" '
        f'stroke="{SHADES[0]}" stroke-width="0.5"/>'
    )


def _text(text: str, x: float, middle: float, *, anchor: str = "start", fill: str = _INK, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.2f}" y="{middle + 3.1:.2f}" text-anchor="{anchor}" fill="{fill}"{weight}>'
        f"{html.escape(text)}</text>"
    )


def _svg(parts: Sequence[str], height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:.2f}" width="{WIDTH:g}" '
        f'height="{height:.2f}" role="img" font-family="Source Sans Pro, Source Sans 3, sans-serif" '
        f'font-size="{_SIZE:g}">{"".join(parts)}</svg>'
    )
