"""Coordinators of the host city organise its events, whoever made them."""

from collections.abc import Iterator

from alembic import op

from services.kit.guards import (
    ANYBODY,
    NOBODY,
    both,
    coordinated,
    either,
    guard_anew,
    oneself,
    own_city,
    own_state,
    said,
)

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

PUBLIC = ("agenda_item", "room", "live", "open_space", "slot", "closure", "session")
SHARED = (
    "participant", "round_table", "seat", "survey", "retro_entry", "quote", "idea", "registration_rules", "vehicle",
    "boarding_point", "boarding", "proposal", "proposal_person", "harvest", "action_item", "harvest_file", "vote",
    "vote_candidate", "announcement",
)
OWN = ("online_link", "left_event", "need", "absence", "agenda_plan", "certificate", "session_seat")


def upgrade() -> None:
    for statement in guards():
        op.execute(statement)


def guards() -> Iterator[str]:
    yield from events()
    organised = of_event(either(oneself("e.organiser"), coordinated("e.host")))
    seen = of_event(either(oneself("e.organiser"), own_city("e.host"), f"{said('city')} = ANY (e.guests)"))
    for table in PUBLIC:
        yield from guard_anew(f"events.{table}", read=ANYBODY, write=organised)
    for table in SHARED:
        yield from guard_anew(f"events.{table}", read=seen, write=organised)
    for table in OWN:
        yield from guard_anew(f"events.{table}", read=organised, write=organised)
    yield from guard_anew("events.live_step", read=organised, write=NOBODY, insert=organised)
    yield from guard_anew("events.registration", read=either(organised, own_city("ags")), write=organised)
    yield from guard_anew("events.registration_exception", read=seen, write=NOBODY, insert=organised)
    yield from guard_anew("events.notice", read=NOBODY, write=NOBODY, insert=organised)
    yield from guard_anew("events.interest", read=organised, write=NOBODY)


def events() -> Iterator[str]:
    """An event keeps its organiser, whoever changes it; a coordinator's city may become a guest of it, and no less."""
    cities = "unnest(host || guests) one"
    theirs = f"EXISTS (SELECT FROM {cities} WHERE {either(own_city('one'), own_state('one'))})"
    nobodys = both(f"{said('city')} IS NULL", f"{said('states')} IS NULL")
    named = either(oneself("organiser"), f"EXISTS (SELECT FROM {cities} WHERE {coordinated('one')})")
    yield from guard_anew(
        "events.event", read=ANYBODY, write=either(oneself("organiser"), coordinated("host")),
        check=both(named, either(nobodys, theirs)))
    held = either(oneself("e.organiser"), coordinated("e.host"))
    theirs = f"EXISTS (SELECT FROM events.event e WHERE e.series_id = series.id AND ({held}))"
    yield from guard_anew(
        "events.series", read=ANYBODY, write=either(oneself("organiser"), theirs), insert=oneself("organiser"))
    offered = either(oneself("organiser"), coordinated("host"))
    for table in ("module", "programme"):
        own = either(nobodys, own_city("host"), own_state("host"))
        yield from guard_anew(f"events.{table}", read=ANYBODY, write=offered, check=both(offered, own))


def of_event(condition: str) -> str:
    return f"EXISTS (SELECT FROM events.event e WHERE e.id = event_id AND ({condition}))"
