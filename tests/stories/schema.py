"""The schema as a contract: what the router serves, composed from the code and kept beside the router.

With it the trusted documents: the queries that the page for developers shows, by their hash.

`python -m tests.stories.schema` writes it anew after a change; the difference is then read like any other.
"""

import json
from pathlib import Path

from services.app import SERVICES
from services.kit.documents import sha256
from tests.router import FOLDER, compose

SUPERGRAPH = FOLDER / "supergraph.graphql"
PUBLIC = FOLDER / "schema.graphql"
DOCUMENTS = FOLDER / "documents.json"


def current() -> dict[Path, str]:
    """The composed files as the code has them now; the addresses are those of `deploy/router`'s default."""
    sdls = {name: (f"http://{name}:8000/{name}/graphql", s.schema.as_str()) for name, s in SERVICES.items()}
    supergraph, public = compose(sdls)
    return {SUPERGRAPH: supergraph, PUBLIC: public, DOCUMENTS: documents()}


def documents() -> str:
    """As JSON, an object from SHA-256 to query."""
    queries = [example.query for service in SERVICES.values() if service.examples for example in service.examples()]
    return json.dumps({sha256(query): query for query in sorted(queries)}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, text in current().items():
        path.write_text(text, encoding="utf-8")
