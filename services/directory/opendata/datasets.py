"""The sets of open data: which columns, from where. Nothing that the public does not see through the graph.

Contact data and photos of people stay out even where they are shown to everybody: to show a number on a page is not to
hand it out in bulk, and no licence covers a picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.directory.fields import FIELDS
from services.kit.i18n import gettext as _

NAVIGATOR_FIELDS: Final = (
    "name",
    "title",
    "department",
    "profile",
    "offers",
    "seeks",
    "works_on",
    "languages",
    "since",
    "tasks",
)


@dataclass(frozen=True)
class Dataset:
    """`query` answers with `columns`, in a fixed order of rows."""

    name: str
    columns: tuple[str, ...]
    query: str


def _shown(name: str) -> str:
    """A field of a navigator where everybody sees it, else NULL."""
    return f"CASE WHEN n.shown_public & {FIELDS[name].flag} <> 0 THEN n.{name} END AS {name}"


def _of(name: str, table: str, columns: str, order: str, special: Mapping[str, str] | None = None) -> Dataset:
    """`columns` with spaces between; `special` are those that are more than a column of the table."""
    names = tuple(columns.split())
    chosen = ", ".join((special or {}).get(column, column) for column in names)
    return Dataset(name, names, f"SELECT {chosen} FROM {table} ORDER BY {order}")  # noqa: S608 - our own names


DATASETS: Final[Mapping[str, Dataset]] = {
    made.name: made
    for made in (
        _of(
            "cities",
            "city",
            "ags name kind population website logo contact contact_email contact_phone state district size_class "
            "confirmed_on",
            "ags",
        ),
        _of("departments", "department", "ags key name target employees", "ags, key"),
        _of(
            "navigators",
            "navigator n WHERE n.listed = 0",
            f"id ags {' '.join(NAVIGATOR_FIELDS)} coordinator changed_on",
            "n.id",
            {name: _shown(name) for name in NAVIGATOR_FIELDS},
        ),
        _of(
            "projects",
            "project p",
            "id ags title summary department stage seeks_partners seeks_test_area topics reusable lessons links "
            "navigators changed_on",
            "p.id",
            {
                "links": "ARRAY(SELECT l->>'url' FROM jsonb_array_elements(p.links) l) AS links",
                "navigators": "ARRAY(SELECT n.id FROM project_navigator k JOIN navigator n ON n.id = k.navigator_id "
                "WHERE k.project_id = p.id AND n.listed = 0 ORDER BY n.id) AS navigators",
            },
        ),
        _of("partnerships", "partnership WHERE status = 'ACTIVE'", "id ags other topics note since", "id"),
    )
}


def title(name: str) -> str:
    return {
        "cities": _("Cities that take part"),
        "departments": _("Departments and how many navigators they shall have"),
        "navigators": _("Navigators, without names unless they are public"),
        "projects": _("Projects"),
        "partnerships": _("Partnerships between cities"),
    }[name]


def meaning(column: str) -> str:
    """What a column holds; of those that do not explain themselves."""
    return {
        "ags": _("municipality key, 8 digits"),
        "other": _("municipality key of the other city"),
        "topics": _("codes of the vocabulary"),
        "offers": _("topics on which they help, as codes"),
        "seeks": _("topics on which they look for help, as codes"),
        "works_on": _("topics they work on now, as codes"),
        "target": _("how many navigators the department shall have"),
        "navigators": _("ids of navigators whom everybody sees"),
        "size_class": _("by population: VILLAGE, SMALL_TOWN, MEDIUM_TOWN, CITY, METROPOLIS"),
        "confirmed_on": _("when the city last said that all of it is true"),
        "name": _("of people only where they and their city show it to everybody"),
    }.get(column, "")
