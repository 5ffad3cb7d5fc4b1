"""Two cities with everything a city can have; calls made from the schema, what they answer, whose rows are whose."""

import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import graphql as gql
import msgspec
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.app import SERVICES
from services.cli.client import Client
from services.cli.demo import PUBLISH
from services.directory import people
from services.directory.access import CLIENT_SCOPES
from services.directory.models import Candidate, Partnership, ProposedProject, Provider, TopicProposal
from services.directory.models import City as CityRow
from services.directory.models import Client as ClientRow
from services.directory.oauth import clients as oauth_clients
from services.events.models import (
    ActionItem,
    Announcement,
    ProjectCard,
    Quote,
    RetroEntry,
    Seat,
    Survey,
    Table,
    Vote,
    VoteCandidate,
)
from services.kit import limits, links
from services.kit.db import HUB, Database
from services.kit.onegraph import one_graph
from services.kit.service import Hub

GRAPH = one_graph({name: service.schema for name, service in SERVICES.items()})
TOPIC = "finance"
THIRD = "09162000"
"""A city that both have to do with."""
STRANGE = {"link": "x" * 40}
"""Whoever has a personal link may do what it is for: those who try others' things have none."""
DEEPEST = 5
UNTOLD = frozenset({"cursor", "job"})
"""Tables that change by themselves: how far a service has heard the others, and its own work."""


@dataclass(frozen=True)
class City:
    """What there is of a city, by the kind of id; `words` are told to nobody outside, `people` in no event."""

    client: Client
    account: uuid.UUID
    ids: dict[str, str]
    """With a personal link of one of its people."""
    words: tuple[str, ...]
    people: tuple[str, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells that a row is of this city."""
        return (self.ids["ags"], *(self.ids[kind] for kind in PRIVATE), self.ids["event"], *self.people)


PRIVATE = ("plan", "client", "account")
"""Kinds of ids whose existence is nobody else's business."""


async def found(hub: Hub, ags: str, name: str) -> City:
    """A city with people, projects, an event of its own with participants, a plan and seats, a client that waits, an
    account, a provider; all of it named so that it is recognised in an answer.
    """
    directory = hub.runtimes["directory"].db
    async with directory.begin(HUB) as session:
        made = await oauth_clients.add(session, f"Programm {name}", ags, CLIENT_SCOPES)
        account = await people.create(session, "test", ags, f"Konto {name}", f"konto@{name}.example", ("editor",))
        waiting = {"client_id": f"c-waits-{name}", "name": f"Wartend {name}", "status": "pending", "ags": ags}
        details = {"contacts": [f"wartet@{name}.example"]}
        login = {"method": "none", "grant_types": [], "redirect_uris": [], "scopes": [], "details": details}
        await session.execute(insert(ClientRow).values(**waiting, **login))
        provider = {"issuer": f"https://login.{name}.example", "client_id": f"rp-{name}", "role_claim": "", "roles": {}}
        await session.execute(insert(Provider).values(org=ags, strong=[], **provider))
        candidate = uuid.uuid4()
        wanted = {"way": "ASKED", "status": "WAITING", "name": f"Anwärter {name}", "email": f"wird@{name}.example"}
        empty = dict.fromkeys(("department", "nominator", "words", "answer", "key"), "")
        await session.execute(insert(Candidate).values(id=candidate, ags=ags, hours=4, turn=1, **wanted, **empty))
    client = Client(hub.settings.issuer, made.client_id, made.client_secret, language="en")
    await client.ask(PUBLISH, snapshot=snapshot(ags, name))
    await hub.settle()
    mine = "query ($c: ID!) { navigators(city: $c) { nodes { id } } projects(city: $c) { nodes { id } } }"
    published = await client.ask(mine, c=ags)
    navigators = tuple(node["id"] for node in published["navigators"]["nodes"])
    create = "mutation ($e: EventInput!) { createEvent(event: $e) { id } }"
    day = {"title": f"Tag {name}", "date": "2030-01-01", "host": ags}
    event = (await client.ask(create, e=day))["createEvent"]["id"]
    await client.ask(JOIN, e=event, n=list(navigators))
    await hub.settle()
    plan = (await client.ask(PLAN, i={"event": event, "rounds": 1, "tables": 1}))["planRounds"]["id"]
    async with hub.runtimes["events"].db.begin(HUB) as session:
        await session.execute(insert(Table).values(event_id=uuid.UUID(event), round=1, number=1, topic=TOPIC))
        for one in navigators:
            seat = {"event_id": uuid.UUID(event), "round": 1, "number": 1, "navigator_id": uuid.UUID(one)}
            await session.execute(insert(Seat).values(**seat))
    survey, entry, quote = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    async with hub.runtimes["events"].db.begin(HUB) as session:
        of_day = {"event_id": uuid.UUID(event)}
        said = {**of_day, "text": f"Wort {name}", "navigator_id": uuid.UUID(navigators[0])}
        asked = {"questions": [{"kind": "TEXT", "text": "?"}], "by_city": False, "answered": 0}
        await session.execute(insert(Survey).values(id=survey, title=f"Umfrage {name}", **of_day, **asked))
        board = {"kind": "WISH", "reply": "", "hidden": False, "position": 1}
        await session.execute(insert(RetroEntry).values(id=entry, **said, **board))
        agreed = {"named": True, "agreed_at": datetime.now(UTC), "chosen": False}
        await session.execute(insert(Quote).values(id=quote, **said, **agreed))
    vote, action, card, announcement = (uuid.uuid4() for _each in range(4))
    async with hub.runtimes["events"].db.begin(HUB) as session:
        rule = {"criteria": [{"name": "?"}], "tie_rule": "SHARED", "tie_criteria": [], "seed": "", "imported": False}
        await session.execute(insert(Vote).values(id=vote, title=f"Wahl {name}", source="", **of_day, **rule))
        stands = {"id": uuid.uuid4(), "vote_id": vote, "position": 0, "title": f"Wahl {name}", "city": ags}
        await session.execute(insert(VoteCandidate).values(**stands, **of_day))
        await session.execute(insert(Announcement).values(id=announcement, text=f"Ansage {name}", city=ags, **of_day))
        todo = {"text": f"Aufgabe {name}", "owner_id": uuid.UUID(navigators[0]), "owner": "", "city": ags}
        await session.execute(insert(ActionItem).values(id=action, status="open", **todo, **of_day))
        idea = {"id": card, "title": f"Karte {name}", "summary": "", "topics": [TOPIC]}
        await session.execute(insert(ProjectCard).values(city=ags, status="proposed", **idea, **of_day))
    async with directory.begin(HUB) as session:
        waits = {"event_title": "", "navigators": [uuid.UUID(navigators[0])], "status": "PROPOSED", "key": ""}
        await session.execute(insert(ProposedProject).values(ags=ags, **idea, **of_day, **waits))
    proposal, partnership = uuid.uuid4(), uuid.uuid4()
    async with directory.begin(HUB) as session:
        third = {"ags": THIRD, "name": "Dritte", "sort_key": "dritte", "kind": ""}
        await session.execute(upsert(CityRow).values(**third).on_conflict_do_nothing())
        wish = {"de": f"Thema {name}", "en": f"Topic {name}", "synonyms": [], "reason": f"Grund {name}", "by": "test"}
        await session.execute(insert(TopicProposal).values(id=proposal, ags=ags, **wish))
        both = {"ags": THIRD, "other": ags, "topics": [], "note": f"Notiz {name}"}
        await session.execute(insert(Partnership).values(id=partnership, **both))
    ids = {
        "proposal": str(proposal), "partnership": str(partnership),
        "survey": str(survey), "entry": str(entry), "quote": str(quote),
        "vote": str(vote), "action": str(action), "card": str(card), "announcement": str(announcement),
        "link": links.signed(hub.settings, links.PERSON, uuid.UUID(navigators[0]).bytes, timedelta(days=1)),
        "ags": ags, "state": ags[:2], "navigator": navigators[0], "project": published["projects"]["nodes"][0]["id"],
        "event": event, "plan": plan, "client": f"c-waits-{name}", "own client": made.client_id,
        "account": str(account), "topic": TOPIC, "candidate": str(candidate),
    }  # fmt: skip
    words = (
        plan,
        made.client_id,
        f"c-waits-{name}",
        str(account),
        f"Programm {name}",
        f"Konto {name}",
        f"Anwärter {name}",
        f"Grund {name}",
        f"Notiz {name}",
        f"Wort {name}",
        f"Umfrage {name}",
        f"Wahl {name}",
        f"Aufgabe {name}",
        f"Karte {name}",
        f"{name}.example",
    )
    return City(client, account, ids, words, navigators)


JOIN = "mutation ($e: ID!, $n: [ID!]!) { addParticipants(event: $e, navigators: $n) { id } }"
PLAN = "mutation ($i: PlanRoundsInput!) { planRounds(input: $i) { id } }"


def snapshot(ags: str, name: str) -> dict[str, Any]:
    rows = [{"key": key, "name": f"{name} {key}", "offers": [TOPIC]} for key in ("anna", "bela", "cleo", "dora")]
    return {
        "city": {"ags": ags, "name": name},
        "navigators": rows,
        "projects": [{"key": "p", "title": f"Projekt {name}", "topics": [TOPIC], "navigators": ["anna"]}],
    }


# Calls from the schema -------------------------------------------------------------------------------------------

NATURAL = {
    "ags": "ags", "host": "ags", "guests": "ags", "city": "ags", "audience": "ags", "org": "ags", "state": "state",
    "cities": "ags",
    "event": "event", "navigators": "navigator", "clientId": "client", "topic": "topic", "code": "topic",
    "survey": "survey", "link": "link", "vote": "vote", "project": "project",
    "plan": "plan", "topics": "topic", "offers": "topic", "seeks": "topic", "worksOn": "topic", "tableTopics": "topic",
}  # fmt: skip
"""Which kind of id an argument takes, by its name; `id`, or `one` and the `other`, take what their field is about."""
ABOUT = {
    "navigator": "navigator", "project": "project", "event": "event", "changeEvent": "event", "cancelEvent": "event",
    "decideTopicProposal": "proposal", "answerPartnership": "partnership", "endPartnership": "partnership",
    "plan": "plan", "confirmPlan": "plan", "planProgress": "plan", "recomputePlan": "plan", "cancelPlan": "plan",
    "closeSurvey": "survey", "deleteSurvey": "survey", "chooseQuote": "quote", "withdrawQuote": "quote",
    "moderateRetroEntry": "entry", "takeBackRetroEntry": "entry",
    "copyPlan": "plan", "comparedPlans": "plan",
    "closeVote": "vote", "deleteVote": "vote", "voteTurnout": "vote", "tickActionItem": "action",
    "withdrawAnnouncement": "announcement",
    "askCandidateAgain": "candidate", "withdrawCandidate": "candidate", "takeCandidate": "candidate",
    "refuseCandidate": "candidate",
    "withdrawProjectCard": "card", "acceptProposedProject": "card", "declineProposedProject": "card",
}  # fmt: skip
VALUES = {
    "date": "2030-01-01", "starts": "10:00", "ends": "11:00", "timezone": "Europe/Berlin", "population": 1,
    "onlineLink": "https://stadt.example", "rule": "FREQ=WEEKLY;COUNT=2",
    "website": "https://stadt.example", "after": None, "text": None, "count": 1, "rounds": 1, "tables": 1,
    "seconds": 1.0, "seed": 1, "over": 0, "navigators": [], "minutes": 10, "breakMinutes": 2, "first": 2, "kind": "",
    "offerHours": 48, "language": "de", "leaves": "07:00",
    "file": b64encode(b"Name;Ort\nRobin Ahorn;Konstanz\n").decode(),
}  # fmt: skip
LEFT_OUT = frozenset({
    "expected", "logo", "contactEmail", "contactPhone", "email", "phone", "chat", "photo", "photoConsent", "since",
    "until", "mentor", "languages", "visibility", "links", "departments", "employees", "competences",
    "rules", "iterations", "missing", "new", "pinned", "scale", "picks", "factors", "options", "closesAt", "opensAt",
    "sizes", "parties", "module", "modules", "prerequisites", "material", "lastDay", "author", "wishes",
})  # fmt: skip
"""Arguments that say nothing about whose a row is, and that take more than any word."""
PLAIN = {
    "String": "x",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "Date": "2030-01-01",
    "DateTime": "2030-01-01T10:00:00Z",
}
IDS = frozenset({"ID"})
NOT_TOGETHER = {"AnnouncementInput": {"vehicle", "session"}}
"""What an input takes only in place of something else."""


@dataclass(frozen=True)
class Filling:
    """How arguments are filled: natural kinds from `ids`; with `all_ids`, that one value wherever an id can stand."""

    ids: dict[str, str]
    all_ids: str | None = None
    choice: int = 0
    """Which value of each enum."""

    def value(self, field: str, name: str, type_: Any) -> Any:
        """Raises KeyError for a scalar that nobody told a value of."""
        if name == "text" and gql.is_non_null_type(type_):
            return TOPIC
        wanted = gql.is_non_null_type(type_)
        type_ = gql.get_nullable_type(type_)
        if name == "id" and not wanted:
            return None
        if name in LEFT_OUT and (gql.is_list_type(type_) or not wanted):
            return [] if gql.is_list_type(type_) else None
        if gql.is_list_type(type_):
            if name == "agenda" or isinstance(gql.get_named_type(type_), gql.GraphQLInputObjectType) is False:
                return [self.value(field, name, type_.of_type)]
            return [] if name == "projects" else [self.value(field, name, type_.of_type)]
        if isinstance(type_, gql.GraphQLInputObjectType):
            parts = {key: part for key, part in type_.fields.items() if key not in NOT_TOGETHER.get(type_.name, ())}
            return {key: self.value(field, key, part.type) for key, part in parts.items()}
        if isinstance(type_, gql.GraphQLEnumType):
            return list(type_.values)[self.choice % len(type_.values)]
        if name in LEFT_OUT and type_.name == "Boolean":
            return False
        kind = ABOUT.get(field) if name in {"id", "one", "other"} else NATURAL.get(name)
        if type_.name in IDS and self.all_ids is not None:
            return self.all_ids
        if kind is not None and type_.name in {"ID", "String"}:
            return self.ids[kind]
        if type_.name in IDS:
            return self.ids["event"]
        of_type = isinstance(VALUES.get(name), int | float) == (type_.name in {"Int", "Float"})
        return VALUES[name] if name in VALUES and of_type and type_.name != "DateTime" else PLAIN[type_.name]


def operation(kind: str, field: str, made: gql.GraphQLField, filling: Filling) -> tuple[str, dict[str, Any]]:
    """The document and variables of one call that asks for everything the answer has."""
    variables = arguments(field, made, filling)
    if (kind, field) not in _queries:
        start = call(kind, field, made)
        _queries[kind, field] = deepest(GRAPH, variables, lambda depth: f"{start} {selection(made.type, depth)} }}")
    return _queries[kind, field], variables


_queries: dict[tuple[str, str], str] = {}


def arguments(field: str, made: gql.GraphQLField, filling: Filling) -> dict[str, Any]:
    return {name: filling.value(field, name, arg.type) for name, arg in made.args.items()}


def call(kind: str, field: str, made: gql.GraphQLField) -> str:
    """The operation up to what is asked of the answer, with a variable for each argument."""
    head = ", ".join(f"${name}: {arg.type}" for name, arg in made.args.items())
    given = ", ".join(f"{name}: ${name}" for name in made.args)
    return f"{kind} {f'({head})' if head else ''} {{ {field}{f'({given})' if given else ''}"


def entity(schema: gql.GraphQLSchema, type_: gql.GraphQLObjectType, variables: dict[str, Any]) -> str:
    """The query with which a router asks for entities of the type."""
    start = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on {type_.name}"
    return deepest(schema, variables, lambda depth: f"{start} {selection(type_, depth)} }} }}")


def deepest(schema: gql.GraphQLSchema, variables: dict[str, Any], made: Callable[[int], str]) -> str:
    """The query of the greatest depth that the hub's limits let pass."""
    best = ""
    for depth in range(1, DEEPEST + 1):
        query = made(depth)
        try:
            document = gql.parse(query, max_tokens=limits.DEFAULT.tokens)
            asked = gql.get_operation_ast(document)
            assert asked
            limits.shape(document)
            limits.cost(schema, document, asked, variables)
        except gql.GraphQLError:
            break  # whatever is deeper costs more
        best = query
    assert best, made(1)
    return best


def selection(type_: Any, depth: int, above: tuple[str, ...] = ()) -> str:
    """Every field down to `depth`, none of a type within itself; pages of two."""
    named = gql.get_named_type(type_)
    if isinstance(named, gql.GraphQLUnionType):
        return f"{{ __typename {' '.join(map(_one_of, named.types))} }}"
    if not isinstance(named, gql.GraphQLObjectType):
        return ""
    parts = ["__typename"]
    for name, field in named.fields.items():
        inner = gql.get_named_type(field.type)
        if isinstance(inner, gql.GraphQLObjectType) and (depth == 0 or inner.name in (*above, named.name)):
            continue
        few = "(first: 2)" if "first" in field.args else ""
        parts.append(f"{name}{few} {selection(field.type, depth - 1, (*above, named.name))}")
    return f"{{ {' '.join(parts)} }}"


def _one_of(type_: gql.GraphQLObjectType) -> str:
    """The plain fields of a member of a union, each under a name of its own: members may have them of other types."""
    plain = [name for name, field in type_.fields.items() if gql.is_leaf_type(gql.get_named_type(field.type))]
    return f"... on {type_.name} {{ {' '.join(f'{type_.name}_{name}: {name}' for name in plain)} }}"


def takes_ids(type_: Any) -> bool:
    """Whether an argument of this type can name something of a city."""
    named = gql.get_named_type(type_)
    if isinstance(named, gql.GraphQLInputObjectType):
        return any(takes_ids(field.type) for field in named.fields.values())
    return named.name in {"ID", "String"}


# What was answered, what is stored -------------------------------------------------------------------------------


def beneath(answer: Any, keys: frozenset[str], inside: bool = False) -> Iterator[str]:
    """All texts beneath one of `keys`."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield from beneath(value, keys, inside or key in keys)
    elif isinstance(answer, list):
        for value in answer:
            yield from beneath(value, keys, inside)
    elif inside and isinstance(answer, str):
        yield answer


OF_EVENTS = frozenset({"participants", "rounds", "plans", "retrospective", "quotes"})


def leaks(answer: Any, sent: Any, city: City) -> set[str]:
    """What an answer tells of a city that is not for others, beyond what was `sent`."""
    data = answer.get("data") if isinstance(answer, dict) else answer
    told, known = msgspec.json.encode(answer).decode(), msgspec.json.encode(sent).decode()
    return {word for word in city.words if word in told and word not in known} | (
        set(beneath(data, OF_EVENTS)) & set(city.people)
    )


def same(answer: Any, *ids: str) -> str:
    """An answer without the ids that were asked for."""
    told = msgspec.json.encode(answer, order="sorted").decode()
    for one in ids:
        told = told.replace(one, "…")
    return told


async def stored(owner: Database) -> dict[str, list[str]]:
    """Every row of every service, as JSON text, by table."""
    tables = [table for service in SERVICES.values() for table in service.metadata.tables.values()]
    out: dict[str, list[str]] = {table.fullname: [] for table in tables if table.name not in UNTOLD}
    every = " UNION ALL ".join(f"SELECT '{name}', to_jsonb(t)::text FROM {name} t" for name in out)
    async with owner.read(HUB) as session:
        for name, row in await session.execute(text(every)):
            out[name].append(row)
    return {name: sorted(rows) for name, rows in out.items()}


def of(rows: dict[str, list[str]], city: City) -> set[tuple[str, str]]:
    """The rows that are of a city or speak of it."""
    return {(table, row) for table, found in rows.items() for row in found if any(mark in row for mark in city.marks)}
