"""A GraphQL request and its answer over HTTP, as the published description shows them."""

from typing import Annotated, Any, Final

import msgspec

from services.kit.openapi import BEARER, JSON, PROBLEM_JSON, Answer, Api, ProblemDetails

GRAPHQL_JSON: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"


class Call(msgspec.Struct, forbid_unknown_fields=False):
    """The body of a GraphQL request."""

    query: Annotated[str, msgspec.Meta(examples=["{ __typename }"])]
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the protocol's name
    extensions: dict[str, Any] | None = None


class GraphQLAnswer(msgspec.Struct):
    """The answer to a GraphQL request; `data` is missing where nothing ran."""

    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] = []


API: Final = Api(
    "Ask the graph; subscriptions stream",
    {
        200: Answer({JSON: GraphQLAnswer, GRAPHQL_JSON: GraphQLAnswer, EVENT_STREAM: None}),
        400: Answer({JSON: GraphQLAnswer, GRAPHQL_JSON: GraphQLAnswer, PROBLEM_JSON: ProblemDetails}),
    },
    takes=Call,
    by=(BEARER, ""),
    problems=(401, 403, 413, 415, 429),
)
