"""The day #KNmeetsHN with everything that happens in its rooms and buses: invented people, topics of the report."""

import datetime as dt
from itertools import cycle, islice

import msgspec

from services.events.day import Day, Person
from services.events.onsite import (
    BoardingPoint,
    Bus,
    Certificate,
    Guest,
    Market,
    Passenger,
    Room,
    Session,
    Slot,
    Topic,
)
from tests.events.sample_day import at, sample_day

LINK = "https://lotsennetz.example.org/events/8d1a2f7e-33a0-4a56-9c7e-5b0c1f2a3d4e/mine/"
"""As long as they are: with a token of 70 letters behind it."""
HOSTILE = '=HYPERLINK("https://x.example";"#show: *a*")'
LONG = "Dr. Maximiliane-Charlotte von Hohenlohe-Waldenburg-Schillingsfürst"
TITLES = (
    "Wie könnte eine gelebte und effektive Partnerschaft zwischen den Lotsen unserer Städte verstetigt werden?",
    "Wie soll mit den gesammelten Ideen umgegangen werden?",
    "Was verbirgt sich hinter der „Rollen-Gap“?",
    "E-Akte: vom Papier zum Vorgang",
    "Einfache Sprache im Bürgeramt",
    "Digitale Barrierefreiheit in der Schule",
    HOSTILE,
    "Homeoffice im Hochbauamt",
    "Bürgerkonto und Online-Dienste",
)


def linked(person: Person, number: int) -> Person:
    token = "".join(islice(cycle(f"Ab{number:03}-_xYz"), 70))
    return msgspec.structs.replace(person, link=LINK + token)


def market(people: tuple[Person, ...], rooms: int = 3, slots: int = 2) -> Market:
    """A topic in each field but the last, whose room is closed then; the other topics wait."""
    names = ("Großer Saal", "Raum Neckar", "Werkstatt", "Dachgeschoss mit Blick auf den Neckarbogen", "Foyer", "Hof")
    topics = [
        Topic(number, title, () if number % 3 == 0 else (people[number].name, LONG)[: 1 + number % 2])
        for number, title in enumerate(TITLES, 1)
    ]
    start = at("13:00")
    hour = dt.timedelta(minutes=55)
    fields = [(room, slot) for slot in range(slots) for room in range(rooms)][:-1]
    sessions = tuple(
        Session(room, slot, topic, 3 + topic.number, tuple(
            Guest(person.name, person.city, i == 0) for i, person in enumerate(people[topic.number :: 9])
        ))
        for (room, slot), topic in zip(fields, topics, strict=False)
    )  # fmt: skip
    return Market(
        rooms=tuple(
            Room(
                names[number % 6] + ("" if number < 6 else f" {number}"),
                None if number == 2 else 20 + number,
                ("STEP_FREE", "HEARING_LOOP", "NONSENSE") if number == 0 else ("PIN_BOARDS",),
                frozenset({slots - 1}) if number == rooms - 1 else frozenset(),
            )
            for number in range(rooms)
        ),
        slots=tuple(Slot(start + n * hour, start + n * hour + dt.timedelta(minutes=45)) for n in range(slots)),
        sessions=sessions,
        waiting=tuple(topics[len(sessions) :]),
    )


def onsite_day() -> Day:
    """50 people with links of their own, an open space in three rooms, two buses, and certificates."""
    day = sample_day()
    people = tuple(linked(person, number) for number, person in enumerate(day.participants))
    odd = [msgspec.structs.replace(one, name=name) for one, name in zip(people, (LONG, HOSTILE), strict=False)]
    people = (*odd, *people[2:])
    guests = people[:25]
    stops = (("Konstanz, Döbeleplatz", "07:00"), ("Radolfzell, Bahnhof", "07:25"), ("Singen, ZOB", "07:40"))
    buses = tuple(
        Bus(
            name,
            leg,
            30,
            tuple(
                BoardingPoint(stop, at(clock), tuple(
                    Passenger(seat, one.name, one.city) for seat, one in enumerate(guests, 1) if seat % 3 == place
                ) if place < 2 or leg == "back" else ())
                for place, (stop, clock) in enumerate(stops)
            ),
            20 if leg == "there" else 0,
        )
        for name, leg in (("Bus 1: Reisedienst Seegucker", "there"), ("Bus 1: Reisedienst Seegucker", "back"))
    )  # fmt: skip
    certificates = tuple(
        Certificate(one.name, one.city, code, f"https://lotsennetz.example.org/events/certificates/{code}",
                    at("18:00"), minutes)
        for one, code, minutes in (
            (people[3], "K7QM-2XPD-9RTA-B4HE", 375),
            (people[0], "00FF-3QPD-1RTA-ZZZZ", 60),
            (people[1], "7777-7777-7777-7777", None),
        )
    )  # fmt: skip
    return msgspec.structs.replace(
        day, participants=people, market=market(people), buses=buses, certificates=certificates
    )
