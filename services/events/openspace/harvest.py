"""What comes of a session: results, decisions and minutes, who does what until when, photos and documents.

Written by who hosts the session, by who takes notes with a link for it, or by the organiser. It belongs to the topic:
one that takes place several times has one harvest.
"""

import uuid
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import insert as upsert

from services.events.models import (
    ActionItem,
    Event,
    Harvest,
    HarvestFile,
    Idea,
    Navigator,
    Participant,
    Proposal,
    ProposalPerson,
    VoteCandidate,
)
from services.events.openspace import drafts, media
from services.events.openspace.callers import Caller
from services.events.openspace.drafts import ActionDraft, HarvestDraft
from services.events.openspace.proposals import CONVENER, MERGED, PLANNED
from services.kit.checks import Checks
from services.kit.db import Reader, Writer
from services.kit.errors import Conflict, Forbidden, NotFound
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid

ACTION_STATUS: Final = ("open", "doing", "done", "dropped")
MOST_ACTIONS: Final = 300
MOST_FILES: Final = 20
"""Of one topic."""
MOST_STORED: Final = 200_000_000
"""Bytes of one event's files."""
LONGEST_ALT: Final = 500


async def may_write(session: Reader, caller: Caller, row: Proposal) -> None:
    """Raises Forbidden for whoever neither hosts the session nor takes its notes nor organises the event."""
    if caller.organiser or caller.notes in {row.id, row.root}:
        return
    host = (
        select(ProposalPerson.navigator_id)
        .join(Proposal, Proposal.id == ProposalPerson.proposal_id)
        .where(Proposal.root == row.root, ProposalPerson.role == CONVENER)
        .where(ProposalPerson.navigator_id == caller.person)
    )
    if caller.person is None or await session.scalar(host) is None:
        raise Forbidden(_("Only who hosts this session, takes its notes or organises the event may write its results."))


def _planned(row: Proposal) -> uuid.UUID:
    """The topic whose harvest it is. Raises Conflict for one that did not take place."""
    if row.status not in {PLANNED, MERGED}:
        raise Conflict(_("This topic is not in the plan: there is no session to write about."))
    return row.root


async def write(
    session: Writer, event: Event, caller: Caller, row: Proposal, draft: HarvestDraft, expected: int
) -> None:
    """Replace the texts. `expected` is the version that was looked at, 0 before the first; else raises Conflict."""
    await may_write(session, caller, row)
    topic = _planned(row)
    checks = Checks()
    clean = drafts.harvest(draft, checks)
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    values = {"results": clean.results, "decisions": clean.decisions, "minutes": clean.minutes}
    first = upsert(Harvest).values(event_id=event.id, proposal_id=topic, version=1, **values)
    if expected == 0:
        statement = first.on_conflict_do_nothing().returning(Harvest.version)
    else:
        there = Harvest.proposal_id == topic, Harvest.version == expected
        statement = (
            update(Harvest)  # type: ignore[assignment]
            .where(*there)
            .values(version=expected + 1, changed_at=sql.now(), **values)
            .returning(Harvest.version)
        )
    if (await session.execute(statement)).scalar_one_or_none() is None:
        raise Conflict(_("Somebody else has written meanwhile. Please look at it again."))


# Action items -----------------------------------------------------------------------------------------------------


async def put_action(
    session: Writer, event: Event, caller: Caller, row: Proposal | None, draft: ActionDraft, key: str | None
) -> ActionItem:
    """A new item of the topic `row` (None: of the event, for the organiser), or the one with `key`, changed.

    The owner is somebody of the event's cities or who takes part, or a name in words. Raises Refused, NotFound.
    """
    if row is not None:
        await may_write(session, caller, row)
    elif not caller.organiser:
        raise Forbidden(_("Only the organiser may change this event."))
    checks = Checks()
    clean = drafts.action(draft, checks)
    owner = as_uuid(clean.owner_id) if clean.owner_id else None
    cities = {event.host, *event.guests}
    if clean.owner_id and not await _near(session, event, owner):
        checks.add("action", "owner", _("The directory has no such navigator."))
    if clean.city and clean.city not in cities:
        checks.add("action", "city", _("The city {city} takes no part in this event.", city=clean.city[:20]))
    if clean.status not in ACTION_STATUS:
        checks.add("action", "status", _("Choose one of {kinds}.", kinds=", ".join(ACTION_STATUS)))
    sources: dict[str, uuid.UUID | None] = {}
    for field, model in (("idea", Idea), ("candidate", VoteCandidate)):
        sources[f"{field}_id"] = key_of = as_uuid(getattr(clean, field))
        here = select(model.id).where(model.event_id == event.id, model.id == key_of)
        if getattr(clean, field) and (key_of is None or await session.scalar(here) is None):
            checks.add("action", field, _("This event has no such idea or candidate."))
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    values = {
        "text": clean.text, "owner_id": owner, "owner": clean.owner, "city": clean.city, "due": clean.due,
        "status": clean.status, **sources,
    }  # fmt: skip
    if key is not None:
        there = await _action(session, event, row, key)
        await session.execute(update(ActionItem).where(ActionItem.id == there.id).values(**values))
        return await _action(session, event, row, key)
    count = select(sql.count()).where(ActionItem.event_id == event.id)
    if int(await session.scalar(count) or 0) >= MOST_ACTIONS:
        raise Conflict(_("There are {most} action items already.", most=MOST_ACTIONS))
    new = uuid.uuid4()
    topic = _planned(row) if row is not None else None
    await session.execute(insert(ActionItem).values(id=new, event_id=event.id, proposal_id=topic, **values))
    return await _action(session, event, row, str(new))


async def remove_action(session: Writer, event: Event, caller: Caller, row: Proposal | None, key: str) -> None:
    if row is not None:
        await may_write(session, caller, row)
    elif not caller.organiser:
        raise Forbidden(_("Only the organiser may change this event."))
    there = await _action(session, event, row, key)
    await session.execute(delete(ActionItem).where(ActionItem.id == there.id))


async def _action(session: Reader, event: Event, row: Proposal | None, value: str) -> ActionItem:
    key = as_uuid(value)
    query = select(ActionItem).where(ActionItem.event_id == event.id, ActionItem.id == key)
    query = query.where(ActionItem.proposal_id == (row.root if row is not None else None))
    found = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise NotFound(_("There is no such action item."))
    return found


async def _near(session: Reader, event: Event, navigator: uuid.UUID | None) -> bool:
    taking_part = select(Participant.navigator_id).where(Participant.event_id == event.id)
    query = select(Navigator.id).where(
        Navigator.id == navigator,
        Navigator.ags.in_([event.host, *event.guests]) | Navigator.id.in_(taking_part),
    )
    return navigator is not None and await session.scalar(query) is not None


# Files ------------------------------------------------------------------------------------------------------------


async def attach(
    session: Writer, event: Event, caller: Caller, row: Proposal, name: str, alt: str, file: media.File
) -> HarvestFile:
    """Keep a file that `media.cleaned` gave. Raises Refused without `alt`, and Conflict where there is no more room."""
    await may_write(session, caller, row)
    topic = _planned(row)
    checks = Checks()
    name = checks.text("file", "name", name, 200, required=False)
    alt = checks.text("file", "alt", alt, LONGEST_ALT)
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    await session.execute(select(Event.id).where(Event.id == event.id).with_for_update())  # files are counted in turn
    here = select(sql.count()).where(HarvestFile.proposal_id == topic)
    stored = select(sql.coalesce(sql.sum(HarvestFile.size), 0)).where(HarvestFile.event_id == event.id)
    if int(await session.scalar(here) or 0) >= MOST_FILES:
        raise Conflict(_("A session can have {most} files. Please remove one first.", most=MOST_FILES))
    if int(await session.scalar(stored) or 0) + len(file.content) > MOST_STORED:
        raise Conflict(_("The files of this event fill their {most} MB.", most=MOST_STORED // 1_000_000))
    key = uuid.uuid4()
    await session.execute(
        insert(HarvestFile).values(
            id=key, event_id=event.id, proposal_id=topic, name=name, media_type=file.media_type, alt=alt,
            size=len(file.content), content=file.content,
        )
    )  # fmt: skip
    return (await session.scalars(select(HarvestFile).where(HarvestFile.id == key))).one()


async def file_of(session: Reader, event: Event, value: str) -> HarvestFile:
    """Raises NotFound. Its content is read only where it is asked for."""
    key = as_uuid(value)
    query = select(HarvestFile).where(HarvestFile.id == key, HarvestFile.event_id == event.id)
    found = (await session.scalars(query)).one_or_none() if key else None
    if found is None:
        raise NotFound(_("There is no such file."))
    return found


async def content(session: Reader, file: HarvestFile) -> bytes:
    return bytes(await session.scalar(select(HarvestFile.content).where(HarvestFile.id == file.id)) or b"")


async def describe(
    session: Writer,
    event: Event,
    caller: Caller,
    row: Proposal,
    value: str,
    *,
    alt: str | None,
    caption: str | None,
    consent: bool | None,
) -> None:
    """Say what is to be seen, what minutes print below it, and whether they may. None leaves it as it is."""
    await may_write(session, caller, row)
    file = await _own_file(session, event, row, value)
    checks = Checks()
    given = {"alt": alt, "caption": caption}
    values: dict[str, object] = {
        name: checks.text("file", name, text, LONGEST_ALT, required=name == "alt")
        for name, text in given.items()
        if text is not None
    }
    checks.done(_("Nothing was changed. Please correct the fields named and send it again."))
    if consent is not None:
        values["consent"] = consent
    if values:
        await session.execute(update(HarvestFile).where(HarvestFile.id == file.id).values(**values))


async def _own_file(session: Reader, event: Event, row: Proposal, value: str) -> HarvestFile:
    file = await file_of(session, event, value)
    if file.proposal_id != row.root:
        raise NotFound(_("There is no such file."))
    return file


async def detach(session: Writer, event: Event, caller: Caller, row: Proposal, value: str) -> None:
    await may_write(session, caller, row)
    file = await _own_file(session, event, row, value)
    await session.execute(delete(HarvestFile).where(HarvestFile.id == file.id))
