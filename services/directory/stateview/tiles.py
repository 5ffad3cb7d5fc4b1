"""A tile for each municipality of a district: what takes part at a glance, from counts alone. Pure.

No map is needed, and no geography is claimed: a district is a block of rows. How high a tile is says how far its
municipality has come, so that the picture reads without colour.
"""

from typing import Final, NamedTuple

from services.directory.stateview.coverage import Coverage

SIDE: Final = 10
"""From tile to tile, the gap included."""
COLUMNS: Final = 16


class Tiles(NamedTuple):
    """A district as three paths along the middle of its rows, each dash a tile; `height` of the drawing."""

    row: Coverage
    peopled: str
    """Tiles of municipalities with navigators; `taking`: that take part without; `others`: all the rest."""
    taking: str
    others: str
    height: int
    width: int = SIDE * COLUMNS


def tiles(row: Coverage) -> Tiles:
    """Those with navigators first, then those that take part."""
    first, second = row.with_navigators, max(row.taking_part, row.with_navigators)
    last = max(row.municipalities, second)
    height = SIDE * max(1, -(-last // COLUMNS))
    return Tiles(row, _path(0, first), _path(first, second), _path(second, last), height)


def _path(start: int, end: int) -> str:
    """The tiles from `start` to before `end`, a line for each row they stand in."""
    parts = []
    while start < end:
        line, column = divmod(start, COLUMNS)
        upto = min(end, (line + 1) * COLUMNS)
        parts.append(f"M{column * SIDE} {line * SIDE + SIDE // 2}h{(upto - start) * SIDE}")
        start = upto
    return "".join(parts)
