"""Answers to nobody in particular, kept until something public changes."""

from collections import OrderedDict
from collections.abc import Hashable


class Remembered:
    """The answers that were given last, at most `most` bytes of them; each belongs to a version and to no other."""

    def __init__(self, most: int) -> None:
        self.most, self.size = most, 0
        self._version: int | None = None
        self._found: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable, version: int | None) -> bytes | None:
        """The answer of that version, if it is there; None for no version. What is of another version goes at once:
        it may hold what somebody has had erased.
        """
        if version != self._version:
            self._found.clear()
            self._version, self.size = version, 0
        if version is None:
            return None
        found = self._found.get(key)
        if found is not None:
            self._found.move_to_end(key)
        return found

    def put(self, key: Hashable, answer: bytes, before: int | None, now: int | None) -> None:
        """Keep an answer that was read between two looks at the version; not if it moved meanwhile."""
        if now is None or before != now or len(answer) > self.most // 8:
            return
        if now != self._version:
            self._found.clear()
            self._version, self.size = now, 0
        if key not in self._found:
            self.size += len(answer)
            self._found[key] = answer
        while self.size > self.most:
            _key, oldest = self._found.popitem(last=False)
            self.size -= len(oldest)
