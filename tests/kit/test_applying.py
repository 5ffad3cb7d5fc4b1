"""In which order and how many at once a service hears what was said."""

import datetime as dt
from typing import Any, cast

import msgspec

from services.kit import log
from services.kit.db import Writer
from services.kit.messages import Entry, Message, kind_of

NOW = dt.datetime.now(dt.UTC)


class Town(Message, frozen=True):
    name: str

    def key(self) -> str:
        return self.name


class Person(Town, frozen=True):
    pass


class Gone(Town, frozen=True):
    pass


class Unheard(Town, frozen=True):
    pass


async def heard(*said: Town) -> list[Any]:
    """What the handlers were told, call by call."""
    told: list[Any] = []

    @log.together
    async def many(_session: Writer, said: list[Town]) -> None:
        told.append([one.name for one in said])

    async def one(_session: Writer, said: Town) -> None:
        told.append(said.name)

    apply = log.applying({Town: many, Gone: one, Person: many})
    entries = [
        Entry(position, NOW, kind_of(type(one)), msgspec.Raw(msgspec.json.encode(one)), one.key())
        for position, one in enumerate(said, 1)
    ]
    await apply(cast(Writer, None), entries)
    return told


async def test_rows_of_handlers_that_take_lists_are_told_handler_by_handler() -> None:
    assert await heard(Town("a"), Person("1"), Person("2"), Town("b"), Unheard("x"), Person("3")) == [
        ["a", "b"],
        ["1", "2", "3"],
    ]


async def test_what_was_said_to_one_at_a_time_keeps_its_place() -> None:
    said = (Person("1"), Town("a"), Gone("1"), Gone("2"), Unheard("x"), Person("2"), Town("b"), Person("1"))
    assert await heard(*said) == [["a"], ["1"], "1", "2", ["b"], ["2", "1"]]
