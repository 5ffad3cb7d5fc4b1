"""The committed schema is the one that the code composes to, and the one that a single process serves."""

from graphql import build_schema

from services.app import SERVICES
from services.kit.onegraph import one_graph, public_sdl
from tests.stories.schema import PUBLIC, SUPERGRAPH, current


def test_the_committed_schema_is_the_code_s() -> None:
    for path, text in current().items():
        assert path.read_text(encoding="utf-8") == text, "python -m tests.stories.schema writes it anew"


def test_one_process_serves_the_composed_schema() -> None:
    graph = one_graph({name: service.schema for name, service in SERVICES.items()})
    assert public_sdl(graph) == public_sdl(build_schema(PUBLIC.read_text(encoding="utf-8")))
    assert "join__Graph" in SUPERGRAPH.read_text(encoding="utf-8")
