"""Whether people fit the tables of one round, as a flow with lower bounds, and if not, where it is too narrow.

A feasible circulation exists unless some set of nodes has to let in more than it can let out (A. J. Hoffman, 1960).
Paths are augmented level by level (E. A. Dinic, 1970).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Network:
    """Arcs between whole-numbered nodes, each letting through between `low` and `high`."""

    nodes: int
    ends: list[int] = field(default_factory=list)
    room: list[int] = field(default_factory=list)
    out: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    need: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def arc(self, a: int, b: int, low: int, high: int) -> int:
        """Adds an arc, 0 <= low <= high, and gives its number."""
        self._pair(a, b, high - low)
        self.need[b] += low
        self.need[a] -= low
        return len(self.ends) - 2

    def through(self, arc: int) -> int:
        """What goes through an arc beyond its `low`, after `narrow` found that everything fits."""
        return self.room[arc + 1]

    def narrow(self) -> frozenset[int] | None:
        """The nodes of a set that must let in more than it can let out; None where everything fits."""
        source, sink, wanted = self.nodes, self.nodes + 1, 0
        for node, need in list(self.need.items()):
            if need > 0:
                self._pair(source, node, need)
                wanted += need
            elif need < 0:
                self._pair(node, sink, -need)
        for _phase in range(self.nodes + 3):  # the way to the sink grows longer each time
            level = self._levels(source)
            if sink not in level:
                return None if wanted == 0 else frozenset(level) - {source}
            wanted -= self._push(source, sink, level)
        raise AssertionError("a flow did not end")

    def _pair(self, a: int, b: int, room: int) -> None:
        for start, end, free in ((a, b, room), (b, a, 0)):
            self.out[start].append(len(self.ends))
            self.ends.append(end)
            self.room.append(free)

    def _levels(self, source: int) -> dict[int, int]:
        level, queue = {source: 0}, [source]
        for node in queue:  # grows while it is read
            for arc in self.out[node]:
                if self.room[arc] and self.ends[arc] not in level:
                    level[self.ends[arc]] = level[node] + 1
                    queue.append(self.ends[arc])
        return level

    def _push(self, source: int, sink: int, level: dict[int, int]) -> int:
        """A blocking flow."""
        tried: dict[int, int] = defaultdict(int)
        pushed, node = 0, source
        path: list[int] = []
        while True:  # until every arc was tried
            if node == sink:
                least = min(self.room[arc] for arc in path)
                for arc in path:
                    self.room[arc] -= least
                    self.room[arc ^ 1] += least
                pushed += least
                node, path = source, []
                continue
            arcs = self.out[node]
            while tried[node] < len(arcs):
                arc = arcs[tried[node]]
                if self.room[arc] and level.get(self.ends[arc]) == level[node] + 1:
                    break
                tried[node] += 1
            if tried[node] < len(arcs):
                path.append(arcs[tried[node]])
                node = self.ends[path[-1]]
            elif path:
                node = self.ends[path.pop() ^ 1]
                tried[node] += 1
            else:
                return pushed
