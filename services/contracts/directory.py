"""What the directory says."""

from datetime import date

from services.kit.messages import Message


class CityPublished(Message, frozen=True):
    ags: str
    name: str
    population: int | None = None
    email: str = ""

    def key(self) -> str:
        return self.ags


class NavigatorPublished(Message, frozen=True):
    """A navigator as they are now, as far as the network sees them; topics are codes of the shared vocabulary.

    `languages`: codes such as de; `since`: the first day as a navigator. Older versions said neither.
    """

    id: str
    ags: str
    name: str
    title: str
    department: str
    offers: tuple[str, ...]
    seeks: tuple[str, ...]
    works_on: tuple[str, ...]
    email: str = ""
    languages: tuple[str, ...] = ()
    since: date | None = None

    def key(self) -> str:
        return self.id


class NavigatorWithdrawn(Message, frozen=True):
    """`hidden`: the city still publishes the person, but nobody outside it may know."""

    id: str
    ags: str
    hidden: bool = False

    def key(self) -> str:
        return self.id


class NavigatorErased(Message, frozen=True):
    """The person's data are gone for good: whoever has any of them deletes it. Nobody publishes this id again.

    `words`: digests of what led to them in texts (`kit.naming.sealed`), for who looks through their own.
    """

    id: str
    ags: str
    words: tuple[str, ...] = ()

    def key(self) -> str:
        return self.id


class TopicPublished(Message, frozen=True):
    """A topic of the vocabulary; `parent` is the code above it, None for a field."""

    code: str
    parent: str | None
    de: str
    en: str

    def key(self) -> str:
        return self.code


class TopicMerged(Message, frozen=True):
    """`code` counts no more: what stood under it stands under `into`, a topic that is not merged itself."""

    code: str
    into: str

    def key(self) -> str:
        return self.code


class ProjectCardDecided(Message, frozen=True):
    """What the city `ags` made of a project card (`events.ProjectCardProposed`); `project` is the project's id."""

    id: str
    ags: str
    accepted: bool
    project: str = ""

    def key(self) -> str:
        return self.id
