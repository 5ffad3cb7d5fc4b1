"""One item of an agenda, or one room, added, changed, removed or moved; all others stay. Pure.

A draft names its items and rooms by `id`, as `timetable.draft_of` reads it.
"""

import datetime as dt
from typing import Final

import msgspec

from services.events.draft import CLOCK, Draft, Item, Room
from services.kit.errors import NotFound, Problem, Refused
from services.kit.i18n import gettext as _

DAY: Final = 24 * 60
replace = msgspec.structs.replace


def found(draft: Draft, id: str) -> Item:
    """Raises NotFound."""
    item = known(draft, id)
    if item is None:
        raise NotFound(_("This event has no such entry."))
    return item


def known(draft: Draft, id: str) -> Item | None:
    return next((one for one in draft.agenda if one.id == id), None)


def with_item(draft: Draft, item: Item) -> Draft:
    """`item` in the place of the one with its id, or besides the others where it has none; in the order of time."""
    if item.id is not None:
        found(draft, item.id)
    others = [one for one in draft.agenda if item.id is None or one.id != item.id]
    return replace(draft, agenda=tuple(sorted([*others, item], key=lambda one: (day_of(draft, one), one.starts))))


def without(draft: Draft, id: str) -> Draft:
    gone = found(draft, id)
    return replace(draft, agenda=tuple(one for one in draft.agenda if one is not gone))


def moved(draft: Draft, id: str, *, earlier: bool) -> Draft:
    """The item changes places with the one before or after it on its day, for the same people.

    Both together begin and end as before, each takes as long as before, and the pause between them stays. Raises
    Refused where there is none to change with.
    """
    item = found(draft, id)
    day = [one for one in draft.agenda if (one.day, one.audience) == (item.day, item.audience)]
    place = day.index(item) + (-1 if earlier else 1)
    if not 0 <= place < len(day):
        raise Refused(_("There is nothing on this day to change places with."))
    first, second = (day[place], item) if earlier else (item, day[place])
    begins, then = minutes(first.starts), minutes(second.starts)
    if first.ends and second.ends:
        then = begins + _length(second) + max(0, then - minutes(first.ends))
    swapped = {second.id: _at(second, begins), first.id: _at(first, then)}
    # Who begins at the same time now stands before the other: sorting keeps the order that there is.
    order = [
        swapped[second.id] if one is first else swapped[first.id] if one is second else one for one in draft.agenda
    ]
    return replace(draft, agenda=tuple(sorted(order, key=lambda one: (day_of(draft, one), one.starts))))


def shifted(draft: Draft, id: str, by: int) -> Draft:
    """The item and all that come after it on its day, `by` minutes later (or earlier, below 0).

    Raises Refused where the day would not be long enough.
    """
    item = found(draft, id)

    def after(one: Item) -> bool:
        return one.day == item.day and one.starts >= item.starts

    return replace(
        draft, agenda=tuple(_at(one, minutes(one.starts) + by) if after(one) else one for one in draft.agenda)
    )


def room(draft: Draft, id: str | None) -> Room | None:
    return next((one for one in draft.rooms or () if one.id == id), None) if id else None


def with_room(draft: Draft, room: Room) -> Draft:
    """As `with_item`, behind the others where it has no id. Raises NotFound."""
    rooms = draft.rooms or ()
    if room.id is None:
        return replace(draft, rooms=(*rooms, room))
    if room.id not in {one.id for one in rooms}:
        raise NotFound(_("This event has no such entry."))
    return replace(draft, rooms=tuple(room if one.id == room.id else one for one in rooms))


def without_room(draft: Draft, id: str) -> Draft:
    """Raises NotFound."""
    rooms = tuple(one for one in draft.rooms or () if one.id != id)
    if len(rooms) == len(draft.rooms or ()):
        raise NotFound(_("This event has no such entry."))
    return replace(draft, rooms=rooms)


def day_of(draft: Draft, item: Item) -> dt.date:
    return item.day or draft.date


def minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:]) if CLOCK.fullmatch(clock) else 0


def _length(item: Item) -> int:
    return max(0, minutes(item.ends) - minutes(item.starts)) if item.ends else 0


def _at(item: Item, starts: int) -> Item:
    """The item from then on, as long as before."""
    ends = starts + _length(item)
    if not 0 <= starts < DAY or ends >= DAY:
        message = _("The day is not long enough: the agenda would go on after midnight.")
        raise Refused(message, [Problem(message=message, field="starts")])
    return replace(item, starts=_clock(starts), ends=_clock(ends) if item.ends else None)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
