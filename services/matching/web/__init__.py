"""Matching over HTTP beside GraphQL: the organisers' pages about groups, progress, and what is held of a person."""

from services.kit.mydata import my_data_route
from services.matching import rounds
from services.matching.web import changing, groups, plan, progress

menu = groups.menu
routes = [
    progress.plan_progress,
    *groups.routes,
    *plan.routes,
    *changing.routes,
    my_data_route("matching", rounds.about),
]
