"""An event as its organiser writes it: checked as a whole, then turned into rows. Pure: no database, no clock."""

import datetime as dt
import re
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from services.kit.checks import Checks
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

KINDS = ("LEARNING_TRIP", "SPEED_DATING", "OPEN_SPACE", "MODULE", "REVIEW", "NETWORK_MEETING", "MEETING")
FEATURES = (
    "STEP_FREE", "ACCESSIBLE_TOILET", "HEARING_LOOP", "QUIET", "DAYLIGHT", "PROJECTOR", "VIDEO_CONFERENCE",
    "PIN_BOARDS", "WIFI", "MOVABLE_SEATS",
)  # fmt: skip
"""What a room may have."""
MOST_ITEMS = 100
MOST_DETAILS = 20
MOST_MATERIAL = 20
MOST_ROOMS = 60
MOST_CITIES = 200
MOST_QUESTIONS = 10
MOST_DAYS = 14
AGS = re.compile(r"(0[1-9]|1[0-6])[0-9]{6}")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
LINK = re.compile(r"https://[\w.-]+\.[\w-]+(:\d{1,5})?([/?#][\w!#$%&'()*+,./:;=?@~\[\]-]*)?")
"""What stands in addresses (RFC 3987) and nothing else: calendars write it down as it is."""


class Link(msgspec.Struct, frozen=True):
    title: str
    url: str


class Item(msgspec.Struct, frozen=True):
    """`starts` and `ends` are `HH:MM` on the event's clock, on `day` (None: the event's first).

    `id` is the one of the item that this was before, None where the writer does not say.
    """

    starts: str
    title: str
    ends: str | None = None
    details: tuple[str, ...] = ()
    audience: str | None = None
    responsible: str | None = None
    day: dt.date | None = None
    material: tuple[Link, ...] = ()
    id: str | None = None


class Room(msgspec.Struct, frozen=True):
    """A room of the venue; `id` as an item's."""

    name: str
    capacity: int | None = None
    features: tuple[str, ...] = ()
    id: str | None = None


class Rounds(msgspec.Struct, frozen=True):
    starts: str
    count: int = 3
    tables: int = 5
    minutes: int = 10
    break_minutes: int = 2
    table_topics: tuple[str, ...] = ()
    day: dt.date | None = None


class Draft(msgspec.Struct, frozen=True):
    title: str
    date: dt.date
    host: str
    kind: str = "LEARNING_TRIP"
    guests: tuple[str, ...] = ()
    hashtag: str = ""
    timezone: str = "Europe/Berlin"
    venue: str = ""
    address: str = ""
    questions: tuple[str, ...] = ()
    agenda: tuple[Item, ...] = ()
    rounds: Rounds | None = None
    last_day: dt.date | None = None
    """None: the event is over on its first."""
    rooms: tuple[Room, ...] | None = None
    """None: those that are there stay."""
    online: str = ""
    module: str | None = None

    @property
    def ends(self) -> dt.date:
        return self.last_day or self.date


def validate(draft: Draft, topics: frozenset[str]) -> Draft:
    """The draft with its texts cleaned. Raises Refused with every problem by row and field."""
    checks = Checks()
    where = "event"
    if draft.kind not in KINDS:
        checks.add(where, "kind", _("The kind is one of {kinds}.", kinds=", ".join(KINDS)))
    if draft.module and draft.kind != "MODULE":
        checks.add(where, "module", _("Only an event of the kind MODULE teaches a module."))
    if not 2000 <= draft.date.year <= 2100:
        checks.add(where, "date", _("Choose a date in the years 2000 to 2100."))
    if not 0 <= (draft.ends - draft.date).days < MOST_DAYS:
        checks.add(where, "lastDay", _("An event takes one to {most} days.", most=MOST_DAYS))
    if draft.timezone not in available_timezones():
        checks.add(where, "timezone", _("„{zone}“ is not a timezone; Europe/Berlin is one.", zone=draft.timezone[:60]))
    for field, given, most in (
        ("guests", draft.guests, MOST_CITIES),
        ("guidingQuestions", draft.questions, MOST_QUESTIONS),
        ("agenda", draft.agenda, MOST_ITEMS),
        ("rooms", draft.rooms or (), MOST_ROOMS),
    ):
        few(field, len(given), most)
    for i, ags in enumerate((draft.host, *draft.guests)):
        if not AGS.fullmatch(ags):
            row = "event" if i == 0 else f"guests[{i - 1}]"
            checks.add(
                row,
                "host" if i == 0 else "ags",
                _(
                    "„{ags}“ is not a municipality key (AGS): 8 digits, from 01 to 16 at first, such as 08335043.",
                    ags=ags[:20],
                ),
            )
    clean = msgspec.structs.replace(
        draft,
        title=checks.text(where, "title", draft.title, 200),
        guests=tuple(sorted(set(draft.guests) - {draft.host})),
        hashtag=checks.text(where, "hashtag", draft.hashtag, 60, required=False),
        venue=checks.text(where, "venue", draft.venue, 200, required=False),
        address=checks.text(where, "address", draft.address, 300, required=False),
        questions=tuple(
            checks.text(f"guidingQuestions[{i}]", "", question, 300) for i, question in enumerate(draft.questions)
        ),
        agenda=tuple(_item(checks, f"agenda[{i}]", item, draft) for i, item in enumerate(draft.agenda)),
        rounds=_rounds(checks, draft, draft.rounds, topics) if draft.rounds else None,
        rooms=tuple(_room(checks, f"rooms[{i}]", room) for i, room in enumerate(draft.rooms))
        if draft.rooms is not None
        else None,
        online=_link(checks, where, "onlineLink", draft.online) if draft.online else "",
    )
    for field, things in (("agenda", draft.agenda), ("rooms", draft.rooms or ())):
        ids = [thing.id for thing in things if thing.id]
        if len(set(ids)) < len(ids):
            checks.add(where, field, _("An id is given twice."))
    names = [room.name for room in clean.rooms or ()]
    if len(set(names)) < len(names):
        twice = max(i for i, name in enumerate(names) if name in names[:i])
        checks.add(f"rooms[{twice}]", "name", _("Two rooms have the same name."))
    checks.done(_("The event was not stored. Please correct the fields named and send it again."))
    return clean


def few(field: str, length: int, most: int) -> None:
    """Raises Refused where a list is too long to be looked at."""
    if length > most:
        raise Refused(
            _("{length} entries are too many for {field}; at most {most}.", length=length, field=field, most=most)
        )


def _item(checks: Checks, where: str, item: Item, draft: Draft) -> Item:
    _clock(checks, where, "starts", item.starts)
    _clock(checks, where, "ends", item.ends)
    _day(checks, where, item.day, draft)
    if item.ends and CLOCK.fullmatch(item.ends) and CLOCK.fullmatch(item.starts) and item.ends < item.starts:
        checks.add(where, "ends", _("It ends before it starts."))
    if item.audience is not None and item.audience not in {draft.host, *draft.guests}:
        checks.add(where, "audience", _("The city {city} takes no part in this event.", city=item.audience[:20]))
    for field, given, most in (
        ("details", len(item.details), MOST_DETAILS),
        ("material", len(item.material), MOST_MATERIAL),
    ):
        if given > most:
            checks.add(where, field, _("At most {most} lines, please.", most=most))
    return msgspec.structs.replace(
        item,
        title=checks.text(where, "title", item.title, 200),
        details=tuple(checks.text(where, "details", line, 300) for line in item.details[:MOST_DETAILS]),
        responsible=checks.text(where, "responsible", item.responsible or "", 200, required=False),
        material=tuple(
            Link(
                title=checks.text(f"{where}.material[{i}]", "title", one.title, 200),
                url=_link(checks, f"{where}.material[{i}]", "url", one.url),
            )
            for i, one in enumerate(item.material[:MOST_MATERIAL])
        ),
    )


def _room(checks: Checks, where: str, room: Room) -> Room:
    if room.capacity is not None:
        checks.number(where, "capacity", room.capacity, 1, 10_000)
    if unknown := set(room.features) - set(FEATURES):
        checks.add(where, "features", _("There is no such feature: {feature}", feature=min(unknown)[:40]))
    return msgspec.structs.replace(
        room,
        name=checks.text(where, "name", room.name, 120),
        features=tuple(one for one in FEATURES if one in room.features),
    )


def _rounds(checks: Checks, draft: Draft, rounds: Rounds, topics: frozenset[str]) -> Rounds:
    _clock(checks, "rounds", "starts", rounds.starts)
    _day(checks, "rounds", rounds.day, draft)
    checks.number("rounds", "count", rounds.count, 1, 20)
    checks.number("rounds", "tables", rounds.tables, 1, 1000)
    checks.number("rounds", "minutes", rounds.minutes, 1, 240)
    checks.number("rounds", "breakMinutes", rounds.break_minutes, 0, 240)
    for code in rounds.table_topics[:1000]:
        if code not in topics:
            checks.add("rounds", "tableTopics", _("The topic „{topic}“ is not in the vocabulary.", topic=code[:60]))
    if rounds.table_topics and len(rounds.table_topics) != rounds.tables:
        checks.add(
            "rounds",
            "tableTopics",
            _(
                "{given} topics for {tables} tables: name one for each table, or none.",
                given=len(rounds.table_topics),
                tables=rounds.tables,
            ),
        )
    return rounds


def _clock(checks: Checks, where: str, field: str, value: str | None) -> None:
    if value is not None and not CLOCK.fullmatch(value):
        checks.add(where, field, _("A time looks like 09:30."))


def _day(checks: Checks, where: str, day: dt.date | None, draft: Draft) -> None:
    if day is not None and not draft.date <= day <= draft.ends:
        checks.add(where, "day", _("This is not a day of the event."))


def _link(checks: Checks, where: str, field: str, url: str) -> str:
    clean = checks.text(where, field, url, 1000)
    if clean and not LINK.fullmatch(clean):
        checks.add(where, field, _("An address starts with https://"))
    return clean


def moment(draft: Draft, clock: str, day: dt.date | None = None) -> dt.datetime:
    """`HH:MM` on the event's clock, on `day` or its first, as an aware moment in UTC."""
    local = dt.datetime.combine(day or draft.date, dt.time.fromisoformat(clock), ZoneInfo(draft.timezone))
    return local.astimezone(dt.UTC)


def moved(draft: Draft, date: dt.date) -> Draft:
    """The same event on another day, at the same times of its clock; raises Refused outside the calendar."""
    days = date - draft.date

    def shift(day: dt.date | None) -> dt.date | None:
        return day + days if day else None

    try:
        return msgspec.structs.replace(
            draft,
            date=date,
            last_day=shift(draft.last_day),
            agenda=tuple(msgspec.structs.replace(item, day=shift(item.day)) for item in draft.agenda),
            rounds=msgspec.structs.replace(draft.rounds, day=shift(draft.rounds.day)) if draft.rounds else None,
        )
    except OverflowError:
        raise Refused(_("Choose a date in the years 2000 to 2100.")) from None
