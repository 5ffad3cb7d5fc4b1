"""The rows of a snapshot, as they come from GraphQL, JSON Lines, spreadsheets and harvests."""

from datetime import date

import msgspec

PROFILES = ("VOLUNTARY", "PART_TIME", "FULL_TIME")
"""KGSt's three role profiles, „vom ‚Ehrenamt‘ bis hin zur … ‚Digitalisierungsmanager:in‘“ (seed 004)."""
RECRUITED = ("ASKED", "NOMINATED", "APPLIED")
"""„direkte Ansprache … Benennung durch Führungskräfte … Aufruf/Ausschreibung“ (seed 000)."""
TASKS = (
    "CONTACT", "ADVISE", "INSPIRE_LEADERS", "SHARE_KNOWLEDGE", "SCOUT", "NETWORK", "DEVELOP_IDEAS", "TRY_OUT",
    "ASSESS_IDEAS", "SUPPORT_PROJECTS", "INVOLVE_PUBLIC",
)  # fmt: skip
"""The tasks of a navigator in the concepts of Konstanz, Speyer and Moers (seeds 003, 000, 001)."""
STAGES = ("IDEA", "PLANNED", "RUNNING", "DONE", "STOPPED")
AREAS = ("professional", "methodical", "social", "personal")
"""„fachlichen, methodischen, sozialen und persönlichen Kompetenzen“ (seed 002)."""


class _Row(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    pass


class CityRow(_Row, frozen=True):
    ags: str
    name: str
    kind: str = ""
    population: int | None = None
    website: str | None = None
    logo: str | None = None
    contact: str = ""
    """The contact point, such as „Stabsstelle Digitalisierung“: an office, no person."""
    contact_email: str | None = None
    contact_phone: str | None = None


class DepartmentRow(_Row, frozen=True):
    """`target` is how many navigators it shall have: „mind. 1 wenn nicht sogar 2 Digitale Lotsen“ (seed 000)."""

    key: str
    name: str
    target: int = 1
    employees: int | None = None


class Competences(_Row, frozen=True):
    """Short texts in each of the four areas."""

    professional: tuple[str, ...] = ()
    methodical: tuple[str, ...] = ()
    social: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.professional or self.methodical or self.social or self.personal)


NO_COMPETENCES = Competences()
"""The one empty value: msgspec leaves out a default by its identity."""


class NavigatorRow(_Row, frozen=True):
    """`key` is the city's own, stable name of the row; topics are codes of the vocabulary, kept sorted."""

    key: str
    name: str
    title: str = ""
    department: str = ""
    """Its name or, of one in the same snapshot, its key."""
    profile: str | None = None
    hours_share: int | None = None
    """Percent of a full post."""
    offers: tuple[str, ...] = ()
    seeks: tuple[str, ...] = ()
    works_on: tuple[str, ...] = ()
    competences: Competences = NO_COMPETENCES
    languages: tuple[str, ...] = ()
    """BCP 47, such as `de` or `tr`."""
    email: str | None = None
    phone: str | None = None
    chat: str | None = None
    """A Matrix address or a link to a room."""
    room: str = ""
    photo: str | None = None
    photo_consent: date | None = None
    """The day on which the person agreed to the photo; without it there is none."""
    since: date | None = None
    until: date | None = None
    mentor: str | None = None
    """The key of another navigator of the snapshot, or the id of one of another city."""
    recruited: str | None = None
    tasks: tuple[str, ...] = ()
    coordinator: bool = False
    """Looks after the city's navigators."""
    funded: bool = False
    """Holds one of the places that the state pays for."""
    visibility: dict[str, str] = {}
    """By field, or `entry` for the row itself: PUBLIC, NETWORK, CITY or PRIVATE. What is left out has its default."""
    city: str | None = None
    """AGS; only there to be checked, because spreadsheets of several towns get mixed up."""


class Link(_Row, frozen=True):
    url: str
    label: str = ""


class ProjectRow(_Row, frozen=True):
    key: str
    title: str
    summary: str = ""
    stage: str = "IDEA"
    department: str = ""
    seeks_partners: bool = False
    seeks_test_area: bool = False
    """„sucht Testbereich“."""
    topics: tuple[str, ...] = ()
    navigators: tuple[str, ...] = ()
    """Keys of navigators of the same snapshot."""
    reusable: str = ""
    """What others can take over: parts, papers, code."""
    lessons: str = ""
    """What was learned, also from what failed."""
    links: tuple[Link, ...] = ()


class Snapshot(_Row, frozen=True):
    """Everything a city publishes; what it leaves out is withdrawn."""

    city: CityRow
    departments: tuple[DepartmentRow, ...] = ()
    navigators: tuple[NavigatorRow, ...] = ()
    projects: tuple[ProjectRow, ...] = ()
