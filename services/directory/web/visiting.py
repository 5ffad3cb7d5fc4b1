"""What visitors see: the front page, the directory with its search, a city, a navigator, a project.

Every page asks the directory's own graph, as whoever looks at it: it shows what an API client of that person would get.
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from litestar import Response, get

from services.contracts.states import STATES
from services.directory import access
from services.directory.stateview.tables import size_words
from services.directory.web import words
from services.directory.web.login import here
from services.directory.web.opendata import PUBLIC
from services.kit import forms, i18n
from services.kit.errors import NotFound, Unavailable
from services.kit.i18n import gettext as _
from services.kit.lasting import lasting
from services.kit.pages import AnyRequest, ask, page, redirect
from services.kit.rights import ANYBODY

SERVICE: Final = "directory"
KINDS: Final = ("NAVIGATOR", "PROJECT", "CITY", "TOPIC")
ROWS: Final = KINDS[:3]
"""What is shown without words: the topics have a page of their own."""
PER_PAGE: Final = 20
LONGEST: Final = 200
MOST_KEPT: Final = 100
"""Answers that are kept, by whom they are for."""
T = TypeVar("T")
SEEN: Final = ANYBODY.to("what the asker's audience sees", "viewer")

PERSON: Final = "id name title department city { ags name } offers { code label }"
PROJECT: Final = "id title summary stage department city { ags name } topics { code label }"
COUNTS: Final = "{ search(first: 1) { facets { kind { value count } } } }"
FIELDS: Final = "{ topics(first: 200) { nodes { code label parent { code } } } }"
"""Apart, because it is a compiled read."""
FACETS: Final = "kind { value count } state { value label count } topic { value label count }"
FIND: Final = f"""query (
  $text: String!, $kinds: [SearchKind!], $filters: SearchFilters, $after: String, $first: Int!, $narrow: Boolean!
) {{
  search(text: $text, kinds: $kinds, filters: $filters, first: $first, after: $after) {{
    edges {{ match node {{ __typename
      ... on Navigator {{ {PERSON} }}
      ... on Project {{ {PROJECT} }}
      ... on City {{ ags called: name state kind district }}
      ... on Topic {{ code label synonyms }} }} }}
    pageInfo {{ hasNextPage endCursor }}
    facets @skip(if: $narrow) {{ {FACETS} }} }}
  counted: search(text: $text, filters: $filters, first: 1) @include(if: $narrow) {{ facets {{ {FACETS} }} }} }}"""
"""With `narrow`, only one kind is asked for, and what there is of the others is counted apart."""
CITY: Final = f"""query ($ags: ID!) {{ city(ags: $ags) {{
  ags name state district kind population sizeClass website contact contactEmail contactPhone confirmedOn
  navigators(first: 50) {{ nodes {{ {PERSON} }} pageInfo {{ hasNextPage }} }}
  projects(first: 50) {{ nodes {{ {PROJECT} }} pageInfo {{ hasNextPage }} }} }} }}"""
AROUND_CITY: Final = """query ($ags: ID!) { city(ags: $ags) {
  partnerships { id note city { ags name } other { ags name } } similar(first: 5) { ags name state } }
  navigatorCall(city: $ags) { hours until } }"""
"""Apart, because it takes resolvers: all the rest is one compiled read."""
NAVIGATOR: Final = f"""query ($id: ID!) {{ navigator(id: $id) {{
  {PERSON} profile hoursShare since until coordinator languages email phone chat room tasks
  seeks {{ code label }} worksOn {{ code label }}
  competences {{ professional methodical social personal }}
  mentor {{ id name city {{ name }} }} projects {{ id title stage }} }} }}"""
MATCHES: Final = f"query ($id: ID!) {{ navigator(id: $id) {{ matches(first: 5) {{ {PERSON} }} }} }}"
"""Apart, as AROUND_CITY."""
ONE_PROJECT: Final = """query ($id: ID!) { project(id: $id) {
  id title summary stage department lessons reusable seeksPartners seeksTestArea changedOn
  city { ags name state } topics { code label } links { label url }
  navigators { id name title department city { ags name } offers { code label } }
  partners { since note city { ags name } navigators { id name title department } } } }"""
OUR_PEOPLE: Final = (
    "query ($ags: ID!) { city(ags: $ags) { navigators(first: 50) { nodes { id name title department } } } }"
)
"""Whom a city can name when it joins a project of another."""


@get("/", page=True, right=PUBLIC)
async def front(request: AnyRequest) -> Response[str]:
    """What this is, and the ways in."""
    try:
        found = await _counts(request)
    except Unavailable:  # the ways in are there without the numbers
        return await page(request, "directory/front.html", counts={}, fields=[])
    counts = {one["value"]: one["count"] for one in found["search"]["facets"]["kind"]}
    fields = [topic for topic in found["topics"]["nodes"] if topic["parent"] is None]
    return await page(request, "directory/front.html", counts=counts, fields=fields)


async def _counts(request: AnyRequest) -> dict[str, Any]:
    """COUNTS and FIELDS, kept until anything changes."""

    async def find() -> dict[str, Any]:
        return await ask(request, SERVICE, COUNTS) | await ask(request, SERVICE, FIELDS)

    return await _lasting(request, (), find)


async def _lasting(request: AnyRequest, asked: tuple[object, ...], find: Callable[[], Awaitable[T]]) -> T:
    """What the graph says to this viewer in this language, kept until anything changes."""
    key = (*asked, access.viewer(await forms.known(request)), i18n.language())
    return await lasting(here(request), "pages of visitors", key, find, MOST_KEPT)


@get("/directory", page=True, right=SEEN)
async def directory(
    request: AnyRequest, q: str = "", kind: str = "", where: str = "", topic: str = "", after: str = ""
) -> Response[str]:
    """Everything that can be found, by words and filters; without words, all of it."""
    asked = {"q": q[:LONGEST], "kind": kind if kind in KINDS else "", "where": where if where in STATES else "",
             "topic": topic[:LONGEST]}  # fmt: skip
    filters = {"state": asked["where"] or None, "topic": asked["topic"] or None}

    async def find() -> dict[str, Any]:
        return await ask(
            request, SERVICE, FIND, text=asked["q"], first=PER_PAGE, after=after or None, filters=filters,
            kinds=[asked["kind"]] if asked["kind"] else list(KINDS if asked["q"] else ROWS), narrow=bool(asked["kind"]),
        )  # fmt: skip

    # What words find depends on more than what is published, and few ask for the same.
    found = await (find() if asked["q"] else _lasting(request, (*asked.values(), after), find))
    facets = found["counted" if asked["kind"] else "search"]["facets"]
    counts = {one["value"]: one["count"] for one in facets["kind"]}
    following = found["search"]["pageInfo"]

    def at(**changes: str) -> str:
        return "/directory?" + urlencode({name: value for name, value in {**asked, **changes}.items() if value})

    return await page(
        request,
        "directory/directory.html",
        asked=asked,
        hits=found["search"]["edges"],
        kinds=[(at(kind=""), _("All"), "", None)]
        + [(at(kind=one), words.kind(one), one, counts.get(one, 0 if asked["q"] else None)) for one in KINDS],
        states=[(one["value"], f"{one['label']} ({one['count']})") for one in facets["state"]],
        topics=[(one["value"], f"{one['label']} ({one['count']})") for one in facets["topic"]],
        count=counts.get(asked["kind"], 0) if asked["kind"] else sum(counts.get(one, 0) for one in KINDS),
        first=at() if after else "",
        following=at(after=following["endCursor"]) if following["hasNextPage"] else "",
        words=words,
    )


@get("/city/{ags:str}", page=True, right=SEEN)
async def city(request: AnyRequest, ags: str) -> Response[Any]:
    found = (await ask(request, SERVICE, CITY, ags=access.checked_ags(ags)))["city"]
    if found is None:
        who = await forms.known(request)
        if who.city == ags and access.WRITE in who.scopes:
            return redirect(request, f"/city/{ags}/desk")
        raise NotFound(_("This city has not published anything yet."))
    around = await ask(request, SERVICE, AROUND_CITY, ags=ags)
    found |= around["city"] or {"partnerships": [], "similar": []}
    return await page(
        request, "directory/city.html", city=found, size=size_words(found["sizeClass"]), words=words,
        call=around["navigatorCall"],
    )  # fmt: skip


@get("/navigator/{id:uuid}", page=True, right=SEEN)
async def navigator(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    found = (await ask(request, SERVICE, NAVIGATOR, id=str(id)))["navigator"]
    if found is None:
        raise NotFound(_("There is no such navigator."))
    found |= (await ask(request, SERVICE, MATCHES, id=str(id)))["navigator"] or {"matches": []}
    return await page(request, "directory/navigator.html", person=found, words=words)


@get("/project/{id:uuid}", page=True, right=SEEN)
async def project(request: AnyRequest, id: uuid.UUID) -> Response[str]:
    found = (await ask(request, SERVICE, ONE_PROJECT, id=str(id)))["project"]
    if found is None:
        raise NotFound(_("There is no such project."))
    who = await forms.known(request)
    writes = access.WRITE in who.scopes and bool(who.session) and who.city
    own = bool(writes) and who.city == found["city"]["ags"]
    joined = next((one for one in found["partners"] if one["city"]["ags"] == who.city), None)
    can_join = bool(writes) and not own and (found["seeksPartners"] or joined is not None)
    options = list[tuple[str, str]]()
    if can_join:
        ours = (await ask(request, SERVICE, OUR_PEOPLE, ags=who.city))["city"]
        options = [(one["id"], words.who(one)) for one in ours["navigators"]["nodes"]] if ours else []
    return await page(
        request, "directory/project.html", project=found, words=words, own=own, joined=joined if writes else None,
        can_join=can_join, options=options, shown=forms.EMPTY,
    )  # fmt: skip


routes = [front, directory, city, navigator, project]
