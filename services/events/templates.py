"""Events as they are often held, to start from: what an organiser would otherwise write anew each time. Pure.

Texts are in the current language. The learning trip follows the day #KNmeetsHN of 1 October 2019 (annual report 2019 of
Konstanz's navigators, section 2.4.4, figure 13), the module and the review sections 2.4 and 2.7 of the same.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from services.events.draft import CLOCK, Draft, Item, Rounds, moved
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _

Party = Literal["HOST", "GUESTS"]


class Entry(msgspec.Struct, frozen=True):
    """A line of the agenda; `party` is for whom it is (None: everybody)."""

    starts: str
    ends: str | None
    title: str
    details: tuple[str, ...] = ()
    party: Party | None = None
    responsible: str = ""


class Template(msgspec.Struct, frozen=True):
    title: str
    kind: str
    agenda: tuple[Entry, ...]
    questions: tuple[str, ...] = ()
    rounds: Rounds | None = None


def _learning_trip() -> Template:
    coordinators, navigators = _("Coordinators of the cities"), _("Navigators of the cities")
    return Template(
        title=_("Learning trip"),
        kind="LEARNING_TRIP",
        agenda=(
            Entry("07:00", None, _("Departure"), party="GUESTS"),
            Entry("10:30", "10:45", _("Welcome: what and why?"), responsible=coordinators),
            Entry("10:45", "11:30", _("Speed dating: getting to know each other"), responsible=navigators),
            Entry("11:30", "12:00", _("Presentation of the ideas collected"), responsible=coordinators),
            Entry("12:00", "13:00", _("Lunch together")),
            Entry(
                "13:00",
                "15:00",
                _("Open space"),
                (
                    _("How can our partnership last?"),
                    _("What shall become of the ideas collected: which first, and by what measure?"),
                    _("X (this is where your own topic stands)"),
                ),
            ),
            Entry("15:00", "17:00", _("Guided tour and digital strategy of the host city"), party="GUESTS"),
            Entry("17:00", None, _("Journey home"), party="GUESTS"),
        ),
        questions=(
            _("Who am I, and where do I work?"),
            _("How did I become a digital navigator?"),
            _("Which digital topics am I working on right now?"),
        ),
        rounds=Rounds(starts="10:45", count=3, tables=5, minutes=12, break_minutes=3),
    )


def _open_space() -> Template:
    return Template(
        title=_("Open space"),
        kind="OPEN_SPACE",
        agenda=(
            Entry("09:00", "09:30", _("Arrival and coffee")),
            Entry("09:30", "10:00", _("Opening: how an open space works")),
            Entry(
                "10:00",
                "10:45",
                _("Marketplace: topics are proposed and find their place"),
                (_("Whoever proposes a topic is its convener."), _("Everybody marks what they want to attend.")),
            ),
            Entry("10:45", "11:45", _("Sessions, first slot")),
            Entry("12:00", "13:00", _("Lunch together")),
            Entry("13:00", "14:00", _("Sessions, second slot")),
            Entry("14:15", "15:15", _("Sessions, third slot")),
            Entry("15:30", "16:15", _("Harvest: results, and who does what until when")),
            Entry("16:15", "16:30", _("Closing")),
        ),
    )


def _module() -> Template:
    return Template(
        title=_("Training module"),
        kind="MODULE",
        agenda=(
            Entry("09:00", "09:30", _("Arrival and welcome")),
            Entry("09:30", "10:00", _("Goals of the day and expectations")),
            Entry("10:00", "11:30", _("Input: basics and examples")),
            Entry("11:30", "12:30", _("Work in small groups")),
            Entry("12:30", "13:30", _("Lunch together")),
            Entry("13:30", "15:00", _("Practice with a case of one's own")),
            Entry("15:15", "16:00", _("Transfer: what do I take into my department?")),
            Entry("16:00", "16:30", _("Feedback and outlook")),
        ),
    )


def _review() -> Template:
    return Template(
        title=_("Review meeting"),
        kind="REVIEW",
        agenda=(
            Entry("10:00", "10:10", _("Welcome and looking back")),
            Entry("10:10", "10:35", _("Open questions, wishes, criticism")),
            Entry("10:35", "11:00", _("From our house: a digital project introduces itself")),
            Entry("11:00", "11:20", _("What we agree on: who does what until when")),
            Entry("11:20", "11:30", _("Outlook on the next module")),
        ),
    )


TEMPLATES: Final[dict[str, Callable[[], Template]]] = {
    "LEARNING_TRIP": _learning_trip,
    "OPEN_SPACE": _open_space,
    "MODULE": _module,
    "REVIEW": _review,
}


def draft(
    template: Template,
    date: dt.date,
    host: str,
    guests: Sequence[str],
    *,
    title: str | None = None,
    starts: str | None = None,
    timezone: str = "Europe/Berlin",
) -> Draft:
    """An event of the template on `date`; `starts` (HH:MM) is when its first entry begins, the rest follows.

    What is for the guests comes once for each of their cities. Raises Refused where the day would not be long enough.
    """
    if starts is not None and not CLOCK.fullmatch(starts):
        raise Refused(_("A time looks like 09:30."), [Problem(message=_("A time looks like 09:30."), field="starts")])
    first = min(entry.starts for entry in template.agenda)
    later = _minutes(starts or first) - _minutes(first)
    parties: dict[Party | None, Sequence[str | None]] = {None: [None], "HOST": [host], "GUESTS": list(guests)}
    rounds = template.rounds
    return Draft(
        title=template.title if title is None else title,
        date=date,
        host=host,
        kind=template.kind,
        guests=tuple(guests),
        timezone=timezone,
        questions=template.questions,
        agenda=tuple(
            Item(
                starts=_shift(entry.starts, later),
                ends=_shift(entry.ends, later) if entry.ends else None,
                title=entry.title,
                details=entry.details,
                audience=audience,
                responsible=entry.responsible or None,
            )
            for entry in template.agenda
            for audience in parties[entry.party]
        ),
        rounds=msgspec.structs.replace(rounds, starts=_shift(rounds.starts, later)) if rounds else None,
    )


def copied(
    earlier: Draft,
    date: dt.date,
    host: str | None = None,
    guests: Sequence[str] | None = None,
    title: str | None = None,
) -> Draft:
    """An earlier event once more: everything but its people and its online link, on another day.

    What was for the host is for the new one; what was for a city that does not come is for the only new guest, or for
    everybody.
    """
    new_host = host or earlier.host
    new_guests = tuple(earlier.guests if guests is None else guests)
    away = new_guests[0] if len(new_guests) == 1 else None

    def audience(was: str | None) -> str | None:
        if was is None or was in new_guests:
            return was
        return new_host if was in {earlier.host, new_host} else away

    replace = msgspec.structs.replace
    return replace(
        moved(earlier, date),
        host=new_host,
        guests=new_guests,
        title=earlier.title if title is None else title,
        agenda=tuple(replace(item, id=None, audience=audience(item.audience)) for item in moved(earlier, date).agenda),
        rooms=tuple(replace(room, id=None) for room in earlier.rooms or ()) if new_host == earlier.host else (),
        venue=earlier.venue if new_host == earlier.host else "",
        address=earlier.address if new_host == earlier.host else "",
        online="",
    )


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _shift(clock: str, later: int) -> str:
    minutes = _minutes(clock) + later
    if not 0 <= minutes < 24 * 60:
        message = _("The day is not long enough: the agenda would go on after midnight.")
        raise Refused(message, [Problem(message=message, field="starts")])
    return f"{minutes // 60:02}:{minutes % 60:02}"
