"""The day #KNmeetsHN, Heilbronn, 1 October 2019: the real agenda and guiding questions, invented people.

Source: the report on Konstanz's digital navigators of 2019, section 2.4.4, figure 13. The two coordinators appear by
their function. Rounds and tables follow the report (five groups by field of work); their times are made up to fit.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from services.events.day import Day, Item, Person, Round, Stop, Table

BERLIN = ZoneInfo("Europe/Berlin")
COORDINATORS = "Städtische Koordinatoren Digitalisierung"
NAVIGATORS = "Digitallotsen unserer Städte"

_KONSTANZ = (
    "Ayşe Brandner Bastian Kehl Carla Nübling Dorothee Wassmer Emil Přibyl Frieda Osterloh Gregor Świder "
    "Hannelore Zäh Ilse Mutschler Jasper Quandt Kerstin Oßwald Lennart Üblacker Mareike Tröndle Nils Hagspiel "
    "Ottilie Rebstein Piotr Żurawski Ronja Eggenweiler Silke Baumgärtner Tilman Sauter Ulrike Vögtle "
    "Veit Lindenmayr Wiebke Stoßinger Xaver Pfefferle Yvonne Dörflinger Zoltán Hajnal"
)
_HEILBRONN = (
    "Adelheid Kraichgauer Benno Läpple Cornelius Hägele Deniz Karaçay Elfriede Sülzle Falk Neckermann "
    "Gisela Mönch Henrike Wartberger Ivo Dvořáček Jolanda Rupprecht Korbinian Stettner Ludmila Fährmann "
    "Malte Böckinger Nadja Häußler Onno Trautwein Paula Sontheim Quirin Eßlinger Roswitha Klingenberg "
    "Şirin Yıldırım Thekla Frankenbach Urs Kirchhausen Viola Biberacher Wendelin Horkheimer Yannick Röhm Zita Leinbach"
)
_DEPARTMENTS = (
    "Kämmerei",
    "Hochbauamt",
    "Personal- und Organisationsamt",
    "Amt für Schulen, Bildung und Wissenschaft",
    "Bürgeramt",
)
_TOPICS = (
    "Kommunale Finanzen",
    "Bauwesen",
    "Personal, Organisation und IT",
    "Schule, Bildung und Soziales",
    "Bürgerdienste und Ordnung",
)
_PARTNERSHIP = (
    "Wie könnte eine gelebte und effektive Partnerschaft zwischen den Digitallotsen der Stadt Heilbronn und Konstanz "
    "verstetigt werden?"
)


def at(clock: str) -> dt.datetime:
    """The time `HH:MM` on the day, in Heilbronn."""
    return dt.datetime.combine(dt.date(2019, 10, 1), dt.time.fromisoformat(clock), BERLIN)


def sample_day() -> Day:
    """50 people of two cities, five tables of ten in each of three rounds; nobody meets a table twice."""
    agenda = (
        Item(at("07:00"), None, "Abfahrt", audience="Konstanz", id="departure"),
        Item(at("10:30"), at("10:45"), "#KNmeetsHN – Was & Warum?", responsible=COORDINATORS, id="why"),
        Item(
            at("10:45"),
            at("11:30"),
            "Speeddating: Interkommunales Netzwerken",
            responsible=NAVIGATORS,
            id="speeddating",
        ),
        Item(at("11:30"), at("12:00"), "Vorstellung der gesammelten Ideen", responsible=COORDINATORS, id="ideas"),
        Item(at("12:00"), at("13:00"), "Gemeinsame Mittagspause", ("In der Jugendherberge auf der BUGA",), id="lunch"),
        Item(
            at("13:00"),
            at("15:00"),
            "Open Space",
            (
                _PARTNERSHIP,
                "Wie soll mit den gesammelten Ideen in den Städten umgegangen werden (Priorisierung/Bewertung)?",
                "Was verbirgt sich hinter der „Rollen-Gap“ (dt. = Lücke)?",
                "X (Hier steht das von Ihnen eingebrachte Thema)",
            ),
            id="openspace",
        ),
        Item(
            at("15:00"),
            at("17:00"),
            "Führung Bundesgartenschau Heilbronn (BUGA)",
            (
                "digital@bw: Vorstellung der Digitalisierungsstrategie des Landes Baden-Württemberg",
                "Digitalisierungsstrategie Stadt Heilbronn",
                "Testfeld autonomes Fahren",
            ),
            audience="Konstanz",
            id="tour",
        ),
        Item(at("17:00"), None, "Abfahrt", audience="Konstanz", id="return"),
    )
    return Day(
        id="knmeetshn-2019",
        title="Kommunaler Lotsentreff in der Bundesgartenschau Heilbronn",
        hashtag="#KNmeetsHN",
        kind="learning_trip",
        date=dt.date(2019, 10, 1),
        venue="Jugendherberge auf der Bundesgartenschau",
        address="Heilbronn",
        host="Heilbronn",
        guests=("Konstanz",),
        agenda=agenda,
        questions=(
            "Wer bin ich und wo arbeite ich?",
            "Wie bin ich Digitallotse geworden?",
            "An welchen Themen arbeite ich gerade? (in Bezug auf die Digitalisierung)",
        ),
        rounds=(
            Round(1, at("10:45"), at("11:00")),
            Round(2, at("11:00"), at("11:15")),
            Round(3, at("11:15"), at("11:30")),
        ),
        tables=tuple(Table(number, topic) for number, topic in enumerate(_TOPICS, 1)),
        participants=(*_people("Konstanz", _KONSTANZ), *_people("Heilbronn", _HEILBRONN)),
        updated=dt.datetime(2019, 9, 24, 9, 30, tzinfo=BERLIN),
        sequence=2,
    )


def _people(city: str, names: str) -> list[Person]:
    words = names.split()
    return [
        Person(
            name=f"{words[2 * i]} {words[2 * i + 1]}",
            city=city,
            department=_DEPARTMENTS[i % 5],
            route=tuple(Stop(number, (i + (number - 1) * (1 + i // 5 % 2)) % 5 + 1) for number in (1, 2, 3)),
        )
        for i in range(len(words) // 2)
    ]
