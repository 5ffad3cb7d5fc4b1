"""Registration in the graph: what organisers and cities see and do, and what people do with the link of a mail."""

from strawberry.tools import merge_types

from services.events.graphql.registration import mine, organising, travelling

Query = merge_types("Query", (mine.Query,))
Mutation = merge_types("Mutation", (organising.Mutation, travelling.Mutation, mine.Mutation))

__all__ = ["Mutation", "Query"]
