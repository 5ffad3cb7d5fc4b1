"""Matching's subgraph: it owns Plan and adds the plans to an Event."""

from strawberry.federation import Schema
from strawberry.tools import merge_types

from services.kit.graphql import FEDERATION_VERSION
from services.matching.graphql.advising import AdviceQuery
from services.matching.graphql.asking import Query, Subscription
from services.matching.graphql.changing import Mutation
from services.matching.graphql.explaining import ReasonQuery
from services.matching.graphql.plans import Event

__all__ = ["schema"]

schema = Schema(
    query=merge_types("Query", (Query, AdviceQuery, ReasonQuery)),
    mutation=Mutation,
    subscription=Subscription,
    types=[Event],
    federation_version=FEDERATION_VERSION,
)
