"""Single changes through GraphQL: one row of what the city published last, published as any snapshot is.

What resolvers get of an input is its row (`graphql.inputs`).
"""

from typing import Any, cast

import msgspec
import strawberry
from strawberry import ID, Info

from services.directory import publishing
from services.directory.graphql.inputs import CityInput, DepartmentInput, NavigatorInput, ProjectInput
from services.directory.graphql.publish import PublishResult, published, version
from services.directory.snapshot import CityRow, DepartmentRow, NavigatorRow, ProjectRow, Step, drop, put
from services.kit.errors import Refused

ONE = " Everything else stays as it is; `expected` and `idempotencyKey` as in publishDirectory."


async def _changed(
    info: Info[Any, Any], ags: str, asked: Any, step: Step, expected: ID | None, idempotency_key: str | None
) -> PublishResult:
    at = version(expected)
    try:
        return await published(
            info,
            ags,
            [ags, asked, at],
            idempotency_key,
            lambda session, by: publishing.change(session, by, ags, step, expected=at),
        )
    except Refused as problem:  # all other rows were right before: it is about the argument
        problems = [msgspec.structs.replace(one, row="row") if "[" in one.row else one for one in problem.problems]
        raise Refused(problem.message, problems) from problem


@strawberry.type
class ChangeMutation:
    @strawberry.mutation(description="Change what your city says of itself." + ONE)
    async def change_city(
        self, info: Info[Any, Any], city: CityInput, expected: ID | None = None, idempotency_key: str | None = None
    ) -> PublishResult:
        row = cast(CityRow, city)
        return await _changed(info, row.ags, row, put(row), expected, idempotency_key)

    @strawberry.mutation(description="Add a navigator, or replace the one with this key." + ONE)
    async def put_navigator(
        self,
        info: Info[Any, Any],
        ags: ID,
        row: NavigatorInput,
        expected: ID | None = None,
        idempotency_key: str | None = None,
    ) -> PublishResult:
        wanted = cast(NavigatorRow, row)
        return await _changed(info, ags, wanted, put(wanted), expected, idempotency_key)

    @strawberry.mutation(description="Withdraw a navigator, who leaves projects and mentoring too." + ONE)
    async def withdraw_navigator(
        self, info: Info[Any, Any], ags: ID, key: str, expected: ID | None = None, idempotency_key: str | None = None
    ) -> PublishResult:
        return await _changed(info, ags, key, drop("navigators", key), expected, idempotency_key)

    @strawberry.mutation(description="Add a project, or replace the one with this key." + ONE)
    async def put_project(
        self,
        info: Info[Any, Any],
        ags: ID,
        row: ProjectInput,
        expected: ID | None = None,
        idempotency_key: str | None = None,
    ) -> PublishResult:
        wanted = cast(ProjectRow, row)
        return await _changed(info, ags, wanted, put(wanted), expected, idempotency_key)

    @strawberry.mutation(description="Withdraw a project." + ONE)
    async def withdraw_project(
        self, info: Info[Any, Any], ags: ID, key: str, expected: ID | None = None, idempotency_key: str | None = None
    ) -> PublishResult:
        return await _changed(info, ags, key, drop("projects", key), expected, idempotency_key)

    @strawberry.mutation(
        description="Add a department, or replace the one with this key; its navigators and projects take over a new "
        "name." + ONE
    )
    async def put_department(
        self,
        info: Info[Any, Any],
        ags: ID,
        row: DepartmentInput,
        expected: ID | None = None,
        idempotency_key: str | None = None,
    ) -> PublishResult:
        wanted = cast(DepartmentRow, row)
        return await _changed(info, ags, wanted, put(wanted), expected, idempotency_key)

    @strawberry.mutation(description="Withdraw a department; its navigators and projects keep its name." + ONE)
    async def withdraw_department(
        self, info: Info[Any, Any], ags: ID, key: str, expected: ID | None = None, idempotency_key: str | None = None
    ) -> PublishResult:
        return await _changed(info, ags, key, drop("departments", key), expected, idempotency_key)
