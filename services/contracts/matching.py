"""What matching says."""

import msgspec

from services.kit.messages import Message


class TablePlanned(msgspec.Struct, frozen=True):
    """One table of one round; numbers count from 1, `navigators` are ids."""

    round: int
    table: int
    topic: str
    navigators: tuple[str, ...]


class RoundsConfirmed(Message, frozen=True):
    """The organiser chose this plan for the event; it replaces any chosen before."""

    event: str
    plan: str
    tables: tuple[TablePlanned, ...]

    def key(self) -> str:
        return self.event
