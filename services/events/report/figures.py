"""The figures of a year: plain values that the paper, the charts and the graph are made of."""

import datetime as dt
from typing import Final

import msgspec

from services.events.prints.votes import Result
from services.events.surveys.questions import Question
from services.events.surveys.results import Option, Tally


class Place(msgspec.Struct, frozen=True):
    """A city (`key` is its AGS) or a state (two digits)."""

    key: str
    name: str

    @property
    def state(self) -> bool:
        return len(self.key) == 2

    def has(self, ags: str) -> bool:
        return ags.startswith(self.key)


class Totals(msgspec.Struct, frozen=True):
    """One year of a place. `registered` to `hours` count its own people, `guests` what others attended with them.

    `attended` and `registered` count a person once for each event, `people` once a year. `hours` are those of the
    agendas, to a tenth; `unnoted` of the attended were neither noted as there nor as missing. `contacts` are pairs of
    people of two cities who sat at one table, one of them of the place.
    """

    events: int = 0
    cancelled: int = 0
    cities: int = 0
    registered: int = 0
    attended: int = 0
    unnoted: int = 0
    people: int = 0
    hours: float = 0.0
    guests: int = 0
    contacts: int = 0
    ideas: int = 0
    sessions: int = 0
    actions: int = 0
    actions_done: int = 0
    projects_proposed: int = 0
    projects: int = 0
    """Ideas that a city took as projects of its own."""


class Held(msgspec.Struct, frozen=True):
    """An event that took place; `attended` counts everybody, `own` the people of the place."""

    id: str
    kind: str
    title: str
    hashtag: str
    date: dt.date
    host: str
    registered: int
    attended: int
    own: int


class ModuleHeld(msgspec.Struct, frozen=True):
    """A module of the year: held `times` times; 0 where it is in a programme of the place and was not held."""

    title: str
    times: int
    attended: int


class Kind(msgspec.Struct, frozen=True):
    kind: str
    events: int
    before: int
    """The year before."""


class CityFigures(msgspec.Struct, frozen=True):
    """The people of one city at the events of the year; `contacts` are pairs with people of other cities."""

    ags: str
    name: str
    registered: int
    attended: int
    people: int
    hours: float
    contacts: int


MOST_IN_MATRIX: Final = 12
"""Cities whose contacts with each other are all in a report."""


class Contact(msgspec.Struct, frozen=True):
    """How many pairs of people of the two cities, by AGS, met at a table."""

    one: str
    other: str
    pairs: int


MOST_IN_PICTURE: Final = 24
"""Cities in a picture of the network: so many names can be read below each other."""


class Contacts(msgspec.Struct, frozen=True):
    """Who met whom in a year: in all, with people of other cities by AGS, between two cities, and their names."""

    total: int
    cities: dict[str, int]
    between: tuple[Contact, ...]
    names: dict[str, str]


class Asked(msgspec.Struct, frozen=True):
    question: Question
    tally: Tally


class SurveyFigures(msgspec.Struct, frozen=True):
    """A survey of the year that enough people answered; questions that ask for words are left out."""

    title: str
    event: str
    date: dt.date
    answers: int
    questions: tuple[Asked, ...]


class QuoteFigures(msgspec.Struct, frozen=True):
    """What somebody agreed to be quoted with; `name` is empty where they wanted their city alone."""

    text: str
    name: str
    city: str


class Project(msgspec.Struct, frozen=True):
    """An idea that a city took as a project of its own."""

    title: str
    city: str
    event: str


class Report(msgspec.Struct, frozen=True):
    """All of one year. Lists are the most important first and capped; totals are not."""

    place: Place
    year: int
    until: dt.date
    """The last day that counts: of a year that is not over, the day on which the report was made."""
    made: dt.date
    totals: Totals
    before: Totals
    kinds: tuple[Kind, ...]
    events: tuple[Held, ...]
    modules: tuple[ModuleHeld, ...]
    cities: tuple[CityFigures, ...]
    contacts: tuple[Contact, ...]
    surveys: tuple[SurveyFigures, ...]
    surveys_too_small: int
    """Surveys that fewer than five people answered: nothing is told of them."""
    surveys_left: int
    wishes: tuple[Option, ...]
    votes: tuple[Result, ...]
    votes_too_small: int
    votes_left: int
    """What could be told and is not in the list."""
    projects: tuple[Project, ...]
    quotes: tuple[QuoteFigures, ...]
    names: dict[str, str]
    """Of cities, by AGS."""

    @property
    def empty(self) -> bool:
        return not self.totals.events

    @property
    def over(self) -> bool:
        return self.until == dt.date(self.year, 12, 31)
