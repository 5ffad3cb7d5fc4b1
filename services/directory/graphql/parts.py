"""Small types of the graph that lead nowhere else."""

import strawberry


@strawberry.type(description="A department of a city's administration.")
class Department:
    key: str
    name: str
    target: int = strawberry.field(description="How many navigators it shall have.")
    employees: int | None


@strawberry.type(description="What somebody can do, in the four areas of competence.")
class Competences:
    professional: list[str]
    methodical: list[str]
    social: list[str]
    personal: list[str]


@strawberry.type(description="An address in the web.")
class Link:
    url: str
    label: str


@strawberry.type(description="How many navigators a department has, as far as you see where they work.")
class DepartmentCoverage:
    key: str
    name: str
    target: int = strawberry.field(description="How many it shall have.")
    actual: int
