"""What people write for an open space, cleaned and checked. Pure: no database, no clock."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from services.events.draft import FEATURES
from services.kit.checks import Checks
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

MOST_PROPOSALS: Final = 300
MOST_AT_ONCE: Final = 100
MOST_TOPICS: Final = 10
MOST_FEATURES: Final = 20
MOST_CONVENERS: Final = 10
MOST_TIMES: Final = 4
MOST_ROOMS: Final = 60
MOST_SLOTS: Final = 32
MOST_SEATS: Final = 100_000
LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 2_000
LONGEST_MINUTES: Final = 20_000


class ProposalDraft(msgspec.Struct, frozen=True):
    """`source` says where an idea was noted, such as „Runde 2, Tisch 3“."""

    title: str
    text: str = ""
    topics: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    anonymous: bool = False
    convene: bool = False
    source: str = ""


class RoomDraft(msgspec.Struct, frozen=True):
    """`id` of a room that is there already, empty for a new one."""

    name: str
    capacity: int
    features: tuple[str, ...] = ()
    id: str = ""


class SlotDraft(msgspec.Struct, frozen=True):
    starts: dt.datetime
    ends: dt.datetime
    id: str = ""


class HarvestDraft(msgspec.Struct, frozen=True):
    results: str = ""
    decisions: str = ""
    minutes: str = ""


class ActionDraft(msgspec.Struct, frozen=True):
    """Who does `text` until `due`: `owner_id` of the directory, or `owner` in words. `idea` and `candidate` (of a vote)
    are ids of what it follows from.
    """

    text: str
    owner_id: str = ""
    owner: str = ""
    city: str = ""
    due: dt.date | None = None
    status: str = "open"
    idea: str = ""
    candidate: str = ""


def proposal(draft: ProposalDraft, vocabulary: frozenset[str], checks: Checks, row: str = "proposal") -> ProposalDraft:
    """The proposal with its texts cleaned; what is wrong with it goes to `checks`."""
    if draft.anonymous and draft.convene:
        checks.add(row, "convene", _("Who proposes without a name cannot host the session."))
    return ProposalDraft(
        title=checks.text(row, "title", draft.title, LONGEST_TITLE),
        text=checks.text(row, "text", draft.text, LONGEST_TEXT, required=False, lines=True),
        topics=topics(checks, row, draft.topics, vocabulary),
        needs=features(checks, row, "needs", draft.needs),
        anonymous=draft.anonymous,
        convene=draft.convene,
        source=checks.text(row, "source", draft.source, 200, required=False),
    )


def room(draft: RoomDraft, checks: Checks, row: str) -> RoomDraft:
    checks.number(row, "capacity", draft.capacity, 1, MOST_SEATS)
    return RoomDraft(
        name=checks.text(row, "name", draft.name, 100),
        capacity=draft.capacity,
        features=features(checks, row, "features", draft.features),
        id=draft.id,
    )


def slots(drafts: Sequence[SlotDraft], checks: Checks) -> list[SlotDraft]:
    """By their beginning; sessions of one slot must be over before the next begins."""
    ordered = sorted(drafts, key=lambda slot: (slot.starts, slot.ends))
    for i, slot in enumerate(ordered):
        if slot.starts.tzinfo is None or slot.ends.tzinfo is None:
            raise Refused(_("Please give times with their offset, such as 2026-10-01T13:00:00+02:00."))
        if slot.ends <= slot.starts:
            checks.add(f"slots[{i}]", "ends", _("It ends before it starts."))
        if i and slot.starts < ordered[i - 1].ends:
            checks.add(f"slots[{i}]", "starts", _("It starts before the slot before it has ended."))
    return ordered


def action(draft: ActionDraft, checks: Checks, row: str = "action") -> ActionDraft:
    if draft.owner_id and draft.owner:
        checks.add(row, "owner", _("Name somebody of the directory or write a name, not both."))
    text, owner = checks.text(row, "text", draft.text, 500), checks.text(row, "owner", draft.owner, 200, required=False)
    return msgspec.structs.replace(draft, text=text, owner=owner)


def harvest(draft: HarvestDraft, checks: Checks) -> HarvestDraft:
    row = "harvest"
    return HarvestDraft(
        results=checks.text(row, "results", draft.results, LONGEST_MINUTES, required=False, lines=True),
        decisions=checks.text(row, "decisions", draft.decisions, LONGEST_MINUTES, required=False, lines=True),
        minutes=checks.text(row, "minutes", draft.minutes, LONGEST_MINUTES, required=False, lines=True),
    )


def topics(checks: Checks, row: str, codes: Sequence[str], vocabulary: frozenset[str]) -> tuple[str, ...]:
    few(codes, MOST_TOPICS, "topics")
    for code in codes:
        if code not in vocabulary:
            checks.add(row, "topics", _("The topic „{topic}“ is not in the vocabulary.", topic=code[:60]))
    return tuple(dict.fromkeys(codes))


def features(checks: Checks, row: str, field: str, given: Sequence[str]) -> tuple[str, ...]:
    """Of `draft.FEATURES`, each once."""
    few(given, MOST_FEATURES, field)
    if unknown := set(given) - set(FEATURES):
        checks.add(row, field, _("There is no such feature: {feature}", feature=min(unknown)[:40]))
    return tuple(one for one in FEATURES if one in given)


def few(given: Iterable[object], most: int, field: str) -> None:
    """Raises Refused for more than `most`."""
    if (length := len(list(given))) > most:
        raise Refused(
            _("{length} entries are too many for {field}; at most {most}.", length=length, field=field, most=most)
        )
