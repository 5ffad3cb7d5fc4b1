"""Whom an organiser invites: the people of cities, those with certain topics, or a list; and cities' contact points."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from services.events import trips
from services.events.models import City, Event, Navigator, Topic
from services.events.notices import note, notice
from services.events.registration.book import opened
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Refused
from services.kit.i18n import LANGUAGES
from services.kit.i18n import gettext as _

MOST_TOPICS = 100
LONGEST_WORDS = 1_000


@dataclass(frozen=True)
class Wanted:
    """Everybody of `cities`, of them only those with one of `topics` (and all below) if any are named, and the
    `navigators` by id.

    Without cities, topics count in all cities of the event. `contacts`: the cities' contact points are told as well.
    """

    cities: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    navigators: tuple[str, ...] = ()
    contacts: bool = False
    words: str = ""
    language: str = "de"


@dataclass(frozen=True)
class Outcome:
    """How many people were invited now, how many had been, and how many of the new ones get no mail."""

    invited: int
    already: int
    unreachable: int
    contacts: int


async def invite(session: Writer, event: Event, wanted: Wanted) -> Outcome:
    """Each person gets one mail about one event, whatever is asked for again.

    Raises Refused, and Conflict once nobody can register any more.
    """
    words, all_cities = _checked(event, wanted), [event.host, *event.guests]
    people = await trips.people(session, event, wanted.navigators)
    if wanted.cities or wanted.topics:
        query = select(Navigator).where(Navigator.ags.in_(wanted.cities or all_cities)).order_by(Navigator.id)
        if wanted.topics:
            query = query.where(Navigator.topics.overlap(await _with_all_below(session, wanted.topics)))
        people |= {one.id: one for one in await session.scalars(query.limit(trips.MOST_PARTICIPANTS + 1))}
    if len(people) > trips.MOST_PARTICIPANTS:
        raise Refused(_("At most {most} people can take part in one event.", most=trips.MOST_PARTICIPANTS))
    book = await opened(session, event.id, people)
    book.still()
    if book.closed:
        raise Conflict(_("Registration is closed. Please set a later deadline before you invite."))
    new = [person for key, person in people.items() if key not in book.rows]
    for person in new:
        book.tell(book.new(person, wanted.language), "invitation", words=words)
    await book.close()
    contacts: Sequence[str] = ()
    if wanted.contacts:
        query_ = select(City.ags).where(City.ags.in_(wanted.cities or all_cities), City.email != "", City.invitable)
        contacts = (await session.scalars(query_.order_by(City.ags))).all()
        told = {"words": words, "language": wanted.language}
        await note(session, [notice(event.id, None, "contact", **told) | {"ags": ags} for ags in contacts])
    unreachable = sum(not (one.email and one.invitable) for one in new)
    return Outcome(len(new), len(people) - len(new), unreachable, len(contacts))


async def _with_all_below(session: Reader, topics: Sequence[str]) -> list[str]:
    """Who works on a narrower topic has to do with the wider one, as in the directory's search."""
    below = select(Topic.code).where(Topic.code.in_(topics)).cte("below", recursive=True)
    below = below.union(select(Topic.code).join(below, Topic.parent == below.c.code))
    return [*topics, *await session.scalars(select(below.c.code))]


def _checked(event: Event, wanted: Wanted) -> list[str]:
    """The lines of the organiser's words. Raises Refused."""
    checks = Checks()
    for i, ags in enumerate(wanted.cities[: len(event.guests) + 2]):
        if ags not in {event.host, *event.guests}:
            checks.add(f"cities[{i}]", "ags", _("The city {city} takes no part in this event.", city=ags[:20]))
    if len(wanted.topics) > MOST_TOPICS:
        checks.add("topics", "", _("At most {most} topics, please.", most=MOST_TOPICS))
    if wanted.language not in LANGUAGES:
        checks.add("language", "", _("Please choose one of those offered."))
    words = checks.text("words", "", wanted.words, LONGEST_WORDS, required=False, lines=True)
    checks.done(_("Nobody was invited. Please correct the fields named and send it again."))
    return words.splitlines()
