"""Mutations of people without a login are counted by the link that they come with.

Many who are at one event share an address, so what one address may do says little of what one person does.
"""

from inspect import isawaitable
from typing import Any, Final

from graphql import GraphQLObjectType

from services.kit import links

ARGUMENT: Final = "link"


def count_links(schema: Any) -> None:
    """Put a count before each mutation of `schema` (Strawberry's) that takes a `link`, once for as long as it lives."""
    mutation: GraphQLObjectType | None = schema._schema.mutation_type  # noqa: SLF001 - Strawberry has no other way
    for field in (mutation.fields if mutation else {}).values():
        if ARGUMENT in field.args:
            field.resolve = _counted(field.resolve)


def _counted(resolve: Any) -> Any:
    if hasattr(resolve, "counted"):  # two services may be made of one schema
        return resolve

    async def resolved(source: Any, info: Any, **args: Any) -> Any:
        if link := args.get(ARGUMENT):
            rates = next(iter(info.context.services.values())).rates
            await rates.take(links.CHANGES, links.counted(link))
        done = resolve(source, info, **args)
        return await done if isawaitable(done) else done

    resolved.counted = True  # type: ignore[attr-defined]
    if hasattr(resolve, "right"):
        resolved.right = resolve.right  # type: ignore[attr-defined]
    return resolved
