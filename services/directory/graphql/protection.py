"""Tombstones through GraphQL: whoever keeps a copy of the directory learns whom to delete from it."""

import datetime as dt
from typing import Any

import strawberry
from sqlalchemy import select, tuple_
from strawberry import ID, Info

from services.directory.graphql.types import SERVICE
from services.directory.models import Erased
from services.kit.db import HUB
from services.kit.errors import Refused
from services.kit.graphql import Connection, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import here, place_of


@strawberry.type(description="Somebody who was erased: delete what you keep of this navigator.")
class ErasedEntry:
    id: ID
    at: dt.datetime


@strawberry.type
class ProtectionQuery:
    @strawberry.field(description="Who was erased, oldest first. Keep the last cursor and ask again.")
    async def erased(self, info: Info[Any, Any], first: int = 100, after: str | None = None) -> Connection[ErasedEntry]:
        place, query = place_of(after), select(Erased).order_by(Erased.at, Erased.navigator_id)
        if place is not None:
            try:
                query = query.where(
                    tuple_(Erased.at, Erased.navigator_id) > (dt.datetime.fromisoformat(place[0]), place[1])
                )
            except ValueError:
                raise Refused(_("„after“ is not a cursor of this list.")) from None
        async with here(info, SERVICE).db.read(HUB) as session:  # of all cities: they are numbers without data
            rows = (await session.scalars(query.limit(page_size(first) + 1))).all()
        return Connection.of(
            [ErasedEntry(id=ID(str(row.navigator_id)), at=row.at) for row in rows],
            lambda node: encode_cursor(node.at.isoformat(), str(node.id)),
            first,
            after,
        )
