"""Types that others own, by their keys: the directory says the rest."""

import strawberry
from strawberry import ID
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

SERVICE = "matching"


@strawberry.federation.type(directives=[Key(fields=FieldSet("id"), resolvable=False)])
class Navigator:
    id: ID


@strawberry.federation.type(directives=[Key(fields=FieldSet("code"), resolvable=False)])
class Topic:
    code: ID


@strawberry.federation.type(directives=[Key(fields=FieldSet("ags"), resolvable=False)])
class City:
    ags: ID
