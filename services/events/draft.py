"""An event as its organiser writes it: checked as a whole, then turned into rows. Pure: no database, no clock."""

import datetime as dt
import re
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from services.kit.checks import Checks
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

KINDS = ("LEARNING_TRIP", "SPEED_DATING", "OPEN_SPACE", "MODULE", "REVIEW", "MEETING")
MOST_ITEMS = 100
MOST_DETAILS = 20
MOST_CITIES = 200
MOST_QUESTIONS = 10
AGS = re.compile(r"(0[1-9]|1[0-6])[0-9]{6}")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Item(msgspec.Struct, frozen=True):
    """`starts` and `ends` are `HH:MM` on the event's clock."""

    starts: str
    title: str
    ends: str | None = None
    details: tuple[str, ...] = ()
    audience: str | None = None
    responsible: str | None = None


class Rounds(msgspec.Struct, frozen=True):
    starts: str
    count: int = 3
    tables: int = 5
    minutes: int = 10
    break_minutes: int = 2
    table_topics: tuple[str, ...] = ()


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


def validate(draft: Draft, topics: frozenset[str]) -> Draft:
    """The draft with its texts cleaned. Raises Refused with every problem by row and field."""
    checks = Checks()
    where = "event"
    if draft.kind not in KINDS:
        checks.add(where, "kind", _("The kind is one of {kinds}.", kinds=", ".join(KINDS)))
    if not 2000 <= draft.date.year <= 2100:
        checks.add(where, "date", _("Choose a date in the years 2000 to 2100."))
    if draft.timezone not in available_timezones():
        checks.add(where, "timezone", _("„{zone}“ is not a timezone; Europe/Berlin is one.", zone=draft.timezone[:60]))
    for field, given, most in (
        ("guests", draft.guests, MOST_CITIES),
        ("guidingQuestions", draft.questions, MOST_QUESTIONS),
        ("agenda", draft.agenda, MOST_ITEMS),
    ):
        if len(given) > most:
            raise Refused(
                _(
                    "{length} entries are too many for {field}; at most {most}.",
                    length=len(given),
                    field=field,
                    most=most,
                )
            )
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
    cities = {draft.host, *draft.guests}
    clean = Draft(
        title=checks.text(where, "title", draft.title, 200),
        date=draft.date,
        host=draft.host,
        kind=draft.kind,
        guests=tuple(sorted(set(draft.guests) - {draft.host})),
        hashtag=checks.text(where, "hashtag", draft.hashtag, 60, required=False),
        timezone=draft.timezone,
        venue=checks.text(where, "venue", draft.venue, 200, required=False),
        address=checks.text(where, "address", draft.address, 300, required=False),
        questions=tuple(
            checks.text(f"guidingQuestions[{i}]", "", question, 300) for i, question in enumerate(draft.questions)
        ),
        agenda=tuple(_item(checks, f"agenda[{i}]", item, cities) for i, item in enumerate(draft.agenda)),
        rounds=_rounds(checks, draft.rounds, topics) if draft.rounds else None,
    )
    checks.done(_("The event was not stored. Please correct the fields named and send it again."))
    return clean


def _item(checks: Checks, where: str, item: Item, cities: set[str]) -> Item:
    _clock(checks, where, "starts", item.starts)
    _clock(checks, where, "ends", item.ends)
    if item.ends and CLOCK.fullmatch(item.ends) and CLOCK.fullmatch(item.starts) and item.ends < item.starts:
        checks.add(where, "ends", _("It ends before it starts."))
    if item.audience is not None and item.audience not in cities:
        checks.add(where, "audience", _("The city {city} takes no part in this event.", city=item.audience[:20]))
    if len(item.details) > MOST_DETAILS:
        checks.add(where, "details", _("At most {most} lines, please.", most=MOST_DETAILS))
    return Item(
        starts=item.starts,
        title=checks.text(where, "title", item.title, 200),
        ends=item.ends,
        details=tuple(checks.text(where, "details", line, 300) for line in item.details[:MOST_DETAILS]),
        audience=item.audience,
        responsible=checks.text(where, "responsible", item.responsible or "", 200, required=False),
    )


def _rounds(checks: Checks, rounds: Rounds, topics: frozenset[str]) -> Rounds:
    _clock(checks, "rounds", "starts", rounds.starts)
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


def moment(draft: Draft, clock: str) -> dt.datetime:
    """`HH:MM` on the event's day and clock as an aware moment in UTC."""
    local = dt.datetime.combine(draft.date, dt.time.fromisoformat(clock), ZoneInfo(draft.timezone))
    return local.astimezone(dt.UTC)
