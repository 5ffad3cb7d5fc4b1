"""The network of contacts between cities as a picture: names below each other, an arc between each two. Pure.

The places are computed, not searched for: cities stand in the order of their keys, so that neighbours are near each
other, and the same figures always make the same picture. An arc is the wider the more people met. Lengths are those of
the drawing, which is as wide as a phone.
"""

from typing import Final, NamedTuple

from services.events.report.figures import MOST_IN_PICTURE, Contacts

WIDTH: Final = 420.0
_NAMES: Final = 196.0
"""Where the names end."""
_LINE: Final = 30.0
_TOP: Final = 20.0
_LETTERS: Final = 23
_THIN, _WIDE = 0.75, 8.0
_SMALL, _LARGE = 3.0, 10.0
MOST_ARCS: Final = 150


class City(NamedTuple):
    """`own`: of the state; `y` is where its name stands, `radius` that of its dot."""

    ags: str
    name: str
    short: str
    contacts: int
    own: bool
    y: float
    radius: float


class Arc(NamedTuple):
    one: str
    other: str
    pairs: int
    path: str
    width: float


class Picture(NamedTuple):
    """`left` are cities that have contacts and no room; `x` is where the dots are."""

    cities: tuple[City, ...]
    arcs: tuple[Arc, ...]
    height: float
    left: int
    width: float = WIDTH
    x: float = _NAMES + 16


def picture(found: Contacts, state: str) -> Picture:
    """Of the `MOST_IN_PICTURE` cities with most contacts; those of other states stand below."""
    ranked = sorted(found.cities, key=lambda ags: (-found.cities[ags], ags))
    shown = sorted(ranked[:MOST_IN_PICTURE], key=lambda ags: (not ags.startswith(state), ags))
    most = max(found.cities.values(), default=1)
    cities = tuple(_city(found, ags, state, number, most) for number, ags in enumerate(shown))
    at = {city.ags: city for city in cities}
    pairs = [one for one in found.between if one.one in at and one.other in at][:MOST_ARCS]
    widest = max((one.pairs for one in pairs), default=1)
    # The longest arc reaches the edge; the others are flattened as much, so that all are parts of ellipses alike.
    reach = max((abs(at[one.one].y - at[one.other].y) for one in pairs), default=0.0) / 2
    flat = min(1.0, (WIDTH - _NAMES - 16 - _WIDE) / reach) if reach else 1.0
    arcs = []
    for one in pairs:
        first, second = sorted((at[one.one], at[one.other]), key=lambda city: city.y)
        high = (second.y - first.y) / 2
        path = f"M{_NAMES + 16:g} {first.y:g}a{high * flat:.1f} {high:g} 0 0 1 0 {second.y - first.y:g}"
        width = _THIN + (_WIDE - _THIN) * (one.pairs / widest) ** 2  # or many weak ones hide the strong
        arcs.append(Arc(first.name, second.name, one.pairs, path, round(width, 1)))
    return Picture(cities, tuple(arcs), 2 * _TOP + _LINE * max(len(cities) - 1, 0), len(ranked) - len(shown))


def _city(found: Contacts, ags: str, state: str, number: int, most: int) -> City:
    name, contacts = found.names.get(ags, ags), found.cities[ags]
    short = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1].rstrip()}…"
    radius = _SMALL + (_LARGE - _SMALL) * contacts / most
    return City(ags, name, short, contacts, ags.startswith(state), _TOP + _LINE * number, round(radius, 1))
