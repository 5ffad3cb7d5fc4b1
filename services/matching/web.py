"""Matching over HTTP beside GraphQL: what it holds about a person."""

from services.kit.mydata import my_data_route
from services.matching import rounds

routes = [my_data_route("matching", rounds.about)]
