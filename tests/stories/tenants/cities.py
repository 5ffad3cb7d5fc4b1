"""Two cities with everything a city can have."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

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
from services.kit import links
from services.kit.db import HUB
from services.kit.service import Hub

TOPIC = "finance"
THIRD = "09162000"
"""A city that both have to do with."""


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
