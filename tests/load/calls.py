"""What is asked under load, and which answers are failures.

Standard library only: Locust imports this in an environment of its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

GRAPH = "graph"
JSON = {"content-type": "application/json"}
BEGIN, END = "load: begin", "load: end"
"""What Locust's process says when what it measures begins and ends."""


@dataclass(frozen=True)
class Call:
    """One request; `kind` is its row in the table.

    `at` is GRAPH or the service that has `path`. `says` is what a right answer contains. `pause` are the seconds before
    it, where it is part of a script.
    """

    kind: str
    at: str
    path: str = ""
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    says: str = ""
    pause: float = 0.0

    def wrong(self, status: int, content: bytes) -> str:
        """What is wrong with an answer; nothing if it is right. GraphQL says 200 whatever went wrong."""
        if status != 200:
            return f"status {status}"
        if self.at == GRAPH:
            try:
                told = json.loads(content)
            except ValueError:
                return "no JSON"
            if errors := told.get("errors"):
                return str(errors[0].get("extensions", {}).get("code") or errors[0].get("message"))[:100]
            if any(value is None for value in (told.get("data") or {"": None}).values()):
                return "no data"
        return "" if self.says.encode() in content else f"without “{self.says}”"


def asked(
    kind: str, query: str, *, pause: float = 0.0, headers: Mapping[str, str] | None = None, **variables: object
) -> Call:
    """A question to the graph."""
    body = json.dumps({"query": " ".join(query.split()), "variables": variables})
    return Call(kind, GRAPH, method="POST", body=body, headers={**JSON, **(headers or {})}, pause=pause)


@dataclass(frozen=True)
class Plan:
    """What Locust's users do.

    Of `calls` each takes one by chance, again and again for `seconds` after `warm`, with `think` seconds between two on
    average. Of `scripts` each user takes one, once, and leaves; it is over when all have left.
    """

    bases: Sequence[Mapping[str, str]]
    """For each process of the hub where GRAPH and the services are; users take them in turns."""
    calls: Sequence[Call] = ()
    scripts: Sequence[Sequence[Call]] = ()
    seconds: float = 0.0
    warm: float = 0.0
    think: float = 1.0

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Plan":
        found = json.loads(path.read_text(encoding="utf-8"))
        found["calls"] = [Call(**one) for one in found["calls"]]
        found["scripts"] = [[Call(**one) for one in script] for script in found["scripts"]]
        return cls(**found)
