"""A route that takes an id tells nothing of another city's things."""

import asyncio
import re

import pytest

from services.kit.rights import routes
from tests.stories.access import app
from tests.stories.tenants.answers import leaks
from tests.stories.tenants.cities import PRIVATE
from tests.stories.tenants.world import ACTORS, THOROUGH, World, another

PATHS = sorted({path for path, methods, _right in routes(app()) if "{" in path and "GET" in methods})


@pytest.mark.parametrize("path", PATHS)
async def test_no_route_with_an_id_tells_anything_of_another_city(world: World, path: str) -> None:
    (name, *_others) = re.findall(r"\{(\w+)\}", path)

    async def look(kind: str, actor: str) -> None:
        theirs = world.theirs.ids[kind]
        ids = (theirs, another(theirs)) if kind in PRIVATE else (theirs,)
        asked = [path.replace(f"{{{name}}}", one).replace("{name}", "slips.pdf") for one in ids]
        answers = await asyncio.gather(*(world.get(actor, where) for where in asked))
        for where, answer in zip(asked, answers, strict=True):
            assert answer.status_code < 500, where
            assert answer.headers["content-type"] != "application/pdf"
            assert leaks({"text": answer.text}, {"path": where}, world.theirs) == set(), (actor, where)
        assert len({answer.status_code for answer in answers}) == 1, (actor, path, kind)

    asked = [
        (kind, actor)
        for i, kind in enumerate((*PRIVATE, "event", "ags"))
        for j, actor in enumerate(ACTORS)
        if THOROUGH or (i + j) % 2 == 0
    ]
    await asyncio.gather(*(look(*one) for one in asked))
