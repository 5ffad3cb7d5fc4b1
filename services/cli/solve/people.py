"""What an organiser's file says, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.cli.solve.columns import KINDS
from services.cli.solve.numbers import Numbers


@dataclass(frozen=True)
class Topic:
    """`place`: the row where it stands; empty for one that only participants name."""

    name: str
    parent: str | None = None
    synonyms: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class Participant:
    """`key` is the name, with the city where two are called alike; `meets`, `never` and `met` are keys.

    `rounds` and `tables`: None for all. `host`: whether the person stays at one table; `host_table` from 1, None for
    one that is chosen. `place`: the row, for people. `own`: what stands in the organiser's own columns, by field.
    """

    key: str
    name: str
    place: str
    city: str = ""
    department: str = ""
    experience: str = ""
    language: str = ""
    offers: tuple[str, ...] = ()
    seeks: tuple[str, ...] = ()
    works_on: tuple[str, ...] = ()
    rounds: Numbers | None = None
    tables: Numbers | None = None
    host: bool = False
    host_table: int | None = None
    meets: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    own: Mapping[str, str] = field(default_factory=dict)

    def kind(self, field: str) -> str:
        """What stands in a column that tables can mix."""
        found: str = self.own.get(field, "") if field not in KINDS else getattr(self, field)
        return found


@dataclass(frozen=True)
class Note:
    """Something that was decided or seen and that the organiser should know."""

    place: str
    message: str


@dataclass(frozen=True)
class Given:
    """A file as it was understood. `titles`: how it calls the participants' columns, by field; `unused`: those that
    nobody asked for.

    `digest`: SHA-256 in hex over the files as they are.
    """

    people: tuple[Participant, ...]
    topics: tuple[Topic, ...]
    titles: dict[str, str]
    notes: tuple[Note, ...]
    digest: str
    unused: tuple[str, ...] = ()

    @property
    def parents(self) -> dict[str, str | None]:
        """Each topic's parent, by name."""
        return {topic.name: topic.parent for topic in self.topics}
