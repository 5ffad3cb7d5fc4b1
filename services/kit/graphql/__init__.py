"""GraphQL over HTTP for subgraphs and for the one graph: limits, context, loaders, errors as problems."""

from typing import Final

from services.kit.graphql.answers import shown
from services.kit.graphql.calls import read_body
from services.kit.graphql.context import Context
from services.kit.graphql.endpoint import Fast, Straight, graphql_route, straight
from services.kit.graphql.prepared import Prepared
from services.kit.graphql.relay import (
    MOST_PER_PAGE,
    Connection,
    Edge,
    PageInfo,
    decode_cursor,
    encode_cursor,
    page_size,
)

FEDERATION_VERSION: Final = "2.9"
"""The newest that the freely licensed composition understands."""

__all__ = [
    "FEDERATION_VERSION",
    "MOST_PER_PAGE",
    "Connection",
    "Context",
    "Edge",
    "Fast",
    "PageInfo",
    "Prepared",
    "Straight",
    "decode_cursor",
    "encode_cursor",
    "graphql_route",
    "page_size",
    "read_body",
    "shown",
    "straight",
]
