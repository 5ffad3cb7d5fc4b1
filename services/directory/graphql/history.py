"""Publications through GraphQL: who, when, how much, what exactly; and the way back."""

import datetime as dt
import json
from typing import Any

import strawberry
from strawberry import ID, Info

from services.directory import access, history
from services.directory import models as m
from services.directory.graphql.publish import PublishResult, published, version
from services.directory.graphql.types import SERVICE
from services.kit.db import HUB
from services.kit.errors import Refused
from services.kit.graphql import Connection, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import here, read, who


@strawberry.type(description="A field of a row before and after a publication, as JSON; null where there was none.")
class FieldChange:
    kind: str = strawberry.field(description="city, departments, navigators or projects.")
    key: str
    field: str
    before: str | None
    after: str | None


@strawberry.type(description="A publication of a city.")
class Publication:
    id: ID
    ags: ID
    at: dt.datetime
    client: str = strawberry.field(description="The account or program that published.")
    name: str | None = strawberry.field(description="Its name, as far as it is still known.")
    via: str = strawberry.field(description="GRAPHQL, REST, UPLOAD, PAGE, HARVEST or RESTORE.")
    restored: ID | None = strawberry.field(description="The publication whose state came back.")
    added: int
    changed: int
    withdrawn: int
    unchanged: int
    restorable: bool

    @strawberry.field(description="What it changed, field by field; null where that is forgotten.")
    async def changes(self, info: Info[Any, Any]) -> list[FieldChange] | None:
        async with read(info, SERVICE) as session:
            found = await history.edits(session, self.ags, int(self.id))
        if found is None:
            return None
        return [FieldChange(kind=e.kind, key=e.key, field=e.field, before=_json(e.before), after=_json(e.after))
                for e in found]  # fmt: skip


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _of(row: m.Publication, name: str | None, restorable: bool) -> Publication:
    return Publication(
        id=ID(str(row.id)),
        ags=ID(row.ags),
        at=row.at,
        client=row.client,
        name=name,
        via=row.via,
        restored=ID(str(row.restored)) if row.restored else None,
        added=row.added,
        changed=row.changed,
        withdrawn=row.withdrawn,
        unchanged=row.unchanged,
        restorable=restorable,
    )


@strawberry.type
class HistoryQuery:
    @strawberry.field(description="What your city published, newest first.")
    async def publications(
        self, info: Info[Any, Any], ags: ID, first: int = 20, after: str | None = None
    ) -> Connection[Publication]:
        access.may_publish(who(info), access.checked_ags(ags))
        place = decode_cursor(after, 1)
        if place is not None and not (place[0].isascii() and place[0].isdecimal()):
            raise Refused(_("„after“ is not a cursor of this list."))
        async with read(info, SERVICE) as session:
            behind = int(place[0][:9]) if place else None
            rows = await history.page(session, ags, page_size(first) + 1, behind)
            kept = await history.restorable(session, rows)
        async with here(info, SERVICE).db.read(HUB) as session:  # accounts that have moved on are the hub's alone
            names = await history.names(session, rows)
        nodes = [_of(row, names.get(row.client), row.id in kept) for row in rows]
        return Connection.of(nodes, lambda node: encode_cursor(str(node.id)), first, after)


@strawberry.type
class HistoryMutation:
    @strawberry.mutation(description="Publish an earlier state of your city again; nobody who was erased comes back.")
    async def restore_publication(
        self, info: Info[Any, Any], ags: ID, id: ID, expected: ID | None = None, idempotency_key: str | None = None
    ) -> PublishResult:
        number, at = version(id), version(expected)
        return await published(
            info,
            ags,
            [ags, number, at],
            idempotency_key,
            lambda session, by: history.restore(session, by, ags, number, expected=at),
            via="RESTORE",
        )
