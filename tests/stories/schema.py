"""The schema as a contract: what the router serves, composed from the code and kept beside the router.

`python -m tests.stories.schema` writes it anew after a change; the difference is then read like any other.
"""

from pathlib import Path

from services.app import SERVICES
from tests.router import FOLDER, compose

SUPERGRAPH = FOLDER / "supergraph.graphql"
PUBLIC = FOLDER / "schema.graphql"


def current() -> dict[Path, str]:
    """The composed files as the code has them now; the addresses are those of `deploy/router`'s default."""
    sdls = {name: (f"http://{name}:8000/{name}/graphql", s.schema.as_str()) for name, s in SERVICES.items()}
    supergraph, public = compose(sdls)
    return {SUPERGRAPH: supergraph, PUBLIC: public}


if __name__ == "__main__":
    for path, text in current().items():
        path.write_text(text, encoding="utf-8")
