"""One person of the directory: found by id, by address, by a link that speaks for them."""

import hashlib
import hmac
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select

from services.directory import models as m
from services.directory import store
from services.directory.projection import Own
from services.directory.snapshot import CityRow, Identities, NavigatorRow
from services.directory.store import Stored
from services.kit import links
from services.kit.db import Reader, Writer
from services.kit.errors import NotFound
from services.kit.i18n import gettext as _
from services.kit.settings import Settings

LINK_LIFE = timedelta(days=90)
VISIT_LIFE = timedelta(hours=2)
"""Of the link that somebody gets who is logged in."""
MOST_ENTRIES = 5
"""Entries that share an address."""
_DIGEST_BYTES = 8


@dataclass(frozen=True)
class Person:
    """`row` is what the city publishes, `shown` the same as the person wants it; `own` is what they said.

    Of somebody `withdrawn`, `row` is what the city published of them last.
    """

    id: uuid.UUID
    ags: str
    row: NavigatorRow
    own: m.OwnWord | None
    stored: Stored
    withdrawn: bool = False

    @property
    def said(self) -> Own:
        """The person's own word; `hidden` for whatever reason."""
        if self.own is None:
            return Own()
        hidden = self.own.hidden or self.own.objected_at is not None or self.own.lapsed_at is not None
        return Own(self.own.corrections, self.own.visibility, hidden)

    @property
    def shown(self) -> NavigatorRow:
        return self.said.over(self.row)

    @property
    def city(self) -> CityRow:
        assert self.stored.snapshot is not None
        return self.stored.snapshot.city


async def find(
    session: Reader,
    settings: Settings,
    navigator_id: uuid.UUID,
    *,
    lock: bool = False,
    withdrawn: bool = False,
    ags: str | None = None,
) -> Person:
    """The person with this id. With `lock`, publications of the city wait until this unit of work ends.

    With `withdrawn`, also somebody whom only earlier publications hold, of the city `ags` if given. Raises NotFound
    where there is nobody. The session acts for the hub: own words are nobody else's.
    """
    ags = ags or await _city_of(session, navigator_id, withdrawn)
    if ags is not None:
        if lock:
            assert isinstance(session, Writer)
            stored = await store.turn(session, ags)
        else:
            stored = await store.read(session, ags)
        ids = Identities(settings.derived("identities"), ags)
        rows = stored.snapshot.navigators if stored.snapshot else ()
        row = next((one for one in rows if ids.navigator(one.key) == navigator_id), None)
        gone = row is None
        if gone and withdrawn:
            keys = await store.withdrawn(session, ags)
            if key := next((one for one in keys if ids.navigator(one) == navigator_id), None):
                row = await store.last_row(session, ags, key, keys[key])
        if row is not None:
            own = await session.get(m.OwnWord, navigator_id, populate_existing=lock)
            return Person(navigator_id, ags, row, own, stored, withdrawn=gone)
    raise NotFound(_("No city publishes this entry any more."))


async def _city_of(session: Reader, navigator_id: uuid.UUID, withdrawn: bool) -> str | None:
    known = [select(m.Navigator.ags).where(m.Navigator.id == navigator_id)]
    if withdrawn:
        known += [select(of.ags).where(of.navigator_id == navigator_id) for of in (m.Told, m.OwnWord)]
    return await session.scalar(known[0].union_all(*known[1:]).limit(1))


def with_own(person: Person, own: m.OwnWord) -> Person:
    """The person after they said `own`."""
    new = replace(person, own=own)
    return replace(new, stored=replace(person.stored, own={**person.stored.own, person.id: new.said}))


# Links ------------------------------------------------------------------------------------------------------------


def digest(settings: Settings, address: str) -> str:
    """By what an address is found again without being kept."""
    key = settings.derived("addresses of people")
    return hmac.digest(key, address.strip().lower().encode(), hashlib.sha256).hex()[:32]


def link(settings: Settings, navigator_id: uuid.UUID, address: str, life: timedelta = LINK_LIFE) -> str:
    """The path of somebody's own page, for whoever reads the mails to `address`."""
    value = navigator_id.bytes + bytes.fromhex(digest(settings, address))[:_DIGEST_BYTES]
    return f"/mine/{links.signed(settings, links.PERSON, value, life)}"


async def of_link(
    session: Reader, settings: Settings, token: str, *, lock: bool = False, withdrawn: bool = False
) -> Person:
    """Whose link it is, as `find`. Raises NotFound for one that is wrong or too old, or whose address is not theirs
    any more.
    """
    value = links.opened(settings, links.PERSON, token)
    if value is not None and len(value) == links.ID_BYTES + _DIGEST_BYTES:
        navigator_id = uuid.UUID(bytes=value[: links.ID_BYTES])
        person = await find(session, settings, navigator_id, lock=lock, withdrawn=withdrawn)
        known = bytes.fromhex(digest(settings, person.shown.email or ""))[:_DIGEST_BYTES]
        if hmac.compare_digest(known, value[links.ID_BYTES :]):
            return person
    raise NotFound(_("This link is not valid any more. You can have a new one sent."))


async def at_address(session: Reader, settings: Settings, address: str, ags: str | None = None) -> list[Person]:
    """The people who are published with this address, whoever sees it, or were: in `ags` if given."""
    query = select(m.Told.navigator_id).where(m.Told.address == digest(settings, address))
    if ags is not None:
        query = query.where(m.Told.ags == ags)
    found = []
    for key in (await session.scalars(query.order_by(m.Told.at).limit(MOST_ENTRIES))).all():
        try:
            person = await find(session, settings, key, withdrawn=True)
        except NotFound:
            continue
        if (person.shown.email or "").lower() == address.strip().lower():
            found.append(person)
    return found


async def language_of(session: Reader, person: Person) -> str:
    """In which language somebody is written to whom no request of theirs tells: their account's, else German, but
    English for those who speak it and, as their city says, no German.
    """
    account = await account_of(session, person)
    if account is not None:
        return account.language
    spoken = {one.partition("-")[0] for one in person.shown.languages}
    return "en" if "en" in spoken and "de" not in spoken else "de"


async def account_of(session: Reader, person: Person) -> m.Account | None:
    """The account of the same city with the person's address, if there is one."""
    if not person.shown.email:
        return None
    query = select(m.Account).where(
        m.Account.org == person.ags, func.lower(m.Account.email) == person.shown.email.lower()
    )
    return (await session.scalars(query.limit(1))).one_or_none()
