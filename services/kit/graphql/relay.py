"""Pages of lists in the shape of the Relay cursor connections specification, and their opaque cursors."""

from collections.abc import Callable
from typing import Generic, Self, TypeVar

import msgspec
import strawberry

from services.kit.errors import Refused
from services.kit.i18n import gettext as _

MOST_PER_PAGE = 100

T = TypeVar("T")


@strawberry.federation.type(shareable=True, description="Where a page of a connection lies (Relay).")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str


@strawberry.type
class Connection(Generic[T]):
    """A page of a list, in the shape of the Relay cursor connections specification."""

    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo

    @classmethod
    def of(cls, items: list[T], cursor: Callable[[T], str], first: int, after: str | None) -> Self:
        """The page from `items`, of which the caller fetched one more than `first`."""
        page = items[:first]
        edges = [Edge(node=item, cursor=cursor(item)) for item in page]
        info = PageInfo(
            has_next_page=len(items) > first,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return cls(edges=edges, nodes=page, page_info=info)


def page_size(first: int, most: int = MOST_PER_PAGE) -> int:
    """Raises Refused unless 1 ≤ `first` ≤ `most`."""
    if not 1 <= first <= most:
        raise Refused(_("„first“ takes a number from 1 to {most}.", most=most))
    return first


def encode_cursor(*parts: str) -> str:
    """An opaque cursor from the sort key of a row."""
    return msgspec.json.encode(parts).hex()


def decode_cursor(cursor: str | None, length: int) -> list[str] | None:
    """The parts of a cursor made by `encode_cursor`; raises Refused for anything else."""
    if cursor is None:
        return None
    try:
        parts = msgspec.json.decode(bytes.fromhex(cursor), type=list[str])
    except (ValueError, msgspec.MsgspecError):
        parts = []
    if len(parts) != length or any("\0" in part for part in parts):
        raise Refused(_("„after“ is not a cursor of this list."))
    return parts
