"""Fields of a person that not everybody sees."""

from typing import Any, TypeVar

import strawberry

from services.directory.fields import FIELDS

T = TypeVar("T")


def shown(empty: T, description: str = "") -> Any:
    """A resolver for a field of a navigator that not everybody sees; those who do not get `empty`."""

    def field(resolver: Any) -> Any:
        flag = FIELDS[resolver.__name__].flag

        def resolve(self: Any) -> Any:
            return resolver(self) if self.viewer.mask(self.row) & flag else empty

        resolve.__name__, resolve.__annotations__ = resolver.__name__, {"return": resolver.__annotations__["return"]}
        return strawberry.field(resolve, description=description or None)

    return field
