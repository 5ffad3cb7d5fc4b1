"""A person's own word: corrected, shown to fewer or more, hidden, objected, confirmed. Each counts at once, everywhere.

All of it takes a session that acts for the hub, and returns what is to be said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import func, update

from services.directory import audit, projection, publishing, store
from services.directory import models as m
from services.directory.batch import Batch, write
from services.directory.fields import ENTRY, FIELDS, Audience, audience_of
from services.directory.protection.person import Person, digest, with_own
from services.directory.snapshot import Identities, NavigatorRow, Snapshot, validate
from services.kit.checks import Checks
from services.kit.db import Writer, put
from services.kit.errors import Problem, Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.settings import Settings

CORRECTABLE = (
    "name", "title", "department", "email", "phone", "chat", "room", "languages", "offers", "seeks", "works_on",
    "competences", "hours_share", "since", "until", "photo",
)  # fmt: skip
"""What people correct themselves; the rest is what the city decided about the role."""
LONGEST_OBJECTION = 2_000
PERSON = "person"
"""Who did it, in the audit log: the entry itself is the subject."""


@dataclass(frozen=True)
class Desk:
    """With what the hub works for a person."""

    settings: Settings
    memory: dict[str, Any]


async def correct(session: Writer, desk: Desk, person: Person, wanted: Mapping[str, Any]) -> list[Message]:
    """Put `wanted` (field → value as rows of a snapshot have it) above what the city says.

    A value that equals the city's is no correction any more. Raises Refused with each field that is wrong.
    """
    vocabulary = await store.vocabulary(session, desk.memory)
    old = dict(person.own.corrections) if person.own else {}
    plain = {name: msgspec.to_builtins(value) for name, value in wanted.items() if name in CORRECTABLE}
    row = _checked(person, projection.Own({**old, **plain}, {}).over(person.row), vocabulary)
    corrections = {
        name: msgspec.to_builtins(getattr(row, name))
        for name in CORRECTABLE
        if (name in old or name in plain) and getattr(row, name) != getattr(person.row, name)
    }
    messages = await keep(session, desk, person, corrections=corrections, confirmed_at=datetime.now(UTC))
    address = digest(desk.settings, row.email) if row.email else ""
    await session.execute(update(m.Told).where(m.Told.navigator_id == person.id).values(address=address))
    await _note(session, person, "entry.corrected", fields=sorted(plain))
    return messages


def _checked(person: Person, row: NavigatorRow, vocabulary: Any) -> NavigatorRow:
    """The row as a publication would have it, or Refused with the fields by their own names."""
    if row.photo and row.photo != person.row.photo:
        raise Refused(_("A photo comes from your city; here you can only remove it."), [Problem("", field="photo")])
    alone = Snapshot(city=person.city, navigators=(msgspec.structs.replace(row, mentor=None, visibility={}),))
    try:
        (checked,) = validate(alone, vocabulary).navigators
    except Refused as refused:
        problems = [Problem(one.message, field=_name(one.field)) for one in refused.problems]
        raise Refused(_("Nothing was changed. Please look at the fields that are named."), problems) from None
    return msgspec.structs.replace(checked, mentor=row.mentor, visibility=row.visibility)


def _name(told: str) -> str:
    wire = dict(zip(NavigatorRow.__struct_encode_fields__, NavigatorRow.__struct_fields__, strict=True))
    return wire.get(told.partition(".")[0], told)


async def show(session: Writer, desk: Desk, person: Person, chosen: Mapping[str, Audience]) -> list[Message]:
    """Choose who sees which field, and with `entry` who learns of the person at all.

    Fewer than the city chose is always possible. More is the person's consent: it is kept with its day, and ends when
    they choose less. Raises Refused for more than a field allows.
    """
    visibility, consents = dict[str, str](), dict[str, str]()
    before = dict(person.own.consents) if person.own else {}
    today = datetime.now(UTC).date().isoformat()
    of_city = {name: Audience[audience] for name, audience in person.row.visibility.items()}
    kept = dict(person.own.visibility) if person.own else {}
    for name, audience in {**{key: Audience[value] for key, value in kept.items()}, **chosen}.items():
        if name != ENTRY and name not in FIELDS:
            raise Refused(_("There is no such field."), [Problem("", field=name[:40])])
        widest = FIELDS[name].widest if name != ENTRY else Audience.PUBLIC
        if audience < widest or (name == ENTRY and audience is Audience.PRIVATE):
            raise Refused(_("This field cannot be shown to so many."), [Problem("", field=name)])
        default = FIELDS[name].default if name != ENTRY else Audience.PUBLIC
        city = of_city.get(name, default)
        if audience != city or name in kept:  # what was chosen stays chosen when the city comes round
            visibility[name] = audience.name
        if audience < city:
            same = kept.get(name) == audience.name
            consents[name] = before.get(name, today) if same else today
    messages = await keep(session, desk, person, visibility=visibility, consents=consents)
    await _note(session, person, "entry.shown", fields=sorted(visibility), consents=sorted(consents))
    return messages


async def hide(session: Writer, desk: Desk, person: Person, *, hidden: bool) -> list[Message]:
    """For safety: nobody outside the own city sees the person or hears of them, from this transaction on."""
    messages = await keep(session, desk, person, hidden=hidden)
    await _note(session, person, "entry.hidden" if hidden else "entry.unhidden")
    return messages


async def object_(session: Writer, desk: Desk, person: Person, reason: str) -> list[Message]:
    """Object to being published (Art. 21 GDPR): hidden until the city has decided."""
    checks = Checks()
    reason = checks.text("", "reason", reason, LONGEST_OBJECTION, required=False, lines=True)
    checks.done(_("Nothing was changed. Please look at the fields that are named."))
    messages = await keep(session, desk, person, objected_at=datetime.now(UTC), objection=reason)
    await _note(session, person, "entry.objected")
    return messages


async def confirm(session: Writer, desk: Desk, person: Person) -> list[Message]:
    """„Stimmt noch“: the person says that it is all right."""
    messages = await keep(session, desk, person, confirmed_at=datetime.now(UTC), lapsed_at=None)
    await _note(session, person, "entry.confirmed")
    return messages


async def keep(session: Writer, desk: Desk, person: Person, **values: Any) -> list[Message]:
    """Store what the person said, and show it at once. `person` was found with `lock`."""
    key = {"navigator_id": person.id}
    await put(session, m.OwnWord, key, {"ags": person.ags, "changed_at": func.now(), **values})
    own = await session.get_one(m.OwnWord, person.id, populate_existing=True)
    return await project(session, desk, with_own(person, own))


async def project(session: Writer, desk: Desk, person: Person) -> list[Message]:
    """Write the person's row anew; the city's source stays as it is."""
    vocabulary = await store.vocabulary(session, desk.memory)
    ids = Identities(desk.settings.derived("identities"), person.ags)
    assert person.stored.snapshot is not None
    keys = {row.key: ids.navigator(row.key) for row in person.stored.snapshot.navigators}
    batch, messages = Batch(), list[Message]()
    publishing.add_navigator(batch, messages, ids, person.row, person.stored, vocabulary, keys)
    await write(session, batch)
    return messages


class Choice(NamedTuple):
    """Who sees a field now (nobody who may not know of the person), what was chosen for it, and the widest choice."""

    sees: Audience
    chosen: Audience
    widest: Audience


def choices(person: Person) -> dict[str, Choice]:
    """By field, and by `entry` for the person as a whole."""
    shown = {name: Audience[audience] for name, audience in person.shown.visibility.items()}
    entry = shown.get(ENTRY, Audience.PUBLIC)
    of_fields = {
        name: Choice(audience_of(name, shown), shown.get(name, field.default), field.widest)
        for name, field in FIELDS.items()
    }
    return {ENTRY: Choice(entry, entry, Audience.PUBLIC), **of_fields}


async def _note(session: Writer, person: Person, action: str, **details: Any) -> None:
    await audit.note(session, PERSON, action, str(person.id), org=person.ags, **details)
