"""A city changes nothing of another city: every mutation as the schema has it, so that nobody can forget a new one."""

from collections.abc import Sequence

import pytest

from tests.stories.tenants.answers import Rows, leaks
from tests.stories.tenants.calls import MUTATIONS, calls
from tests.stories.tenants.world import World, codes, together

OWN = {"openNavigatorCall", "closeNavigatorCall"}
"""What names no city and nothing of a city, but is about that of who asks."""


async def test_what_is_about_one_s_own_city_names_no_other(world: World) -> None:
    ids = set(map(str, world.theirs.ids.values()))
    for name in OWN:
        for _query, sent in calls("mutation", name, world.theirs):
            assert not any(one in str(sent) for one in ids), (name, sent)


@pytest.mark.parametrize("names", together([name for name in MUTATIONS if name not in OWN]), ids=lambda names: names[0])
async def test_no_mutation_changes_anything_of_another_city(world: World, names: Sequence[str]) -> None:
    async def ask(name: str) -> None:
        for actor, sent, answer in await world.ask_all(calls("mutation", name, world.theirs)):
            refused = codes(answer) & {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED", "REFUSED"}
            assert refused, (name, actor, sent, answer)
            assert leaks(answer, sent, world.theirs) == set(), (name, actor, sent)

    assert await world.done(names, ask, differing) == {}


def differing(before: Rows, after: Rows) -> dict[str, set[str]]:
    """The rows that were only there before or after, by table."""
    both = {table: set(rows) ^ set(after[table]) for table, rows in before.items() if rows != after[table]}
    return {table: rows for table, rows in both.items() if rows}
