"""The words that fields of the graph choose from."""

import enum

import strawberry


@strawberry.enum(description="Where a project stands.")
class Stage(enum.Enum):
    IDEA = "IDEA"
    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    STOPPED = "STOPPED"


@strawberry.enum(description="How much of a post the role is, from „Ehrenamt“ to „hauptamtlich“.")
class Profile(enum.Enum):
    VOLUNTARY = "VOLUNTARY"
    PART_TIME = "PART_TIME"
    FULL_TIME = "FULL_TIME"


@strawberry.enum(description="How somebody became a navigator.")
class Recruited(enum.Enum):
    ASKED = "ASKED"
    NOMINATED = "NOMINATED"
    APPLIED = "APPLIED"


@strawberry.enum(description="What a navigator has taken on.")
class Task(enum.Enum):
    CONTACT = "CONTACT"
    ADVISE = "ADVISE"
    INSPIRE_LEADERS = "INSPIRE_LEADERS"
    SHARE_KNOWLEDGE = "SHARE_KNOWLEDGE"
    SCOUT = "SCOUT"
    NETWORK = "NETWORK"
    DEVELOP_IDEAS = "DEVELOP_IDEAS"
    TRY_OUT = "TRY_OUT"
    ASSESS_IDEAS = "ASSESS_IDEAS"
    SUPPORT_PROJECTS = "SUPPORT_PROJECTS"
    INVOLVE_PUBLIC = "INVOLVE_PUBLIC"


@strawberry.enum(description="By population: below 5,000, 20,000, 100,000, 500,000, and above.")
class SizeClass(enum.Enum):
    VILLAGE = "VILLAGE"
    SMALL_TOWN = "SMALL_TOWN"
    MEDIUM_TOWN = "MEDIUM_TOWN"
    CITY = "CITY"
    METROPOLIS = "METROPOLIS"
