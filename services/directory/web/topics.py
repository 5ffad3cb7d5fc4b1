"""The vocabulary as pages: the tree, each topic at its own address, and what cities proposed."""

import uuid
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post

from services.directory import access, topics, vocabulary
from services.directory.models import Topic
from services.directory.opendata import skos
from services.directory.web import words
from services.directory.web.login import here
from services.directory.web.opendata import LINKED, LINKED_DATA, PUBLIC, linked
from services.directory.web.visiting import PERSON, PROJECT, SERVICE
from services.kit import forms, i18n
from services.kit.auth import Principal
from services.kit.db import HUB, NOBODY, Reader
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.openapi import Answer, Api
from services.kit.pages import AnyRequest, ask, page, redirect

HTML = "text/html"
PROPOSALS = "/topics/proposals"
UNDER = f"""query ($code: ID!) {{ topic(code: $code) {{
  navigators(first: 50) {{ nodes {{ {PERSON} }} pageInfo {{ hasNextPage }} }}
  projects(first: 50) {{ nodes {{ {PROJECT} }} pageInfo {{ hasNextPage }} }} }} }}"""
SHOWN = 100
TOPIC = Api(
    "A topic as SKOS, or as a page for people",
    {200: Answer({LINKED: dict[str, Any], HTML: None}), 304: LINKED_DATA[304]},
    problems=(404, 429),
    described={"code": "Its code; merged topics keep theirs."},
)


class Proposed(msgspec.Struct, frozen=True):
    de: str
    en: str
    parent: str = ""
    synonyms: str = ""
    reason: str = ""


class Decided(msgspec.Struct, frozen=True):
    id: uuid.UUID
    step: Literal["ACCEPT", "MERGE", "DECLINE"]
    code: Annotated[str, msgspec.Meta(max_length=vocabulary.LONGEST_CODE)] = ""
    answer: str = ""


class Merging(msgspec.Struct, frozen=True):
    into: Annotated[str, msgspec.Meta(max_length=vocabulary.LONGEST_CODE)]


def label(topic: Topic) -> str:
    return topic.en if i18n.language() == "en" else topic.de


def _for_programs(request: AnyRequest) -> bool:
    accepted = request.headers.get("accept", "")
    return HTML not in accepted and (LINKED in accepted or "application/json" in accepted)


@get("/topics", page=True, right=PUBLIC)
async def tree(request: AnyRequest) -> Response[Any]:
    """The tree; for programs, the scheme whose address this is."""
    if _for_programs(request):
        return redirect(request, "/topics.jsonld")
    async with here(request).db.read(NOBODY) as session:
        found = await topics.remembered(session, here(request).memory)
    below: dict[str | None, list[Topic]] = {}
    for topic in found:
        below.setdefault(topic.parent, []).append(topic)
    made = await page(request, "directory/topics.html", below=below, label=label)
    made.headers["vary"] += ", accept"
    return made


@get("/topics/{code:str}", page=True, right=PUBLIC, api=TOPIC)
async def one(request: AnyRequest, code: str) -> Response[Any]:
    if _for_programs(request):

        async def described(session: Reader, hub: str) -> dict[str, Any]:
            topic, family = await _family(request, session, code)
            below = [other.code for other in family if other.parent == topic.code]
            return skos.one(hub, topic, below)

        return await linked(request, described)
    return await _one(request, code)


async def _family(request: AnyRequest, session: Reader, code: str) -> tuple[Topic, list[Topic]]:
    """The topic, and all living ones. Raises NotFound."""
    topic = await session.get(Topic, code) if vocabulary.CODE.fullmatch(code) else None
    if topic is None:
        raise NotFound(_("There is no such topic."))
    return topic, await topics.remembered(session, here(request).memory)


async def _one(request: AnyRequest, code: str, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    async with here(request).db.read(NOBODY) as session:
        topic, family = await _family(request, session, code)
    by_code = {other.code: other for other in family}
    merges = access.may_decide_topics(await forms.known(request)) and not topic.merged_into
    found = (await ask(request, SERVICE, UNDER, code=code))["topic"]
    made = await page(
        request,
        "directory/topic.html",
        status=status,
        topic=topic,
        label=label,
        ways_above=[
            ("/topics", _("Topics")),
            *((f"/topics/{one}", label(by_code[one])) for one in topic.path[:-1] if one in by_code),
        ],
        narrower=[other for other in family if other.parent == code],
        now=by_code.get(topic.merged_into or ""),
        others=[(other.code, _indented(other)) for other in family if code not in other.path] if merges else [],
        found=found,
        words=words,
        merges=merges,
        shown=shown,
    )
    made.headers["vary"] += ", accept"
    return made


def _indented(topic: Topic) -> str:
    """For lists to choose from."""
    return "– " * (len(topic.path) - 1) + label(topic)


@post("/topics/{code:str}/merge", page=True, status_code=200, right=access.TOPIC_DECIDERS)
async def merge(request: AnyRequest, code: str) -> Response[Any]:
    who, runtime = await forms.person(request), here(request)
    try:
        said = await forms.read(request, Merging)
        async with runtime.db.begin(HUB) as session:  # the vocabulary is written by the hub alone
            kept, messages = await vocabulary.merge(session, runtime, who, code, said.into)
            await runtime.say(session, messages)
    except Refused as problem:
        return await _one(request, code, forms.again(request, problem), problem.status)
    return redirect(request, f"/topics/{kept.code}", flash=_("The topics are one now. What cities published follows."))


@get(PROPOSALS, page=True, right=access.PROPOSALS)
async def proposals(request: AnyRequest) -> Response[Any]:
    return await _proposals(request, await forms.person(request))


async def _proposals(
    request: AnyRequest, who: Principal, shown: Form = EMPTY, about: str = "", status: int = 200
) -> Response[Any]:
    """`about` is the proposal whose form `shown` is; empty for the form of a new one."""
    async with here(request).db.read(who.acting) as session:
        waiting = await vocabulary.listed(session, SHOWN, status=vocabulary.OPEN)
        rows = await vocabulary.listed(session, SHOWN)
        family = await topics.remembered(session, here(request).memory)
    return await page(
        request,
        "directory/topic_proposals.html",
        status=status,
        waiting=waiting,
        decided=[row for row in rows if row.status != vocabulary.OPEN],
        labels={topic.code: label(topic) for topic in family},
        codes=[(topic.code, _indented(topic)) for topic in family],
        parents=[(topic.code, _indented(topic)) for topic in family if len(topic.path) < topics.DEEPEST],
        decides={row.id for row in waiting if access.may_decide_topics(who, row.ags)},
        proposes=bool(who.city) and access.WRITE in who.scopes,
        slug=vocabulary.slug,
        shown=shown,
        none_sent=EMPTY,
        about=about,
        most=SHOWN,
    )


@post(PROPOSALS, page=True, status_code=200, right=access.OWN_TOPICS)
async def propose(request: AnyRequest) -> Response[Any]:
    who = await forms.person(request)
    try:
        said = await forms.read(request, Proposed)
        words = tuple(word for word in map(str.strip, said.synonyms.split(",")) if word)
        async with here(request).db.begin(who.acting) as session:
            await vocabulary.propose(
                session, who, vocabulary.Proposal(said.de, said.en, said.parent or None, words, said.reason)
            )
    except (Refused, Conflict) as problem:
        return await _proposals(request, who, forms.again(request, problem), status=problem.status)
    return redirect(request, PROPOSALS, flash=_("Your proposal waits for a decision, which your city is told of."))


@post("/topics/proposals/decide", page=True, status_code=200, right=access.TOPIC_DECIDERS)
async def decide(request: AnyRequest) -> Response[Any]:
    who, runtime = await forms.person(request), here(request)
    said = await forms.read(request, Decided)
    decision = vocabulary.Decision(said.step, said.code, None, said.answer)
    try:
        async with runtime.db.begin(HUB) as session:  # the vocabulary is written by the hub alone
            _row, messages = await vocabulary.decide(session, runtime, who, said.id, decision)
            await runtime.say(session, messages)
    except (Refused, Conflict) as problem:
        return await _proposals(request, who, forms.again(request, problem), str(said.id), problem.status)
    return redirect(request, PROPOSALS, flash=_("Your decision is stored; the city is told."))


routes = [tree, one, merge, proposals, propose, decide]
