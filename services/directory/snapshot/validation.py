"""Whether a snapshot may be published: every row and field, all problems at once."""

import re
import uuid
from collections.abc import Collection, Iterable, Mapping

from services.directory.fields import ENTRY, FIELDS, Audience
from services.directory.snapshot.rows import (
    AREAS,
    NO_COMPETENCES,
    PROFILES,
    RECRUITED,
    STAGES,
    TASKS,
    CityRow,
    Competences,
    DepartmentRow,
    Link,
    NavigatorRow,
    ProjectRow,
    Snapshot,
)
from services.kit.checks import Checks
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _

MOST_ROWS = 5_000
MOST_TOPICS = 20
MOST_PEOPLE = 50
MOST_LINKS = 10
MOST_COMPETENCES = 10
MOST_LANGUAGES = 10
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ADDRESS = re.compile(r"https?://[^\s/@]+\.[^\s@]*")
SAFE_ADDRESS = re.compile(r"https://[^\s/@]+\.[^\s@]*")
EMAIL = re.compile(r"[^\s@<>\"',;:()\[\]\\]{1,64}@[^\s@<>\"',;:()\[\]\\]{1,180}\.[^\s@<>\"',;:()\[\]\\.]{2,60}")
PHONE = re.compile(r"\+?[0-9 ()/.-]{3,40}")
CHAT = re.compile(r"(@[^\s:@]+:[^\s@]+|https://[^\s/@]+\.[^\s]*)")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


class _Checks(Checks):
    """What rows of a directory are checked for beside their texts."""

    def key(self, row: str, value: str, seen: dict[str, str]) -> str:
        if not KEY.fullmatch(value):
            self.add(
                row,
                "key",
                _(
                    "A key has up to 64 letters (no umlauts), digits, dots, dashes, underscores "
                    "and starts with a letter or digit."
                ),
            )
        elif value in seen:
            self.add(row, "key", _("The key „{key}“ stands here twice, first in {row}.", key=value, row=seen[value]))
        else:
            seen[value] = row
        return value

    def topics(self, row: str, field: str, codes: Iterable[str], vocabulary: Collection[str]) -> tuple[str, ...]:
        codes = tuple(codes)
        for code in dict.fromkeys(codes):
            if code not in vocabulary:
                self.add(row, field, _("The topic „{code}“ is not in the vocabulary.", code=code[:60]))
        if len(codes) > MOST_TOPICS:
            self.add(
                row, field, _("{length} topics are too many; at most {most}.", length=len(codes), most=MOST_TOPICS)
            )
        return tuple(sorted(set(codes)))

    def one_of(self, row: str, field: str, value: str | None, allowed: Collection[str]) -> str | None:
        if value is not None and value not in allowed:
            self.add(row, field, _("Choose one of {values}.", values=", ".join(allowed)))
        return value

    def matching(self, row: str, field: str, value: str, form: re.Pattern[str], most: int, message: str) -> str | None:
        """A cleaned text that has the `form`; None for one of which nothing is left."""
        clean = self.text(row, field, value, most, required=False)
        if clean and not form.fullmatch(clean):
            self.add(row, field, message)
        return clean or None

    def email(self, row: str, field: str, value: str | None) -> str | None:
        return self.matching(row, field, value, EMAIL, 250, _("This is no e-mail address.")) if value else None

    def phone(self, row: str, field: str, value: str | None) -> str | None:
        if not value:
            return None
        return self.matching(row, field, value, PHONE, 40, _("A phone number has digits, spaces and + ( ) / . - only."))

    def chat(self, row: str, field: str, value: str | None) -> str | None:
        if not value:
            return None
        message = _("A chat is a Matrix address (@name:server) or starts with https://")
        return self.matching(row, field, value, CHAT, 250, message)

    def web(self, row: str, field: str, value: str | None, form: re.Pattern[str] = ADDRESS) -> str | None:
        if not value:
            return None
        message = (
            _("An address starts with https://")
            if form is SAFE_ADDRESS
            else _("An address starts with https:// or http://")
        )
        return self.matching(row, field, value, form, 300, message)

    def few(self, row: str, field: str, values: tuple[str, ...], most: int, longest: int) -> tuple[str, ...]:
        if len(values) > most:
            self.add(row, field, _("At most {most} entries here, please.", most=most))
        return tuple(dict.fromkeys(self.text(row, field, value, longest) for value in values[:most]))


def validate(snapshot: Snapshot, vocabulary: Collection[str]) -> Snapshot:
    """The snapshot with its texts cleaned and its topics sorted. Raises Refused with every problem by row and field."""
    checks = _Checks()
    for field, rows in (
        ("departments", snapshot.departments),
        ("navigators", snapshot.navigators),
        ("projects", snapshot.projects),
    ):
        if len(rows) > MOST_ROWS:
            message = _("At most {most} {field} in one snapshot, please.", most=MOST_ROWS, field=field)
            raise Refused(message, [Problem(message, row=f"{field}[{MOST_ROWS}]", field=field)])
    city = _city(checks, snapshot.city)
    places: dict[str, str] = {}
    departments = tuple(
        _department(checks, f"departments[{i}]", row, places) for i, row in enumerate(snapshot.departments)
    )
    names = {row.key: row.name for row in departments}
    keys = {row.key for row in snapshot.navigators}
    seen: dict[str, str] = {}
    people = tuple(
        _navigator(checks, f"navigators[{i}]", row, city.ags, vocabulary, names, keys, seen)
        for i, row in enumerate(snapshot.navigators)
    )
    own: dict[str, str] = {}
    projects = tuple(
        _project(checks, f"projects[{i}]", row, vocabulary, names, seen, own) for i, row in enumerate(snapshot.projects)
    )
    checks.done(_("The snapshot was not published. Please correct the rows named and send it again."))
    return Snapshot(city, departments, people, projects)


def _city(checks: _Checks, row: CityRow) -> CityRow:
    if row.population is not None:
        checks.number("city", "population", row.population, 0, 10_000_000)
    return CityRow(
        ags=row.ags,
        name=checks.text("city", "name", row.name, 100),
        kind=checks.text("city", "kind", row.kind, 60, required=False),
        population=row.population,
        website=checks.web("city", "website", row.website),
        logo=checks.web("city", "logo", row.logo, SAFE_ADDRESS),
        contact=checks.text("city", "contact", row.contact, 120, required=False),
        contact_email=checks.email("city", "contactEmail", row.contact_email),
        contact_phone=checks.phone("city", "contactPhone", row.contact_phone),
    )


def _department(checks: _Checks, where: str, row: DepartmentRow, seen: dict[str, str]) -> DepartmentRow:
    checks.number(where, "target", row.target, 0, 1_000)
    if row.employees is not None:
        checks.number(where, "employees", row.employees, 0, 100_000)
    return DepartmentRow(
        key=checks.key(where, row.key, seen),
        name=checks.text(where, "name", row.name, 120),
        target=row.target,
        employees=row.employees,
    )


def _navigator(
    checks: _Checks,
    where: str,
    row: NavigatorRow,
    ags: str,
    vocabulary: Collection[str],
    departments: Mapping[str, str],
    keys: Collection[str],
    seen: dict[str, str],
) -> NavigatorRow:
    if row.city is not None and row.city != ags:
        checks.add(
            where, "city", _("The city {city} is not yours: you publish for {ags}.", city=row.city[:20], ags=ags)
        )
    if row.hours_share is not None:
        checks.number(where, "hoursShare", row.hours_share, 0, 100)
    if row.since and row.until and row.until < row.since:
        checks.add(where, "until", _("The last day lies before the first."))
    if row.mentor is not None and (row.mentor == row.key or not (row.mentor in keys or _is_id(row.mentor))):
        checks.add(where, "mentor", _("A mentor is the key of another navigator here, or the id of one elsewhere."))
    if row.photo and not row.photo_consent:
        checks.add(where, "photo", _("A photo needs the day on which the person agreed to it (photoConsent)."))
    for task in row.tasks:
        checks.one_of(where, "tasks", task, TASKS)
    for language in row.languages:
        if not LANGUAGE.fullmatch(language):
            checks.add(where, "languages", _("A language is a code such as de, en or tr."))
    if len(row.languages) > MOST_LANGUAGES:
        checks.add(where, "languages", _("At most {most} entries here, please.", most=MOST_LANGUAGES))
    return NavigatorRow(
        key=checks.key(where, row.key, seen),
        name=checks.text(where, "name", row.name, 120),
        title=checks.text(where, "title", row.title, 80, required=False),
        department=departments.get(row.department)
        or checks.text(where, "department", row.department, 120, required=False),
        profile=checks.one_of(where, "profile", row.profile, PROFILES),
        hours_share=row.hours_share,
        offers=checks.topics(where, "offers", row.offers, vocabulary),
        seeks=checks.topics(where, "seeks", row.seeks, vocabulary),
        works_on=checks.topics(where, "worksOn", row.works_on, vocabulary),
        competences=_competences(checks, where, row.competences) if row.competences else NO_COMPETENCES,
        languages=tuple(sorted(set(row.languages[:MOST_LANGUAGES]))),
        email=checks.email(where, "email", row.email),
        phone=checks.phone(where, "phone", row.phone),
        chat=checks.chat(where, "chat", row.chat),
        room=checks.text(where, "room", row.room, 60, required=False),
        photo=checks.web(where, "photo", row.photo, SAFE_ADDRESS),
        photo_consent=row.photo_consent,
        since=row.since,
        until=row.until,
        mentor=row.mentor,
        recruited=checks.one_of(where, "recruited", row.recruited, RECRUITED),
        tasks=tuple(task for task in TASKS if task in row.tasks),
        coordinator=row.coordinator,
        funded=row.funded,
        visibility=_visibility(checks, where, row.visibility) if row.visibility else {},
    )


def _competences(checks: _Checks, where: str, row: Competences) -> Competences:
    areas = {area: checks.few(where, f"competences.{area}", getattr(row, area), MOST_COMPETENCES, 80) for area in AREAS}
    return Competences(**areas)


def _visibility(checks: _Checks, where: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """What differs from the defaults, by field as rows have it, sorted."""
    kept: dict[str, str] = {}
    for told, audience in chosen.items():
        name = _snake(told)
        field = f"visibility.{told[:40]}"
        if name != ENTRY and name not in FIELDS:
            checks.add(where, field, _("There is no such field. There are {fields}.", fields=", ".join(FIELDS)))
        elif audience not in Audience.__members__:
            checks.add(where, field, _("Choose one of {values}.", values=", ".join(Audience.__members__)))
        elif name == ENTRY:
            if audience == "PRIVATE":
                checks.add(where, field, _("Who shall be seen by nobody does not belong into the snapshot."))
            if audience != "PUBLIC":
                kept[ENTRY] = audience
        elif Audience[audience] < FIELDS[name].widest:
            checks.add(where, field, _("This can be shown to {widest} at most.", widest=FIELDS[name].widest.name))
        elif Audience[audience] is not FIELDS[name].default:
            kept[name] = audience
    return dict(sorted(kept.items()))


def _project(
    checks: _Checks,
    where: str,
    row: ProjectRow,
    vocabulary: Collection[str],
    departments: Mapping[str, str],
    people: Mapping[str, str],
    seen: dict[str, str],
) -> ProjectRow:
    if row.stage not in STAGES:
        checks.add(where, "stage", _("The stage is one of {stages}.", stages=", ".join(STAGES)))
    if len(row.navigators) > MOST_PEOPLE:
        checks.add(where, "navigators", _("At most {most} people in one project, please.", most=MOST_PEOPLE))
    for key in dict.fromkeys(row.navigators):
        if key not in people:
            checks.add(where, "navigators", _("No navigator of this snapshot has the key „{key}“.", key=key[:64]))
    if len(row.links) > MOST_LINKS:
        checks.add(where, "links", _("At most {most} entries here, please.", most=MOST_LINKS))
    return ProjectRow(
        key=checks.key(where, row.key, seen),
        title=checks.text(where, "title", row.title, 200),
        summary=checks.text(where, "summary", row.summary, 2_000, required=False),
        stage=row.stage,
        department=departments.get(row.department)
        or checks.text(where, "department", row.department, 120, required=False),
        seeks_partners=row.seeks_partners,
        seeks_test_area=row.seeks_test_area,
        topics=checks.topics(where, "topics", row.topics, vocabulary),
        navigators=tuple(sorted(set(row.navigators))),
        reusable=checks.text(where, "reusable", row.reusable, 1_000, required=False),
        lessons=checks.text(where, "lessons", row.lessons, 2_000, required=False),
        links=tuple(
            Link(
                checks.web(where, f"links[{i}]", link.url) or "",
                checks.text(where, f"links[{i}]", link.label, 120, required=False),
            )
            for i, link in enumerate(row.links[:MOST_LINKS])
        ),
    )


def _is_id(value: str) -> bool:
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", r"_\1", name[:40]).lower()
