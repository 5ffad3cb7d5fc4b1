"""Papers of the place: what hangs at the doors and on the marketplace's wall, and who sits in which bus."""

from typing import Any

from services.events.day import Day, on_day, span, spoken
from services.events.onsite import Bus, Room, Session, Topic
from services.events.prints.common import even_parts, line, lines, paper
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.text import sort_key

_MOST_ROOMS, _MOST_SLOTS = 6, 5
"""Of the marketplace on one sheet of A3; what is more continues on further ones."""
_WALL = 190
"""Millimetres of a sheet for its slots, of which each spends 7 on its rim."""


def features(codes: tuple[str, ...]) -> list[str]:
    """What a room has, in words; what has none is left out."""
    words = {
        "STEP_FREE": _("step-free"),
        "ACCESSIBLE_TOILET": _("accessible toilet"),
        "HEARING_LOOP": _("hearing loop"),
        "QUIET": _("quiet"),
        "DAYLIGHT": _("daylight"),
        "PROJECTOR": _("projector"),
        "VIDEO_CONFERENCE": _("video conference"),
        "PIN_BOARDS": _("pin boards"),
        "WIFI": _("wifi"),
        "MOVABLE_SEATS": _("movable seats"),
    }
    return [words[code] for code in codes if code in words]


def _about(room: Room) -> str:
    seats = ngettext("{number} seat", "{number} seats", room.capacity) if room.capacity else ""
    return " · ".join(filter(None, (seats, *features(room.features))))


def _topic(topic: Topic) -> dict[str, str]:
    return {"number": str(topic.number), "title": line(topic.title), "hosts": ", ".join(lines(topic.hosts))}


def door_lists(day: Day) -> bytes:
    """For each room a sheet that says what is there when and how many are expected; without sessions, the agenda.

    Where guests are named, sheets with a box to tick follow for those who host: they are not for the door.
    """
    labels = {
        "sheet": _("Door list"),
        "page": _("Page {page} of {pages}"),
        "time": _("Time"),
        "what": _("What takes place here") if day.market.slots else _("Agenda"),
        "expected": _("Expected"),
        "free": _("Nothing is planned here yet."),
        "inside": _("Who is expected – please do not hang up"),
        "hint": _("For those who host. Whoever else comes is welcome."),
        "name": _("Name"),
        "city": _("City"),
        "wish": _("Wish"),
        "there": _("Here"),
        "empty": _("The event has no rooms yet."),
    }
    market = day.market
    rooms = [_door(day, number, room) for number, room in enumerate(market.rooms)]
    return paper("doors", day, labels["sheet"], labels, rooms=rooms, counted=bool(market.sessions))


def _door(day: Day, number: int, room: Room) -> dict[str, Any]:
    here = sorted((s for s in day.market.sessions if s.room == number), key=lambda s: (s.slot, s.topic.number))
    rows = [{"time": _slot(day, s), **_topic(s.topic), "expected": str(s.expected)} for s in here]
    if not day.market.slots:
        rows = [
            {"time": " ".join(filter(None, (on_day(day, item.starts), span(day, item.starts, item.ends)))),
             "number": "", "title": line(item.title), "expected": "",
             "hosts": ", ".join(lines((item.audience or "", item.responsible)))}
            for item in sorted(day.agenda, key=lambda item: item.starts)
        ]  # fmt: skip
    sessions = [
        {
            "time": _slot(day, s),
            "title": line(s.topic.title),
            "people": [
                {"name": line(g.name) or "–", "city": line(g.city), "must": _("must be there") if g.must else ""}
                for g in sorted(s.guests, key=lambda g: (sort_key(g.name), g.city))
            ],
        }
        for s in here
        if s.guests
    ]
    return {"name": line(room.name) or "–", "about": _about(room), "rows": rows, "sessions": sessions}


def _slot(day: Day, session: Session) -> str:
    slot = day.market.slots[session.slot]
    return " ".join(filter(None, (on_day(day, slot.starts), span(day, slot.starts, slot.ends))))


def wall(day: Day) -> bytes:
    """The marketplace in A3: slots down, rooms across, empty fields to fill by hand; then topics without a place."""
    market = day.market
    at: dict[tuple[int, int], list[Session]] = {}
    for session in market.sessions:
        at.setdefault((session.slot, session.room), []).append(session)
    walls = [
        {
            "rooms": [{"name": line(room.name) or "–", "about": _about(room)} for _number, room in rooms],
            "slots": [
                {
                    "time": "\n".join(filter(None, (on_day(day, slot.starts), span(day, slot.starts, slot.ends)))),
                    "cells": [
                        {
                            "closed": number in room.closed,
                            "topics": [_topic(one.topic) for one in at.get((number, place), [])],
                        }
                        for place, room in rooms
                    ],
                }
                for number, slot in slots
            ],
            "row": _WALL // len(slots) - 7,
            "size": 28 if max(len(slots), len(rooms)) <= 3 else 20 if max(len(slots), len(rooms)) <= 4 else 14,
        }
        for slots in even_parts(list(enumerate(market.slots)), _MOST_SLOTS)
        for rooms in even_parts(list(enumerate(market.rooms)), _MOST_ROOMS)
    ]
    labels = {
        "wall": _("Marketplace"),
        "page": _("Page {page} of {pages}"),
        "time": _("Time"),
        "closed": _("Room cannot be used"),
        "waiting": _("Topics without a place"),
        "empty": _("There are no rooms, times or topics yet."),
    }
    waiting = [_topic(topic) for topic in sorted(market.waiting, key=lambda topic: topic.number)]
    return paper("wall", day, labels["wall"], labels, walls=walls, waiting=waiting)


def leg(bus: Bus) -> str:
    return _("Outward journey") if bus.leg == "there" else _("Return journey")


def bus_lists(day: Day) -> bytes:
    """For each bus who boards where, in the order of the stops, with a box to tick: for a roll-call without a phone."""
    buses = []
    for bus in day.buses:
        people = sum(len(point.passengers) for point in bus.points)
        aboard = ngettext("{number} person", "{number} people", people)
        seats = ngettext("{number} seat", "{number} seats", bus.seats)
        delay = ngettext("{number} minute late", "{number} minutes late", bus.delay) if bus.delay else ""
        buses.append(
            {
                "title": f"{line(bus.name)} – {leg(bus)}",
                "count": f"{aboard} · {seats}",
                "delay": delay,
                "points": [
                    {
                        "name": line(point.name),
                        "leaves": spoken(day, point.leaves),
                        "people": [
                            {"seat": str(one.seat), "name": line(one.name) or "–", "city": line(one.city)}
                            for one in sorted(point.passengers, key=lambda one: (sort_key(one.name), one.seat))
                        ],
                    }
                    for point in sorted(bus.points, key=lambda point: point.leaves)
                ],
            }
        )
    labels = {
        "sheet": _("Bus list"),
        "page": _("Page {page} of {pages}"),
        "seat": _("Seat"),
        "name": _("Name"),
        "city": _("City"),
        "there": _("Here"),
        "note": _("Note"),
        "nobody": _("Nobody boards here."),
        "empty": _("There are no buses yet."),
    }
    return paper("buses", day, labels["sheet"], labels, buses=buses)
