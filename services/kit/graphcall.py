"""A GraphQL request and its answer over HTTP, as the published description shows them."""

from typing import Annotated, Any, Final

import msgspec

from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.openapi import BEARER, JSON, PROBLEM_JSON, Answer, Api, ProblemDetails

GRAPHQL_JSON: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"


class Call(msgspec.Struct, forbid_unknown_fields=False):
    """The body of a GraphQL request."""

    query: Annotated[str | None, msgspec.Meta(examples=["{ __typename }"])] = None
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - the protocol's name
    extensions: dict[str, Any] | None = None
    documentId: str | None = None  # noqa: N815

    @property
    def asked(self) -> str | None:
        """The hash of a trusted document, as the specification names it or as Apollo's clients do.

        Raises Refused for one that is no text.
        """
        if self.documentId is not None or not self.extensions:
            return self.documentId
        persisted = self.extensions.get("persistedQuery")
        if persisted is None:
            return None
        found = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if not isinstance(found, str):
            raise Refused(_("persistedQuery takes a sha256Hash."))
        return found


class Read(msgspec.Struct):
    """The same in the address of a `GET`, which may only read."""

    query: Annotated[str, msgspec.Meta(examples=["{ __typename }"])] = ""
    variables: Annotated[str, msgspec.Meta(description="A JSON object.", examples=["{}"])] = ""
    operationName: str = ""  # noqa: N815
    extensions: Annotated[str, msgspec.Meta(description="A JSON object.", examples=["{}"])] = ""
    documentId: str = ""  # noqa: N815


class GraphQLAnswer(msgspec.Struct):
    """The answer to a GraphQL request; `data` is missing where nothing ran."""

    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] = []
    extensions: dict[str, Any] = {}


POST: Final = Api(
    "Ask the graph; subscriptions stream",
    {
        200: Answer({JSON: GraphQLAnswer, GRAPHQL_JSON: GraphQLAnswer, EVENT_STREAM: None}),
        400: Answer({JSON: GraphQLAnswer, GRAPHQL_JSON: GraphQLAnswer, PROBLEM_JSON: ProblemDetails}),
    },
    takes=Call,
    by=(BEARER, ""),
    problems=(401, 403, 413, 415, 429),
)
GET: Final = Api(
    "Ask the graph a query; `Accept` names the media type that is read",
    {
        200: Answer({JSON: GraphQLAnswer, GRAPHQL_JSON: GraphQLAnswer}),
        400: Answer({JSON: GraphQLAnswer, GRAPHQL_JSON: GraphQLAnswer, PROBLEM_JSON: ProblemDetails}),
    },
    query=Read,
    by=(BEARER, ""),
    problems=(401, 403, 405, 406, 413, 429),
)
API: Final = {"GET": GET, "POST": POST}
