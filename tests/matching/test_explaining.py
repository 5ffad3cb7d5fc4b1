"""Why this table, as organisers and the event's cities read it."""

import uuid
from typing import Any

from sqlalchemy import update

from services.contracts.directory import NavigatorErased
from services.kit.db import HUB
from services.kit.service import Hub
from services.matching import intake
from services.matching.models import Plan
from tests.conftest import Clients
from tests.matching.test_advising import KN, OTHER, TOPIC, three
from tests.matching.test_met import CREATE, HN, JOIN, PEOPLE, PLAN

WHY = """query ($plan: ID!, $navigator: ID!) { whyThisTable(plan: $plan, navigator: $navigator) {
  round table topic { code } interest hosts others affinity sentences
  company { navigator { name } city { ags } affinity again wished metBefore
    takes { offered { code } } gives { sought { code } } both { code } fields { code } } } }"""


async def test_why_this_table(hub: Hub, clients: Clients) -> None:
    konstanz, heilbronn, dresden = await three(hub, clients)
    day = {"title": "Lotsentreff", "date": "2030-05-01", "host": KN, "guests": [HN]}
    event = (await konstanz.ask(CREATE, e=day))["createEvent"]["id"]
    people: dict[str, str] = {}
    for ags in (KN, HN):
        found = await konstanz.ask(PEOPLE.replace("{ id }", "{ id name }"), c=ags)
        people |= {node["name"]: node["id"] for node in found["navigators"]["nodes"]}
    await konstanz.ask(JOIN, e=event, n=list(people.values()))
    rules = {
        "must": [{"one": people["Learner"], "other": people["Teacher"]}],
        "earlier": [{"one": people["Learner"], "other": people["Teacher"], "times": 0.5}],
    }
    asked = {"event": event, "rounds": 2, "tables": 2, "rules": rules}
    plan = (await konstanz.ask(PLAN, i=asked))["planRounds"]["id"]

    async def why(client: Any, name: str) -> list[dict[str, Any]]:
        return list((await client.ask(WHY, plan=plan, navigator=people[name]))["whyThisTable"])

    assert await why(konstanz, "Learner") == []  # not planned yet
    keys = sorted(people.values())
    together = {people["Learner"], people["Teacher"]}
    answer = {
        "keys": keys, "table_topics": [TOPIC, OTHER],
        "plan": [[0 if key in together else 1 for key in keys], [0] * len(keys)],
    }  # fmt: skip
    async with hub.runtimes["matching"].db.begin(HUB) as session:
        await session.execute(update(Plan).where(Plan.id == uuid.UUID(plan)).values(answer=answer))

    first, second = await why(konstanz, "Learner")
    assert first == {
        "round": 1, "table": 1, "topic": {"code": TOPIC}, "interest": 1.0, "hosts": False, "others": 1, "affinity": 1.0,
        "sentences": ["Eine Person hier bietet, was Sie suchen.", "Das Thema des Tisches ist eines der Ihren."],
        "company": [{
            "navigator": {"name": "Teacher"}, "city": {"ags": HN}, "affinity": 1.0, "again": False, "wished": True,
            "metBefore": 0.5, "takes": [{"offered": {"code": TOPIC}}], "gives": [], "both": [], "fields": [],
        }],
    }  # fmt: skip
    again = next(one for one in second["company"] if one["navigator"]["name"] == "Teacher")
    assert (again["again"], again["affinity"], again["wished"], second["others"]) == (True, 0.0, False, 4)
    guest, *_ = (await why(heilbronn, "Learner"))[0]["company"]
    assert (guest["affinity"], guest["wished"], guest["metBefore"]) == (1.0, None, None)
    assert await why(dresden, "Learner") == []
    assert (await konstanz.ask(WHY, plan=plan, navigator=str(uuid.uuid4())))["whyThisTable"] == []

    async with hub.runtimes["matching"].db.begin(HUB) as session:
        await intake.erase(session, NavigatorErased(id=people["Teacher"], ags=HN))
    assert [(one["round"], one["others"]) for one in await why(konstanz, "Learner")] == [(1, 0), (2, 3)]
    assert await why(konstanz, "Teacher") == []
