"""Search over everything, facets, suggestions, and who offers what I seek, through GraphQL."""

import asyncio
import enum
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry import ID, Info

from services.contracts.states import STATES
from services.directory import access, filters, search
from services.directory.fields import Audience
from services.directory.filters import Filters
from services.directory.finding import likeness, ranking, suggesting
from services.directory.finding.facets import Facets as Counts
from services.directory.finding.facets import counted
from services.directory.finding.likeness import Offer
from services.directory.finding.ranking import Hit, Kind, Question
from services.directory.finding.terms import Known, known
from services.directory.graphql.types import SERVICE, City, Navigator, Project, Topic, topic_of
from services.directory.graphql.words import Profile, SizeClass, Stage
from services.directory.wording import Tier
from services.kit import i18n
from services.kit.errors import Refused
from services.kit.graphql import Connection, PageInfo, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, read, who

CURSOR = 5
"""Parts of a cursor: tier, kind, name, key, corrections."""
MOST_KINDS = 4


@strawberry.enum(description="What can be found.")
class SearchKind(enum.Enum):
    TOPIC = "TOPIC"
    CITY = "CITY"
    NAVIGATOR = "NAVIGATOR"
    PROJECT = "PROJECT"


@strawberry.enum(description="How something answers: with the very words, or with less.")
class SearchMatch(enum.Enum):
    ALL = "ALL"
    EXACT = "EXACT"
    PREFIX = "PREFIX"
    STEM = "STEM"
    MEANING = "MEANING"
    SIMILAR = "SIMILAR"


MATCHES = {
    ranking.ALL: SearchMatch.ALL,
    Tier.NAMED: SearchMatch.EXACT,
    Tier.EXACT: SearchMatch.EXACT,
    Tier.NAMED_PREFIX: SearchMatch.PREFIX,
    Tier.PREFIX: SearchMatch.PREFIX,
    Tier.STEM: SearchMatch.STEM,
    Tier.MEANING: SearchMatch.MEANING,
    Tier.SIMILAR: SearchMatch.SIMILAR,
}


@strawberry.input(description="Everything given must hold; a kind that has no such field is left out.")
class SearchFilters:
    state: str | None = strawberry.field(default=None, description="Two digits.")
    size_class: SizeClass | None = None
    city: ID | None = strawberry.field(default=None, description="AGS.")
    topic: ID | None = strawberry.field(default=None, description="Finds narrower ones too, as do the next two.")
    offers: ID | None = None
    seeks: ID | None = None
    profile: Profile | None = None
    language: str | None = None
    coordinator: bool | None = None
    stage: Stage | None = None
    seeks_partners: bool | None = None
    seeks_test_area: bool | None = None

    def plain(self) -> Filters:
        values = {name: value.value if isinstance(value, enum.Enum) else value for name, value in vars(self).items()}
        return filters.checked(Filters(**values))


@strawberry.type(description="How many rows have a value.")
class FacetValue:
    value: str = strawberry.field(description="As the filters take it.")
    label: str = strawberry.field(description="For people, where there is a name for it.")
    count: int


@strawberry.type(description="How many rows answer, over all pages; by what the asker sees of each.")
class Facets:
    question: strawberry.Private[Question]
    vocabulary: strawberry.Private[Known]
    kind: list[FacetValue]
    state: list[FacetValue]

    @strawberry.field
    async def size_class(self, info: Info[Any, Any]) -> list[FacetValue]:
        return _values((await _counted(info, self.vocabulary, self.question, sizes=True)).size_class)

    topic: list[FacetValue] = strawberry.field(description="Each with its narrower ones.")
    profile: list[FacetValue]
    language: list[FacetValue]
    stage: list[FacetValue]


Found = Annotated[City | Navigator | Project | Topic, strawberry.union("SearchNode")]


@strawberry.type
class SearchEdge:
    node: Found
    cursor: str
    match: SearchMatch


@strawberry.type(description="A page of what was found, the best first (Relay).")
class SearchConnection:
    edges: list[SearchEdge]
    nodes: list[Found]
    page_info: PageInfo
    question: strawberry.Private[Question]
    vocabulary: strawberry.Private[Known]

    @strawberry.field
    async def facets(self, info: Info[Any, Any]) -> Facets:
        counts = await _counted(info, self.vocabulary, self.question)
        english = i18n.language() == "en"
        names = {one.code: one.en if english else one.de for one in self.vocabulary.topics}
        return Facets(
            question=self.question,
            vocabulary=self.vocabulary,
            kind=_values(counts.kind),
            state=_values(counts.state, STATES),
            topic=_values(counts.topic, names),
            profile=_values(counts.profile),
            language=_values(counts.language),
            stage=_values(counts.stage),
        )


async def _counted(info: Info[Any, Any], vocabulary: Known, question: Question, *, sizes: bool = False) -> Counts:
    return await counted(here(info, SERVICE), vocabulary, question, partial(read, info, SERVICE), sizes=sizes)


def _values(counted: dict[str, int], names: dict[str, str] | None = None) -> list[FacetValue]:
    return [FacetValue(value=one, label=(names or {}).get(one, one), count=rows) for one, rows in counted.items()]


@strawberry.type(description="What could be meant by what was typed.")
class Suggestion:
    kind: SearchKind
    id: ID = strawberry.field(description="The code, AGS or id.")
    label: str
    hint: str = strawberry.field(description="A city's state, or the city of a person or project.")


@strawberry.type
class FindingQuery:
    @strawberry.field(
        description="Everything that answers the words, the best first: as written, as a beginning, in another form, "
        "by topic and synonym, and at last by words that look alike. Without words, all that the filters let through."
    )
    async def search(
        self,
        info: Info[Any, Any],
        text: str = "",
        kinds: list[SearchKind] | None = None,
        filters: SearchFilters | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> SearchConnection:
        runtime, viewer, size = here(info, SERVICE), access.viewer(who(info)), page_size(first)
        wanted = filters.plain() if filters else Filters()
        place, corrections = _place(after)
        chosen = {Kind[kind.name] for kind in (kinds or ())[:MOST_KINDS]}
        async with read(info, SERVICE) as session:
            vocabulary = await known(session, runtime.memory)
            question = await ranking.question(session, vocabulary, text, chosen, wanted, viewer, corrections)
            hits = await ranking.page(session, vocabulary, question, size + 1, place)
        nodes = await asyncio.gather(*(_node(info, hit, viewer) for hit in hits[:size]))
        edges = [
            SearchEdge(node=node, cursor=_cursor(hit, question), match=MATCHES[hit.tier])
            for hit, node in zip(hits, nodes, strict=False)
            if node is not None  # withdrawn since
        ]
        more = PageInfo(
            has_next_page=len(hits) > size,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=_cursor(hits[:size][-1], question) if hits else None,
        )
        return SearchConnection(
            edges=edges, nodes=[edge.node for edge in edges], page_info=more, question=question, vocabulary=vocabulary
        )

    @strawberry.field(description="Search as you type: at most ten; names of people for the network only.")
    async def suggest(self, info: Info[Any, Any], text: str, first: int = suggesting.MOST) -> list[Suggestion]:
        runtime, size = here(info, SERVICE), page_size(first, suggesting.MOST)
        public = access.viewer(who(info)).audience is Audience.PUBLIC
        english = i18n.language() == "en"
        found = await suggesting.suggest(runtime.db, runtime.memory, text, size, public=public, english=english)
        return [
            Suggestion(kind=SearchKind[one.kind.name], id=ID(one.id), label=one.label, hint=one.hint) for one in found
        ]

    @strawberry.field(
        description="Who offers these topics, or else narrower or wider ones; people of other cities first, the best "
        "match first."
    )
    async def who_offers(
        self, info: Info[Any, Any], topics: list[ID], first: int = 20, after: str | None = None
    ) -> Connection[Navigator]:
        runtime, viewer, place = here(info, SERVICE), access.viewer(who(info)), _offer(after)
        async with read(info, SERVICE) as session:
            vocabulary = await known(session, runtime.memory)
            found = await likeness.offers(
                session, vocabulary, [str(one) for one in topics], viewer, page_size(first) + 1, city=viewer.city,
                after=place,
            )  # fmt: skip
        rows = await asyncio.gather(*(load(info, SERVICE, search.navigators_by_id, one.id) for one in found))
        places = {one.id: one for one in found}

        def cursor(node: Navigator) -> str:
            one = places[node.row.id]
            return encode_cursor(str(int(one.own)), str(one.value), one.sort, str(one.id))

        return Connection.of([Navigator.of(row, viewer) for row in rows if row], cursor, first, after)


async def _node(info: Info[Any, Any], hit: Hit, viewer: access.Viewer) -> Any:
    if hit.kind is Kind.TOPIC:
        return await topic_of(info, hit.id)
    if hit.kind is Kind.CITY:
        row = await load(info, SERVICE, search.cities_by_ags, hit.id)
        return City.of(row) if row else None
    key = as_uuid(hit.id)
    if hit.kind is Kind.PROJECT:
        row = await load(info, SERVICE, search.projects_by_id, key)
        return Project.of(row) if row else None
    row = await load(info, SERVICE, search.navigators_by_id, key)
    return Navigator.of(row, viewer) if row and viewer.sees(row) else None


def _cursor(hit: Hit, question: Question) -> str:
    return encode_cursor(str(hit.tier), str(int(hit.kind)), hit.sort, hit.id, question.corrections)


def _place(after: str | None) -> tuple[Hit | None, str | None]:
    parts = decode_cursor(after, CURSOR)
    if parts is None:
        return None, None
    tier, kind, sort, id, corrections = parts
    if tier not in {str(int(one)) for one in MATCHES} or kind not in {str(int(one)) for one in Kind}:
        raise Refused(_("„after“ is not a cursor of this list."))
    hit = Hit(int(tier), Kind(int(kind)), sort, id)
    wrong = hit.kind in {Kind.NAVIGATOR, Kind.PROJECT} and as_uuid(id) is None
    if wrong or (hit.kind is Kind.TOPIC and not (sort.isascii() and sort.isdecimal() and len(sort) < 10)):
        raise Refused(_("„after“ is not a cursor of this list."))
    return hit, corrections


def _offer(after: str | None) -> Offer | None:
    parts = decode_cursor(after, 4)
    if parts is None:
        return None
    own, value, sort, id = parts
    key = as_uuid(id)
    if key is None or own not in {"0", "1"} or not (value.isascii() and value.isdecimal() and len(value) < 5):
        raise Refused(_("„after“ is not a cursor of this list."))
    return Offer(own == "1", int(value), sort, key)
