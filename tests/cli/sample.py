"""A list of invented people as an organiser has it: `python -m tests.cli.sample FILE.xlsx` writes the docs' example."""

import random
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

FIRST = (
    "Änne", "Ayla", "Bjarne", "Cem", "Dörte", "Emil", "Fenja", "Gökhan", "Heiner", "Ilka", "Jasper", "Käthe", "Levke",
    "Mirko", "Noor", "Ömer", "Paula", "Quirin", "Rike", "Sönke", "Tilda", "Ulf", "Vesna", "Wiebke", "Yasin", "Zoë",
)  # fmt: skip
LAST = (
    "Ahorn", "Buche", "Distel", "Eberesche", "Fichte", "Ginster", "Hasel", "Iris", "Jasmin", "Kiefer", "Lärche",
    "Mohn", "Nelke", "Olive", "Pappel", "Quitte", "Rüster", "Schlehe", "Tanne", "Ulme", "Veilchen", "Weißdorn",
)  # fmt: skip
FIELDS = {
    "Verwaltung": ("E-Akte", "E-Rechnung", "Onlineanträge", "Prozessmanagement"),
    "Technik": ("KI im Amt", "Datenschutz", "Open Source", "Schnittstellen"),
    "Menschen": ("Schulungen", "Bürgerbeteiligung", "Digitallotsen gewinnen", "Führung"),
}
TOPICS = tuple(topic for some in FIELDS.values() for topic in some)
DEPARTMENTS = ("Hauptamt", "Bauamt", "Kämmerei", "Kulturamt", "Ordnungsamt", "Jugendamt")
HEADER = (
    "Name",
    "Stadt",
    "Amt",
    "bietet an",
    "sucht",
    "arbeitet an",
    "Runden",
    "Moderation",
    "Traf schon",
    "Nicht mit",
)


def rows(people: int = 50, cities: Sequence[tuple[str, int]] = (("Heilbronn", 1), ("Konstanz", 4)), seed: int = 1
         ) -> list[list[str]]:  # fmt: skip
    """Cells below HEADER; `cities` with the share of people of each, the same for one seed."""
    rnd = random.Random(seed)
    names: list[str] = []
    while len(names) < people:
        name = f"{rnd.choice(FIRST)} {rnd.choice(LAST)}"
        names += [name] if name not in names else []
    homes = [city for city, share in cities for _each in range(round(people * share / sum(s for _c, s in cities)))]
    homes += [cities[-1][0]] * (people - len(homes))

    def some(most: int) -> str:
        return "; ".join(rnd.sample(TOPICS, rnd.randint(0, most)))

    return [
        [name, home, rnd.choice(DEPARTMENTS), some(2), some(2), some(3), "", "", "", ""]
        for name, home in zip(names, homes, strict=False)
    ]


def example() -> list[list[str]]:
    """47 people: two come later, one leaves early, three host, some met before."""
    made = rows(47, (("Heilbronn", 10), ("Konstanz", 37)), seed=7)
    made[3][6] = made[20][6] = "ab 2"
    made[11][6] = "1-3"
    made[0][7], made[12][7], made[30][7] = "ja", "Tisch 2", "ja"
    made[5][8] = f"{made[6][0]}, {made[15][0]}"
    made[8][9] = made[9][0]
    return made


def write(path: Path) -> None:
    """The example as a workbook with a title over its merged header, and a sheet of topics."""
    book: Any = xlsxwriter.Workbook(path, {"strings_to_formulas": False})
    book.set_properties({"created": datetime(2026, 1, 1)})  # noqa: DTZ001 - the same bytes each time
    sheet = book.add_worksheet("Anmeldungen")
    head, text = book.add_format({"bold": True, "bottom": 1, "text_wrap": True}), book.add_format({"num_format": "@"})
    sheet.merge_range(0, 0, 0, len(HEADER) - 1, "Lotsentreffen: Anmeldungen (alle Personen sind erfunden)", head)
    for column, title in enumerate(HEADER):
        sheet.set_column(column, column, 28 if 2 < column < 6 else 18, text)
        sheet.write_string(1, column, title, head)
    for number, cells in enumerate(example(), 2):
        for column, cell in enumerate(cells):
            if cell:
                sheet.write_string(number, column, cell, text)
    topics = book.add_worksheet("Themen")
    topics.set_column(0, 1, 28)
    topics.write_row(0, 0, ["Thema", "Oberthema"], head)
    told = [(field, "") for field in FIELDS] + [(topic, field) for field, some in FIELDS.items() for topic in some]
    for number, (topic, field) in enumerate(told, 1):
        topics.write_row(number, 0, [topic, field])
    book.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
