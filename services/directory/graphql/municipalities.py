"""The official register in the graph."""

from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.directory import models as m
from services.directory.graphql.types import City, city_of


@strawberry.type(description="A municipality of the official register, whether it takes part or not.")
class Municipality:
    ags: ID
    name: str = strawberry.field(description="The official name, such as „Konstanz, Universitätsstadt“.")
    kind: str
    state: str
    district: str
    population: int
    postal_code: str
    sort_key: strawberry.Private[str]

    @classmethod
    def of(cls, row: m.Municipality) -> Self:
        return cls(
            ags=ID(row.ags),
            name=row.name,
            kind=row.kind,
            state=row.state,
            district=row.district,
            population=row.population,
            postal_code=row.postal_code,
            sort_key=row.sort_key,
        )

    @strawberry.field(description="What it publishes here; null if it does not take part.")
    async def city(self, info: Info[Any, Any]) -> City | None:
        return await city_of(info, self.ags)
