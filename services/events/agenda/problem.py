"""The planning problem as arrays, checked and ready to search."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]

OUT: Final = -1
"""The slot and the room of a session that the plan leaves out."""

LIKE, MUST = 1, 3
"""What a wish counts unless its weight is said: „would like to“ and „must“."""

MOST_PEOPLE, MOST_TOPICS, MOST_SLOTS, MOST_ROOMS, MOST_TIMES = 20_000, 300, 32, 60, 4
MOST_WISHES, MOST_WEIGHT, MOST_SEATS = 100, 100, 1_000_000


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts beside wishes, in wishes of weight 1: each session left out, and each interested person beyond the
    seats of the room. At 0 they only decide between plans that keep the same wishes, the first before the second.
    """

    left_out: int = 0
    seatless: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Where n sessions may be, in T slots and R rooms.

    `there` (n×T): whether all conveners are there; `fits` (n×R): whether the room has what the topic needs; `free`
    (T×R): whether the room can be used; `frozen` (T): slots that are running or over, whose sessions are pinned and
    which take no other; `pinned` (n×2): slot and room, -1 where not pinned; `required` (n): may not be left out;
    `clash` (n×n): may not share a slot, symmetric.
    """

    there: Flags
    fits: Flags
    free: Flags
    frozen: Flags
    pinned: Ints
    required: Flags
    clash: Flags


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """What is to be planned: sessions, of which a repeated topic has several, into slots and rooms.

    `topic_of` (n): the topic of each session; `wishes` (k×3): person, topic, weight, each pair once; `seats` (R);
    `conveners`: by topic; `seated`: whether nobody attends a session without a seat. A plan is an array (n×2) of slot
    and room, or -1 and -1 for a session left out.
    """

    topics: tuple[str, ...]
    slots: tuple[str, ...]
    rooms: tuple[str, ...]
    people: tuple[str, ...]
    conveners: tuple[tuple[str, ...], ...]
    topic_of: Ints
    wishes: Ints
    seats: Ints
    rules: Rules
    weights: Weights = Weights()
    seated: bool = False

    @property
    def sessions(self) -> int:
        return len(self.topic_of)

    @cached_property
    def allowed(self) -> Flags:
        """Where each session may be (n×T×R), looked at by itself. What a frozen slot holds, it holds."""
        rules = self.rules
        out = rules.there[:, :, None] & rules.fits[:, None, :] & rules.free[None] & ~rules.frozen[None, :, None]
        for s, (slot, room) in enumerate(rules.pinned.tolist()):
            if slot != OUT and rules.frozen[slot]:
                out[s, slot] = True
            for pinned, axis in ((slot, out[s]), (room, out[s].T)):
                if pinned != OUT:
                    axis[np.arange(len(axis)) != pinned] = False
        return out

    @cached_property
    def interested(self) -> Ints:
        """How many people wish for each topic."""
        return np.bincount(self.wishes[:, 1], minlength=len(self.topics)).astype(np.int32)

    @cached_property
    def beyond(self) -> Ints:
        """Interested people beyond the seats (n×R), when those of a repeated topic spread over its sessions."""
        times = np.bincount(self.topic_of, minlength=len(self.topics))
        expected = -(-self.interested // np.maximum(times, 1))[self.topic_of]
        out: Ints = np.maximum(0, expected[:, None] - self.seats[None, :]).astype(np.int32)
        return out

    def digest(self) -> str:
        """A name for exactly this problem."""
        total = hashlib.sha256()
        weights = dataclasses.astuple(self.weights)
        said = (self.topics, self.slots, self.rooms, self.people, self.conveners, weights, self.seated)
        total.update(repr(said).encode())
        rules = [getattr(self.rules, field.name) for field in dataclasses.fields(self.rules)]
        for array in (self.topic_of, self.wishes, self.seats, *rules):
            total.update(repr((array.shape, str(array.dtype))).encode() + array.tobytes())
        return total.hexdigest()
