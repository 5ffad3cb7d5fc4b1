"""The municipality register: the official file (Destatis GV100AD) read, compared and stored.

A yearly file replaces the one before: names, kinds and figures change, municipalities come and go. One that is gone
keeps its row with the day it was last seen, because its key may still stand in publications and papers.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import StringIO

from gv100ad import District, FederalState, GV100ADReader, MunicipalityType
from gv100ad import Municipality as Record
from sqlalchemy import Case, SQLColumnExpression, case, func, insert, or_, select, tuple_, update

from services.contracts.states import STATES
from services.directory.models import City, Municipality
from services.directory.wording.words import alike
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.text import folded, sort_key, words

SIZES = ((5_000, "VILLAGE"), (20_000, "SMALL_TOWN"), (100_000, "MEDIUM_TOWN"), (500_000, "CITY"))
"""Size classes by population, after BBSR's types of towns and municipalities; from 500,000 on METROPOLIS."""
KINDS = {
    MunicipalityType.MARKT: "Markt",
    MunicipalityType.KREISFREIE_STADT: "Kreisfreie Stadt",
    MunicipalityType.STADTKREIS: "Stadtkreis",
    MunicipalityType.STADT: "Stadt",
    MunicipalityType.KREISANGEHOERIGE_GEMEINDE: "Gemeinde",
    MunicipalityType.GEMEINDEFREIES_GEBIET_BEWOHNT: "Gemeindefreies Gebiet",
    MunicipalityType.GEMEINDEFREIES_GEBIET_UNBEWOHNT: "Gemeindefreies Gebiet, unbewohnt",
    MunicipalityType.GROSSE_KREISSTADT: "Große Kreisstadt",
}
"""The register's own words; they are names, not text to translate."""
COMPARED = ("name", "kind", "state", "district", "population", "area", "postal_code")
SHORTEST, LEAST_ALIKE, ENOUGH_ALIKE, MOST_LOOKED_AT, MOST_NEAR = 4, 0.3, 0.75, 50, 5
"""Letters of a name that may be mistyped, and how much of it must agree: for `pg_trgm`, and for `alike` in the end."""
KINDS_BEFORE = frozenset({"stadt", "gemeinde", "markt", "ortsgemeinde", "landeshauptstadt", "hansestadt"})
"""What people write before a name that the register writes after it, or nowhere."""
FEWEST = 100
"""A file with fewer municipalities is a part of one, and would declare the rest of Germany gone."""


@dataclass(frozen=True)
class Entry:
    """A municipality of the register. `area` in hectares; `name` is official: „Konstanz, Universitätsstadt“."""

    ags: str
    name: str
    kind: str
    state: str
    district: str
    population: int
    area: int
    postal_code: str

    @property
    def short_name(self) -> str:
        """What people call it."""
        return self.name.split(",")[0].strip()


@dataclass(frozen=True)
class Register:
    """The file's municipalities by AGS, as of the day `state_of`."""

    state_of: dt.date
    entries: dict[str, Entry]


@dataclass
class Report:
    """What a file changed. `affected` are ended municipalities that publish here: somebody has to talk to them."""

    state_of: dt.date
    added: list[Entry] = field(default_factory=list)
    ended: list[Entry] = field(default_factory=list)
    renamed: list[tuple[str, Entry]] = field(default_factory=list)
    changed: int = 0
    unchanged: int = 0
    affected: list[Entry] = field(default_factory=list)


def size_class(population: int | None) -> str | None:
    """The class of a municipality; None where nobody told its population."""
    if population is None:
        return None
    return next((name for below, name in SIZES if population < below), "METROPOLIS")


def size_of(population: SQLColumnExpression[int | None]) -> Case[str | None]:
    """`size_class` as SQL."""
    return case(
        (population.is_(None), None), *((population < below, name) for below, name in SIZES), else_="METROPOLIS"
    )


def parse(content: bytes) -> Register:
    """The register in a GV100AD file. Raises Refused, with the line, for anything else."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")  # files before 2020
    states: dict[str, str] = {}
    districts: dict[str, str] = {}
    entries: dict[str, Entry] = {}
    newest = dt.date.min
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            (record,) = GV100ADReader(StringIO(line + "\n")).read()
        except (ValueError, IndexError) as problem:
            raise Refused(_("Line {number} is not a line of a GV100AD file.", number=number)) from problem
        newest = max(newest, record.timestamp)
        if isinstance(record, FederalState):
            states[record.regional_code] = record.name
        elif isinstance(record, District):
            districts[record.regional_code] = record.name
        elif isinstance(record, Record):
            ags = record.regional_code
            if ags in entries:
                raise Refused(_("Line {number}: the key {ags} stands twice.", number=number, ags=ags))
            entries[ags] = Entry(
                ags=ags,
                name=record.name,
                kind=KINDS.get(record.type, ""),
                state=states.get(ags[:2], ""),
                district=districts.get(ags[:5], ""),
                population=record.inhabitants,
                area=record.area,
                postal_code=record.postal_code,
            )
    if len(entries) < FEWEST:
        raise Refused(_("Only {count} municipalities: this is not the whole register.", count=len(entries)))
    return Register(newest, entries)


async def store(session: Writer, register: Register) -> Report:
    """Make `register` the stored one and say what changed. Raises Conflict for a file older than the stored one."""
    rows = {row.ags: row for row in (await session.scalars(select(Municipality).with_for_update())).all()}
    newest = max((row.state_of for row in rows.values()), default=dt.date.min)
    if register.state_of < newest:
        raise Conflict(
            _("This file is of {state_of}, but the register here is already of {newest}.",
              state_of=register.state_of, newest=newest)
        )  # fmt: skip
    report = Report(register.state_of)
    fresh: list[Entry] = []
    for entry in register.entries.values():
        row = rows.get(entry.ags)
        if row is None or row.ended:
            report.added.append(entry)
        elif row.name != entry.name:
            report.renamed.append((row.name, entry))
        elif all(getattr(row, name) == getattr(entry, name) for name in COMPARED):
            report.unchanged += 1
        else:
            report.changed += 1
        if row is None:
            fresh.append(entry)
    gone = [row for ags, row in rows.items() if ags not in register.entries and not row.ended]
    report.ended = [_entry(row) for row in gone]
    publishing = set((await session.scalars(select(City.ags).where(City.ags.in_([row.ags for row in gone])))).all())
    report.affected = [entry for entry in report.ended if entry.ags in publishing]

    if fresh:
        await session.execute(insert(Municipality), [_values(e, register.state_of) for e in fresh])
    known = [_values(e, register.state_of) for ags, e in register.entries.items() if ags in rows]
    if known:
        await session.execute(update(Municipality), known)
    if gone:
        await session.execute(
            update(Municipality).where(Municipality.ags.in_([row.ags for row in gone])).values(ended=True)
        )
    await _follow(session)
    return report


async def _follow(session: Writer) -> None:
    """Let what stands in the cities' rows by the register (`facts`) follow it; what they told themselves stays."""
    told = func.coalesce(City.population, Municipality.population)
    facts = {City.state: Municipality.state, City.district: Municipality.district, City.size_class: size_of(told)}
    await session.execute(
        update(City)
        .where(City.ags == Municipality.ags, ~Municipality.ended)
        .where(or_(*(column.is_distinct_from(value) for column, value in facts.items())))
        .values({column.key: value for column, value in facts.items()})
        .execution_options(synchronize_session=False)
    )


def _values(entry: Entry, state_of: dt.date) -> dict[str, object]:
    return {
        "ags": entry.ags,
        **{name: getattr(entry, name) for name in COMPARED},
        "sort_key": sort_key(entry.short_name),
        "search": folded(f"{entry.name} {entry.postal_code} {entry.ags}"),
        "state_of": state_of,
        "ended": False,
    }


def _entry(row: Municipality) -> Entry:
    return Entry(row.ags, *(getattr(row, name) for name in COMPARED))


async def checked(session: Reader, ags: str) -> Entry | None:
    """The living municipality with that key, None while no register has been imported. Raises Refused for any other."""
    row = await session.get(Municipality, ags)
    if row is not None and not row.ended:
        return _entry(row)
    if row is None and (await session.scalars(select(Municipality.ags).limit(1))).one_or_none() is None:
        return None
    raise unknown(ags)


def unknown(ags: str) -> Refused:
    message = _("The municipality register does not hold {ags}.", ags=ags)
    return Refused(message, [Problem(message=message, row="city", field="ags")])


async def known(session: Reader, ags: str) -> bool:
    """Whether `ags` is a living municipality; True for every key while no register has been imported."""
    try:
        await checked(session, ags)
    except Refused:
        return False
    return True


def facts(ags: str, population: int | None, found: Entry | None) -> dict[str, str | None]:
    """What stands in a city's row by its key and the register."""
    return {
        "state": found.state if found else STATES.get(ags[:2], ""),
        "district": found.district if found else "",
        "size_class": size_class(population if population is not None or found is None else found.population),
    }


async def find(
    session: Reader,
    limit: int,
    *,
    after: Sequence[str] | None = None,
    text: str | None = None,
    state: str | None = None,
) -> list[Municipality]:
    """Living municipalities by name; each word of `text` stands in name, postal code or key."""
    query = (
        select(Municipality).where(~Municipality.ended).order_by(Municipality.sort_key, Municipality.ags).limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(Municipality.sort_key, Municipality.ags) > (after[0], after[1]))
    for word in _words(text):
        query = query.where(Municipality.search.contains(word, autoescape=True))
    if state is not None:
        query = query.where(Municipality.ags.startswith(state[:2], autoescape=True))
    return list((await session.scalars(query)).all())


async def look_up(session: Reader, text: str, limit: int) -> tuple[list[Municipality], bool]:
    """Living municipalities for somebody who types the name of one: those that are called so, then those whose names
    begin so, then as `find`; where there are none, a few that are called nearly so (then True).
    """
    parts = words(text[:100])[:8]
    said = " ".join(parts)
    name = func.split_part(Municipality.sort_key, "\x1f", 1)
    bare = func.trim(func.regexp_replace(name, "[^a-z0-9]+", " ", "g"))
    living = select(Municipality).where(~Municipality.ended)
    places = [Municipality.search.contains(word, autoescape=True) for word in said.split()]
    rank = case(
        (bare == said, 0),
        (bare.startswith(said, autoescape=True), 1),
        (func.concat(" ", bare).contains(f" {said}", autoescape=True), 2),
        else_=3,
    )
    order = (rank, Municipality.population.desc(), Municipality.sort_key, Municipality.ags)
    if found := (await session.scalars(living.where(*places).order_by(*order).limit(limit))).all() if said else []:
        return list(found), False
    if len(parts) > 1 and parts[0] in KINDS_BEFORE:
        return await look_up(session, " ".join(parts[1:]), limit)
    if len(said) < SHORTEST:
        return [], False
    likeness = func.word_similarity(said, name)
    near = living.where(likeness >= LEAST_ALIKE).order_by(likeness.desc(), Municipality.sort_key).limit(MOST_LOOKED_AT)
    called = [(" ".join(words(row.name.split(",")[0])), row) for row in await session.scalars(near)]
    rated = [(1.0 if said.startswith(f"{bare} ") else alike(said, bare), row) for bare, row in called]
    rated.sort(key=lambda one: (-one[0], -one[1].population, one[1].sort_key))
    return [row for rating, row in rated if rating >= ENOUGH_ALIKE][:MOST_NEAR], True


def _words(text: str | None) -> Iterable[str]:
    return folded((text or "")[:100]).split()[:8]
