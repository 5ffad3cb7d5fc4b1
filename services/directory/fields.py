"""What a city may publish of a person, field by field: who sees it unless told otherwise, on which ground, how long.

Pure data. Validation, the graph, search, the record of processing (Art. 30 GDPR) and the person's own page read it, so
that none of them can promise another rule. A field that is not here cannot be published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final


class Audience(IntEnum):
    """Who sees a value. Each audience is part of the one before it."""

    PUBLIC = 0
    """Everybody."""
    NETWORK = 1
    """Clients and people of the cities that take part (`directory:read`)."""
    CITY = 2
    """The person's own city."""
    PRIVATE = 3
    """The person alone: stored with the publication, shown to nobody else."""


TASK: Final = "task"
"""Art. 6 (1) e GDPR with the state's law on public employees: contact data that the task needs."""
CONSENT: Final = "consent"
"""Art. 6 (1) a GDPR: only while the person agrees."""


@dataclass(frozen=True)
class Field:
    """`bit` is its place in the masks of a stored row. `widest` is the widest audience a city can choose."""

    name: str
    bit: int
    default: Audience
    widest: Audience = Audience.PUBLIC
    basis: str = TASK
    category: str = "contact"
    """What the record of processing groups it under: identity, contact, role, skills, image."""

    @property
    def flag(self) -> int:
        return 1 << self.bit


_IN_ORDER: Final = (
    # name, default, widest, basis, category
    ("name", Audience.NETWORK, Audience.PUBLIC, TASK, "identity"),
    ("title", Audience.PUBLIC, Audience.PUBLIC, TASK, "role"),
    ("department", Audience.PUBLIC, Audience.PUBLIC, TASK, "role"),
    ("profile", Audience.PUBLIC, Audience.PUBLIC, TASK, "role"),
    ("hours_share", Audience.CITY, Audience.NETWORK, TASK, "role"),
    ("offers", Audience.PUBLIC, Audience.PUBLIC, TASK, "skills"),
    ("seeks", Audience.PUBLIC, Audience.PUBLIC, TASK, "skills"),
    ("works_on", Audience.PUBLIC, Audience.PUBLIC, TASK, "skills"),
    ("competences", Audience.CITY, Audience.NETWORK, CONSENT, "skills"),
    ("languages", Audience.NETWORK, Audience.PUBLIC, TASK, "skills"),
    ("email", Audience.NETWORK, Audience.PUBLIC, TASK, "contact"),
    ("phone", Audience.CITY, Audience.PUBLIC, TASK, "contact"),
    ("chat", Audience.NETWORK, Audience.NETWORK, TASK, "contact"),
    ("room", Audience.CITY, Audience.NETWORK, TASK, "contact"),
    ("photo", Audience.NETWORK, Audience.PUBLIC, CONSENT, "image"),
    ("since", Audience.NETWORK, Audience.PUBLIC, TASK, "role"),
    ("until", Audience.CITY, Audience.NETWORK, TASK, "role"),
    ("mentor", Audience.NETWORK, Audience.NETWORK, TASK, "role"),
    ("recruited", Audience.CITY, Audience.CITY, TASK, "role"),
    ("tasks", Audience.NETWORK, Audience.PUBLIC, TASK, "role"),
    ("funded", Audience.CITY, Audience.CITY, TASK, "role"),
)
FIELDS: Final[Mapping[str, Field]] = {
    name: Field(name, bit, default, widest, basis, category)
    for bit, (name, default, widest, basis, category) in enumerate(_IN_ORDER)
}
"""By name, as a row of a snapshot has it. Bits are stored: new fields go to the end."""
ENTRY: Final = "entry"
"""In a row's visibility: who learns that the person is a navigator at all; PUBLIC by default, CITY at the narrowest."""


def audience_of(field: str, visibility: Mapping[str, Audience]) -> Audience:
    """Who sees `field` of somebody with these choices; never more than who may see the person at all."""
    known = FIELDS[field]
    chosen = visibility.get(field, known.default)
    return max(chosen, known.widest, visibility.get(ENTRY, Audience.PUBLIC))


@lru_cache(maxsize=4096)
def masks(visibility: frozenset[tuple[str, Audience]]) -> tuple[int, int, int]:
    """For the public, the network and the own city: the flags of what each sees, given what differs from the defaults.

    Remembered, because most people choose nothing or the same few things.
    """
    chosen = dict(visibility)
    public = network = city = 0
    for field in FIELDS.values():
        audience = audience_of(field.name, chosen)
        public |= field.flag if audience <= Audience.PUBLIC else 0
        network |= field.flag if audience <= Audience.NETWORK else 0
        city |= field.flag if audience <= Audience.CITY else 0
    return public, network, city
