"""What services tell each other: immutable facts, encoded as JSON."""

from datetime import datetime

import msgspec


class Message(msgspec.Struct, frozen=True, tag=True, tag_field="kind", kw_only=True):
    """A fact that became true in the transaction that said it. The tag is the class name and never changes.

    A new field needs a default, so that readers of another version go on reading.
    """

    def key(self) -> str:
        """Whom or what it is about, so that everything said about one person can be found and erased."""
        raise TypeError(f"{type(self).__name__} names no key")


class Entry(msgspec.Struct, frozen=True):
    """One line of a log. `position` rises in the order of the commits and may have gaps."""

    position: int
    at: datetime
    kind: str
    body: msgspec.Raw
    key: str = ""
    """What the message says it is about; empty from a service that does not tell it yet."""


def kind_of(message: type[Message]) -> str:
    return str(message.__struct_config__.tag)
