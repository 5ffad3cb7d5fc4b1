"""Publishing through GraphQL: the snapshot as an input, the difference as the answer."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import strawberry
from strawberry import ID, Info

from services.directory import access, publishing
from services.directory.graphql.inputs import SnapshotInput
from services.directory.graphql.types import SERVICE, City, city_of
from services.directory.once import once
from services.directory.snapshot import Snapshot
from services.kit.db import Writer
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.messages import Message
from services.kit.resolvers import here, who
from services.kit.service import Runtime

LONGEST_NUMBER = 9
"""Digits of a publication's number."""


@strawberry.type(description="What a publication did to one kind of rows, as the city's own keys.")
class Changes:
    added: list[str]
    changed: list[str]
    withdrawn: list[str]
    unchanged: list[str]

    @classmethod
    def of(cls, changes: publishing.Changes) -> "Changes":
        return cls(
            added=list(changes.added),
            changed=list(changes.changed),
            withdrawn=list(changes.withdrawn),
            unchanged=list(changes.unchanged),
        )


@strawberry.type(description="The answer to a published snapshot.")
class PublishResult:
    ags: strawberry.Private[str]
    publication: ID | None = strawberry.field(description="Null if the snapshot changed nothing.")
    version: ID | None = strawberry.field(description="The city's newest publication now; for `expected`.")
    city_changed: bool
    departments: Changes
    navigators: Changes
    projects: Changes
    withheld: list[str] = strawberry.field(description="Keys of people who were erased here and do not come back.")

    @strawberry.field
    async def city(self, info: Info[Any, Any]) -> City:
        return cast(City, await city_of(info, self.ags))

    @classmethod
    def of(cls, report: publishing.Report) -> "PublishResult":
        return cls(
            ags=report.ags,
            publication=_id(report.publication),
            version=_id(report.version),
            city_changed=report.city_changed,
            departments=Changes.of(report.departments),
            navigators=Changes.of(report.navigators),
            projects=Changes.of(report.projects),
            withheld=list(report.withheld),
        )


def _id(number: int | None) -> ID | None:
    return ID(str(number)) if number else None


Work = Callable[[Writer, publishing.Publisher], Awaitable[publishing.Outcome]]


def publisher(info: Info[Any, Any], ags: str, via: str = "GRAPHQL") -> tuple[Runtime, publishing.Publisher]:
    """Raises Forbidden for another city than one's own."""
    runtime, asking = here(info, SERVICE), who(info)
    access.may_publish(asking, access.checked_ags(ags))
    return runtime, publishing.Publisher(asking.subject, runtime.settings.derived("identities"), runtime.memory, via)


async def published(
    info: Info[Any, Any], ags: str, request: Any, idempotency_key: str | None, work: Work, via: str = "GRAPHQL"
) -> PublishResult:
    """What `work` publishes for the city `ags` in one unit of work, at most once for an idempotency key.

    `request` is all that was asked for. Raises Forbidden for another city than one's own.
    """
    (runtime, by), asking = publisher(info, ags, via), who(info)
    async with runtime.db.begin(asking.acting) as session:
        said: list[Message] = []

        async def done() -> publishing.Report:
            outcome = await work(session, by)
            said.extend(outcome.messages)
            return publishing.Report.of(outcome)

        report = await once(
            session, asking.subject, idempotency_key, [info.field_name, request], publishing.Report, done
        )
        await runtime.say(session, said)
    return PublishResult.of(report)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        description="Make the snapshot the whole truth about your city. One wrong row refuses all of it. With "
        "`expected`, only if this publication is still the newest. With the same `idempotencyKey` again, the answer "
        "is the one of the first time."
    )
    async def publish_directory(
        self,
        info: Info[Any, Any],
        snapshot: SnapshotInput,
        expected: ID | None = None,
        idempotency_key: str | None = None,
    ) -> PublishResult:
        wanted, at = cast(Snapshot, snapshot), version(expected)
        if idempotency_key is None:
            runtime, by = publisher(info, wanted.city.ags)
            wish = publishing.Wish(by, wanted, at)
            outcome = await publishing.publish_now(runtime, who(info).acting, wish)
            return PublishResult.of(publishing.Report.of(outcome))
        return await published(
            info,
            wanted.city.ags,
            [wanted, at],
            idempotency_key,
            lambda session, by: publishing.publish(session, by, wanted, expected=at),
        )


def version(expected: ID | None) -> int:
    """Raises Refused for what is no number of a publication."""
    if expected is None:
        return publishing.ANY_VERSION
    if not (expected.isascii() and expected.isdecimal()) or len(expected) > LONGEST_NUMBER:
        raise Refused(_("„expected“ takes the number of a publication."))
    return int(expected)
