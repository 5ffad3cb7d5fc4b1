"""The book of one event's places: opened under the event's lock, changed in order, written at once.

The invariant that keeps the waiting list's order: when a unit of work ends, nobody waits for whom there is a place.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, text, union, update

from services.events import trips
from services.events.models import (
    Boarding,
    City,
    Event,
    Navigator,
    Need,
    Participant,
    Registration,
    RegistrationRules,
)
from services.events.notices import note, notice
from services.events.registration.rules import ends, quota
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Refused
from services.kit.i18n import gettext as _

HOLDING = ("registered", "offered")
"""States that hold a place."""
CONFIRMED = ("none", "given", "again")
"""Releases with which a held place is confirmed."""
ASKED = ("pending", "again")
"""Releases that a superior is asked for."""
MOST_RELEASE_ASKS = 5
TURNS_AT_ONCE = 50


@dataclass
class Book:
    """`rows` are the registrations that were asked for; who is promoted joins them."""

    session: Writer
    event: Event
    rules: RegistrationRules
    population: dict[str, int | None]
    taken: Counter[str]
    rows: dict[uuid.UUID, Registration]
    now: dt.datetime
    notices: list[dict[str, Any]] = field(default_factory=list)
    _waited: list[Registration] | None = None
    """Who waits, in order, once that was read."""
    _turns: list[int] = field(default_factory=list)
    _before: dict[uuid.UUID, bool] = field(default_factory=dict)
    """Who was confirmed when their row was read."""

    # Places ---------------------------------------------------------------------------------------------------------

    def quota(self, ags: str) -> int | None:
        return quota(self.rules.sizes, self.rules.parties, ags, self.population.get(ags))

    def full(self, ags: str) -> str:
        """What stands against a place for somebody of this city: `places`, `quota`, or nothing (empty)."""
        if self.rules.places is not None and self.taken.total() >= self.rules.places:
            return "places"
        most = self.quota(ags)
        return "quota" if most is not None and self.taken[ags] >= most else ""

    @property
    def ends(self) -> dt.datetime:
        return ends(self.event.last_day, self.event.timezone)

    @property
    def over(self) -> bool:
        return self.now >= self.ends

    @property
    def closed(self) -> bool:
        """Whether the last day to register is over."""
        return self.rules.closes_at is not None and self.now >= self.rules.closes_at

    def still(self) -> None:
        """Raises Conflict once nothing about a place can change any more."""
        if self.event.status == "cancelled":
            raise Conflict(_("The event was called off."))
        if self.over:
            raise Conflict(_("The event is over."))

    # Steps of a person ----------------------------------------------------------------------------------------------

    async def register(self, row: Registration, superior: str = "", *, direct: bool = False) -> None:
        """A place, or the end of the waiting list; who has one already keeps it.

        Raises Conflict while registration is not open, except for somebody whom a place is offered.
        """
        self.still()
        if row.state == "registered":
            if superior and superior != row.superior and row.release in ASKED:
                self.ask_release(row, superior)
            return
        row.superior = superior or row.superior
        if row.state == "offered":
            self._take(row, "place")
            return
        if self.rules.opens_at and self.now < self.rules.opens_at:
            raise Conflict(_("Registration is not open yet."))
        if self.closed:
            raise Conflict(_("Registration is closed."))
        row.direct = direct
        if row.state == "waiting":
            return
        if not self.full(row.ags):
            self._take(row, "place")
            return
        row.state, row.changed_at, row.release = "waiting", self.now, "none"
        row.turn = await self._turn()
        if self._waited is not None:
            self._waited.append(row)
        self.tell(row, "waiting")

    async def leave(self, row: Registration, *, by_organiser: bool = False) -> None:
        """Give back the place, the offer or the turn; somebody who has none of them declines. Promotes others."""
        if row.state in {"cancelled", "substituted"} or (row.state == "declined" and not by_organiser):
            return
        if not by_organiser:
            self.still()
        held = row.state in HOLDING
        registered = row.state == "registered"
        self._drop(row, "cancelled" if registered or by_organiser else "declined")
        if registered or by_organiser:
            self.tell(row, "cancelled")
        if held:
            await self.promote()

    async def hand_over(self, row: Registration, to: Navigator) -> None:
        """`to`, of the same city, takes the place of `row` at once, and the seats in buses where they have none; a
        release is needed anew, nothing else.

        Raises Conflict where there is no place to hand over, Refused for somebody of another city or who has one.
        """
        self.still()
        other = self.rows.get(to.id)
        if row.state != "registered":
            raise Conflict(_("There is no place to hand over."))
        if to.ags != row.ags or to.id == row.navigator_id:
            raise Refused(_("Only a colleague of the same city can take the place over."))
        if other is not None and other.state == "registered":
            raise Refused(_("This person has a place already."))
        offered = other is not None and other.state == "offered"
        await self._hand_seats_over(row, to)
        self._drop(row, "substituted")
        row.substitute = to.id
        self._take(other or self.new(to, row.language), "took_over")
        self.tell(row, "substituted")
        if offered:
            await self.promote()

    # What follows ---------------------------------------------------------------------------------------------------

    async def promote(self) -> None:
        """Give what is free to those who wait, strictly in their order; who cannot be served by their city's quota is
        passed over.
        """
        if self.event.status == "cancelled" or self.over:
            return
        until = min(self.now + dt.timedelta(hours=self.rules.offer_hours), self.ends)
        for row in list(await self.waiting()):
            if (against := self.full(row.ags)) == "places":
                break
            if against:
                continue
            if row.direct:
                self._take(row, "place")
            else:
                row.state, row.turn, row.offered_until, row.changed_at = "offered", None, until, self.now
                self.taken[row.ags] += 1
                self.tell(row, "offered")
        self._waited = [row for row in await self.waiting() if row.state == "waiting"]

    async def expire(self) -> None:
        """Offers that nobody took fall to the next."""
        query = select(Registration).where(
            Registration.event_id == self.event.id, Registration.state == "offered",
            Registration.offered_until <= self.now,
        )  # fmt: skip
        for row in await self.session.scalars(query.order_by(Registration.offered_until, Registration.navigator_id)):
            self.know(row)
            self._drop(row, "declined")
            self.tell(row, "expired")

    async def waiting(self) -> Sequence[Registration]:
        """Who waits, in order."""
        if self._waited is None:
            query = select(Registration).where(
                Registration.event_id == self.event.id, Registration.state == "waiting"
            ).order_by(Registration.turn)  # fmt: skip
            found = list((await self.session.scalars(query)).all())
            for row in found:
                self.know(row)
            self._waited = [row for row in found if row.state == "waiting"]
        return self._waited

    async def free_for_waiting(self) -> bool:
        """Whether somebody waits for whom there is a place, told without reading them all."""
        if self._waited is not None:
            return any(not self.full(row.ags) for row in self._waited)
        query = select(Registration.ags).where(
            Registration.event_id == self.event.id, Registration.state == "waiting"
        ).distinct()  # fmt: skip
        return any(not self.full(ags) for ags in await self.session.scalars(query))

    def admit(self, row: Registration) -> None:
        """A place, whatever the rules say of it and also afterwards: for organisers, who note why."""
        if row.state != "registered":
            self._take(row, "place")

    def waive_release(self, row: Registration) -> None:
        """The place counts without a superior's word: for organisers, who note why."""
        row.release, row.superior, row.changed_at = "none", "", self.now
        self.tell(row, "place")

    def ask_release(self, row: Registration, superior: str) -> None:
        """Ask a superior (again). Raises Conflict where no release is waited for, or too many were asked."""
        self.still()
        if row.state != "registered" or row.release not in ASKED:
            raise Conflict(_("No release is needed now."))
        if row.release_asks >= MOST_RELEASE_ASKS:
            raise Conflict(_("Superiors were asked often enough. Please turn to the organiser."))
        row.superior, row.release_asks = superior, row.release_asks + 1
        self.tell(row, "release")

    async def ask_again(self, before: str) -> None:
        """The event has another day than `before` (ISO 8601): who was released for that one keeps the place, and the
        superior is asked for this one; who waits for the release has the superior asked anew.
        """
        if not self.rules.release_needed or self.over or self.event.status == "cancelled":
            return
        query = select(Registration).where(
            Registration.event_id == self.event.id, Registration.state == "registered",
            Registration.release.in_(("given", *ASKED)),
        )  # fmt: skip
        for row in await self.session.scalars(query.order_by(Registration.navigator_id)):
            self.know(row)
            if row.release == "given":
                row.release, row.released_at = "again", None
            if row.release == "again":
                self.tell(row, "release_again")
            if row.superior:
                row.release_asks += 1
                self.tell(row, "release", before=before)

    async def ask_nobody(self) -> None:
        """No release is needed any more: places that waited for one count."""
        query = select(Registration).where(
            Registration.event_id == self.event.id, Registration.state == "registered", Registration.release.in_(ASKED)
        )
        for row in await self.session.scalars(query.order_by(Registration.navigator_id)):
            self.know(row)
            self.waive_release(row)

    async def decide(self, row: Registration, *, given: bool) -> None:
        """The superior's word; who does not get the release gives back the place."""
        self.still()
        row.release, row.released_at = ("given" if given else "refused"), self.now
        self.tell(row, "release_given" if given else "release_refused")
        if not given:
            self._drop(row, "cancelled", release="refused")
            await self.promote()

    def tell(self, row: Registration, kind: str, **details: Any) -> None:
        self.notices.append(notice(self.event.id, row.navigator_id, kind, **details))

    # Within -----------------------------------------------------------------------------------------------------------

    def new(self, person: Navigator, language: str) -> Registration:
        """The row of somebody who has none yet, as invited."""
        row = Registration(
            event_id=self.event.id, navigator_id=person.id, ags=person.ags, state="invited", turn=None, direct=False,
            offered_until=None, release="none", superior="", release_asks=0, language=language, changed_at=self.now,
        )  # fmt: skip
        self.session.add(row)
        self.rows[person.id] = row
        self._before[person.id] = False
        return row

    async def _turn(self) -> int:
        """The next in the waiting list; drawn in advance, because everybody else waits for this book to close."""
        if not self._turns:
            some = text("SELECT nextval('events.registration_turn') FROM generate_series(1, :some)")
            with self.session.no_autoflush:
                self._turns = sorted(await self.session.scalars(some, {"some": TURNS_AT_ONCE}))
        return self._turns.pop(0)

    def know(self, row: Registration) -> None:
        self.rows.setdefault(row.navigator_id, row)
        self._before.setdefault(row.navigator_id, confirmed(row))

    async def _hand_seats_over(self, row: Registration, to: Navigator) -> None:
        legs = select(Boarding.leg).where(Boarding.event_id == self.event.id, Boarding.navigator_id == to.id)
        await self.session.execute(
            update(Boarding)
            .where(
                Boarding.event_id == self.event.id, Boarding.navigator_id == row.navigator_id,
                Boarding.leg.not_in(legs.scalar_subquery()),
            )
            .values(navigator_id=to.id, present=None)
        )  # fmt: skip

    def _no_longer_waits(self, row: Registration) -> None:
        if row.state == "waiting" and self._waited is not None:
            self._waited.remove(row)

    def _take(self, row: Registration, kind: str) -> None:
        self._no_longer_waits(row)
        self.taken[row.ags] += row.state not in HOLDING
        row.state, row.turn, row.offered_until, row.changed_at = "registered", None, None, self.now
        row.release = "pending" if self.rules.release_needed else "none"
        row.substitute = None
        self.tell(row, kind)
        if row.release == "pending" and row.superior and row.release_asks < MOST_RELEASE_ASKS:
            self.ask_release(row, row.superior)

    def _drop(self, row: Registration, state: str, *, release: str = "none") -> None:
        self._no_longer_waits(row)
        self.taken[row.ags] -= row.state in HOLDING
        row.state, row.turn, row.offered_until, row.changed_at = state, None, None, self.now
        row.release, row.superior = release, ""

    async def close(self) -> bool:
        """Write what follows for participants, seats, boarding and needs; whether who takes part has changed."""
        await self.session.flush()
        came = [key for key, row in self.rows.items() if confirmed(row) and not self._before[key]]
        gone = [key for key, row in self.rows.items() if self._before[key] and not confirmed(row)]
        left = [key for key, row in self.rows.items() if row.state in {"declined", "cancelled", "substituted"}]
        await trips.join(self.session, self.event.id, came)
        if left or gone:
            await trips.leave(self.session, self.event.id, [*left, *gone])
            for model in (Boarding, Need):
                mine = (model.event_id == self.event.id, model.navigator_id.in_({*left, *gone}))
                await self.session.execute(delete(model).where(*mine))
        await note(self.session, self.notices)
        if came or gone:
            await trips.stamp(self.session, self.event.id)
        return bool(came or gone)


def confirmed(row: Registration) -> bool:
    return row.state == "registered" and row.release in CONFIRMED


async def opened(session: Writer, event_id: uuid.UUID, people: Collection[uuid.UUID] = ()) -> Book:
    """The book of an event, with the rows of `people`; others who want to change it wait until the work ends.

    Offers that ran out have fallen to the next by then.

    Raises Conflict for an event without registration.
    """
    await trips.lock(session, event_id)
    event = await session.get(Event, event_id, populate_existing=True)
    rules = await session.get(RegistrationRules, event_id, populate_existing=True)
    if event is None or rules is None:
        raise Conflict(_("This event has no registration."))
    query = select(Registration).where(Registration.event_id == event_id, Registration.navigator_id.in_(people))
    rows = {row.navigator_id: row for row in await session.scalars(query.execution_options(populate_existing=True))}
    cities = select(City.ags, City.population).where(City.ags.in_([event.host, *event.guests]))
    population: dict[str, int | None] = dict(list(await session.execute(cities)))
    taken = await held(session, event_id)
    book = Book(session, event, rules, population, taken, {}, dt.datetime.now(dt.UTC))
    for row in rows.values():
        book.know(row)
    await book.expire()
    if await book.free_for_waiting():
        await book.promote()
    return book


async def held(session: Reader, event_id: uuid.UUID) -> Counter[str]:
    """Places that are taken, by city: registrations that hold one, and participants who came without registration."""
    holding = select(Registration.navigator_id).where(
        Registration.event_id == event_id, Registration.state.in_(HOLDING)
    )
    there = union(holding, select(Participant.navigator_id).where(Participant.event_id == event_id)).subquery()
    query = select(Navigator.ags, func.count()).join(there, there.c.navigator_id == Navigator.id)
    return Counter(dict(list(await session.execute(query.group_by(Navigator.ags)))))
