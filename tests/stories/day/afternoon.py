"""The open space: ideas of the morning become topics, are planned, changed while the day runs, and harvested."""

from typing import Any

from tests.events.day import phone
from tests.events.open_space import DRAFTS, PLAN, PROPOSE, PUBLISH, SEEN, WISH
from tests.events.test_ideas import LIST
from tests.events.test_open_space import MERGE
from tests.events.test_open_space_harvest import ACTION, NOTES, WRITE
from tests.events.test_open_space_media import PLACE, exif, jpeg, segment
from tests.events.test_open_space_plans import CLOSE, HOSTS, MOVE, REPLAN
from tests.events.test_registration_day import CAME
from tests.stories.day.state import HEILBRONN, Day, Person, refused

IDEAS = "mutation ($event: ID!, $ideas: [IdeaInput!]!) { proposeIdeas(event: $event, ideas: $ideas) { wishesOpen } }"
TRAVEL, ROLE, MEASURE, FEAR, PARTNERS = "Reisekosten", "Rollen", "bewerten", "Angst", "Partnerschaft"


async def seen(day: Day, person: Person | None = None) -> dict[str, Any]:
    """The open space for the organiser, or for somebody with their personal link."""
    if person is not None:
        return dict((await day.ask(SEEN, event=day.id, link=person.personal))["openSpace"])
    day.space = dict((await day.organiser.ask(SEEN, event=day.id))["openSpace"])
    return day.space


async def propose(day: Day, title: str, person: Person | None, **more: Any) -> str:
    """The id of what somebody proposes from their phone; without a person, by the code on the wall."""
    link = person.personal if person else day.space["eventLink"]
    said = await day.ask(PROPOSE, event=day.id, proposal={"title": title, **more}, link=link)
    return str(said["proposeSession"]["id"])


async def topics(day: Day) -> None:
    noted = (await day.organiser.ask(LIST, id=day.id))["event"]["ideas"]
    ideas = [
        {"title": one["text"], "source": f"Runde {one['round']}, Tisch {one['table']}"}
        for one in noted if not one["hidden"]
    ]  # fmt: skip
    assert len(ideas) == 4
    await day.organiser.ask(IDEAS, event=day.id, ideas=ideas)
    await seen(day)
    for word, title, host in (
        (TRAVEL, "Reisekosten digital abrechnen: was schon geht", day.at("kn-01")),
        (ROLE, "Was verbirgt sich hinter der Rollen-Lücke?", day.at("hn-01")),
        (MEASURE, "Wie bewerten wir die gesammelten Ideen?", day.at("kn-07")),
        (FEAR, "Wie nehmen wir die Angst vor dem Scheitern?", day.at("hn-02")),
    ):
        needs = ["STEP_FREE"] if word == FEAR else []
        day.topics[word] = await propose(day, title, host, convene=True, needs=needs)
    day.topics[PARTNERS] = await propose(day, "Wie bleibt unsere Partnerschaft lebendig?", None)
    hosts = [day.at("kn-08").id, day.at("hn-03").id]
    await day.organiser.ask(HOSTS, event=day.id, id=day.topics[PARTNERS], who=hosts)
    gone = await refused(propose(day, "Ich bin nicht mehr dabei", day.at("kn-03")), "FORBIDDEN")
    assert gone

    # The hub suggests what to merge, the organiser decides.
    space = await seen(day)
    of_title = {one["title"]: one for one in space["proposals"]}
    travel = of_title["Reisekosten mit einem Klick abrechnen"]
    assert (travel["origin"], travel["source"].split(",")[0], travel["authors"]) == ("IDEA", "Runde 1", [])
    best = space["mergeSuggestions"][0]
    assert {best["one"], best["other"]} == {travel["id"], day.topics[TRAVEL]}
    assert "Reisekosten" in best["reason"]
    for into, title in (
        (TRAVEL, travel["title"]),
        (PARTNERS, "Ein Lotsentreffen jedes Jahr, abwechselnd in beiden Städten"),
        (FEAR, "Fehler erzählen statt verstecken"),
        (ROLE, "Eine Karte, die zeigt, wer was kann"),
    ):
        await day.organiser.ask(MERGE, event=day.id, into=day.topics[into], ids=[of_title[title]["id"]])
    open_ = [one for one in (await seen(day))["proposals"] if one["state"] == "OPEN"]
    assert {one["id"] for one in open_} == set(day.topics.values())
    anonymous = next(one for one in open_ if one["id"] == day.topics[PARTNERS])
    assert (anonymous["anonymous"], anonymous["authors"]) == (True, [])
    assert {one["navigator"]["id"] for one in anonymous["conveners"]} == set(hosts)


async def the_plan(day: Day) -> None:
    """Wishes, a plan by a job, and a board on the wall that names nobody."""
    there = await day.there()
    words = list(day.topics)
    for number, person in enumerate(there):
        likes = [words[number % 5], words[(number + 1 + number // 5) % 5]]
        wishes = [{"proposal": day.topics[word]} for word in dict.fromkeys(likes)]
        wishes[0]["wish"] = "MUST"
        await day.ask(WISH, event=day.id, link=person.personal, wishes=wishes)
    before = await seen(day)
    assert all(one["interest"]["interested"] for one in before["proposals"] if one["state"] == "OPEN")
    async with phone(f"{day.url}/open-space/board") as wall:
        assert (await wall.until("board"))["revision"] == 0
        plan = await planned(day, PLAN, drafts=2)
        assert (plan["brokenRules"], plan["quality"]["leftOut"]) == ([], 0)
        assert plan["quality"]["kept"] > plan["quality"]["random"]
        await day.organiser.ask(PUBLISH, plan=plan["id"])
        board = await wall.until("board", lambda told: told["revision"] == 1)
    assert {one["title"].split()[-1].strip("?") for one in board["sessions"]} >= {"Ideen", "Scheitern"}
    assert not any(person.name in str(board) or person.id in str(board) for person in there)
    space = await seen(day)
    features = {room["id"]: room["name"] for room in space["board"]["rooms"]}
    fear = session(day, FEAR)
    assert features[fear["room"]] in {"Fruchtschuppen", "Jugendherberge"}  # step-free
    mine = await seen(day, day.at("hn-01"))
    assert [one["session"] for one in mine["me"]["sessions"] if one["hosts"]] == [session(day, ROLE)["id"]]
    late = day.ask(WISH, event=day.id, link=there[0].personal, wishes=[])
    assert "Plan" in await refused(late, "CONFLICT")


async def planned(day: Day, query: str, **asked: Any) -> dict[str, Any]:
    """The best of the drafts that were asked for, once they are computed."""
    known = {plan["id"] for plan in (await day.organiser.ask(DRAFTS, event=day.id))["openSpace"]["plans"]}
    await day.organiser.ask(query, event=day.id, **asked)

    def done(data: Any) -> bool:
        return all(plan["state"] in {"DONE", "FAILED"} for plan in data["openSpace"]["plans"])

    found = (await day.organiser.until(DRAFTS, done, event=day.id))["openSpace"]["plans"]
    new = [plan for plan in found if plan["id"] not in known]
    return dict(max(new, key=lambda plan: plan["quality"]["kept"]))


def session(day: Day, word: str) -> dict[str, Any]:
    """The session of a topic, as the organiser saw it last."""
    return next(dict(one) for one in day.space["board"]["sessions"] if one["proposal"] == day.topics[word])


def beside(day: Day) -> tuple[str, str]:
    """Two topics whose sessions are at the same time."""
    words = list(day.topics)
    return next(
        (one, other) for one in words for other in words
        if one != other and session(day, one)["slot"] == session(day, other)["slot"]
    )  # fmt: skip


async def booked_twice(day: Day) -> None:
    """Neither a room nor a person is in two places: by hand, as a convener, or through a merge."""
    one, other = beside(day)
    onto = {key: session(day, other)[key] for key in ("slot", "room")}
    move = [{"kind": "MOVE", "proposal": day.topics[one], **onto}]
    words = await refused(day.organiser.ask(MOVE, event=day.id, changes=move), "CONFLICT")
    assert "beide" in words
    day.changed.add("a room is booked twice")

    proposals = {found["id"]: found for found in day.space["proposals"]}
    host = proposals[day.topics[other]]["conveners"][0]
    asked = day.organiser.ask(HOSTS, event=day.id, id=day.topics[one], who=[host["navigator"]["id"]])
    words = await refused(asked, "CONFLICT")
    assert words.startswith(f"{host['name']} leitet zu dieser Zeit schon")
    person = next(p for p in day.everybody if p.id == host["navigator"]["id"])
    late = await propose(day, "Noch ein Gedanke dazu", person, convene=True)
    asked = day.organiser.ask(MERGE, event=day.id, into=day.topics[one], ids=[late])
    assert "leitet zu dieser Zeit schon" in await refused(asked, "CONFLICT")
    await day.ask(
        "mutation ($event: ID!, $id: ID!, $link: String) { withdrawProposal(event: $event, id: $id, link: $link) {"
        " wishesOpen } }",
        event=day.id, id=late, link=person.personal,
    )  # fmt: skip
    before = day.space["board"]
    assert (await seen(day))["board"] == before
    day.changed.add("a person is booked twice")


async def a_lost_room(day: Day) -> None:
    """The sound system fails: one session has no room in its slot. At most two move, and nobody else has to."""
    lost, before = session(day, TRAVEL), day.space["board"]
    async with phone(f"{day.url}/open-space/board") as wall:
        await day.organiser.ask(CLOSE, event=day.id, room=lost["room"], slots=[lost["slot"]])
        shown = await wall.until("board", lambda told: any(one["trouble"] for one in told["sessions"]))
        assert {one["id"]: one["trouble"] for one in shown["sessions"] if one["trouble"]} == {lost["id"]: "closed"}
        plan = await planned(day, REPLAN)
        assert (plan["brokenRules"], plan["quality"]["leftOut"]) == ([], 0)
        await day.organiser.ask(PUBLISH, plan=plan["id"])
        board = await wall.until("board", lambda told: told["revision"] == 2)
    places = [{one["id"]: (one["slot"], one["room"]) for one in told["sessions"]} for told in (before, board)]
    moved = {key for key, place in places[1].items() if places[0][key] != place}
    assert lost["id"] in moved
    assert len(moved) <= 2
    assert set(board["moved"]) == moved
    assert not any(one["trouble"] for one in board["sessions"])
    after = await seen(day)
    assert (session(day, TRAVEL)["wasSlot"], session(day, TRAVEL)["wasRoom"]) == (lost["slot"], lost["room"])
    assert after["board"]["revision"] == 2
    day.changed.add("a room is lost")


async def a_convener_leaves(day: Day) -> None:
    """Noted as gone, so the board says that nobody hosts the session; somebody else steps in."""
    gone, steps_in = day.at("hn-01"), day.at("hn-06")
    role = session(day, ROLE)
    async with phone(f"{day.url}/open-space/board") as wall:
        await day.organiser.ask(CAME, event=day.id, who=[gone.id], **{"as": "LEFT"})
        shown = await wall.until("board", lambda told: any(one["trouble"] for one in told["sessions"]))
        assert {one["id"]: one["trouble"] for one in shown["sessions"] if one["trouble"]} == {role["id"]: "away"}
        await day.organiser.ask(HOSTS, event=day.id, id=day.topics[ROLE], who=[steps_in.id])
        await wall.until("board", lambda told: not any(one["trouble"] for one in told["sessions"]))
    mine = await seen(day, steps_in)
    assert day.topics[ROLE] in mine["me"]["hosted"]
    assert {one["id"]: one["hosts"] for one in _mine(mine)}[role["id"]]
    assert (await seen(day))["board"]["revision"] == 2  # who hosts it is nobody's timetable
    day.changed.add("a convener leaves")


def _mine(space: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**one, "id": one["session"]} for one in space["me"]["sessions"]]


async def merged_late(day: Day) -> None:
    """Proposed when the board hangs already: the topic becomes part of one that is planned, and keeps its author."""
    author = day.at("kn-10")
    late = await propose(day, "Pilotprojekte, die scheitern dürfen", author)
    await day.organiser.ask(MERGE, event=day.id, into=day.topics[FEAR], ids=[late])
    space = await seen(day)
    fear = next(one for one in space["proposals"] if one["id"] == day.topics[FEAR])
    assert fear["state"] == "PLANNED"
    assert late in fear["merged"]
    assert author.id in {one["navigator"]["id"] for one in fear["authors"]}
    assert next(one for one in space["proposals"] if one["id"] == late)["mergedInto"] == fear["id"]
    assert space["board"]["revision"] == 2
    mine = await seen(day, author)
    assert late in mine["me"]["proposed"]
    day.changed.add("a topic is merged late")


async def the_harvest(day: Day) -> None:
    """Results by the convener's phone and by whoever holds the pen, a photo, and who does what until when."""
    host = day.at("hn-02")
    mine: dict[str, Any] = {"event": day.id, "id": day.topics[FEAR]}
    said = {"results": "Angst abbauen, indem wir Erfolge zeigen.", "decisions": "Ein Erklärfilm für alle."}
    await day.ask(WRITE, **mine, harvest=said, link=host.personal)
    notes = (await day.ask(NOTES, **mine, link=host.personal))["makeNotesLink"]
    await day.ask(WRITE, **mine, harvest={**said, "minutes": "Zwölf Personen, zwei Städte."}, expected=1, link=notes)
    await refused(day.ask(WRITE, **mine, harvest=said, expected=1, link=host.personal), "CONFLICT")
    await refused(day.ask(WRITE, **mine, harvest=said, expected=2, link=day.at("kn-11").personal), "FORBIDDEN")
    item = {
        "text": "Erklärfilm drehen",
        "navigator": host.id,
        "city": HEILBRONN,
        "due": f"{day.draft['date'][:4]}-12-31",
    }
    await day.ask(ACTION, **mine, item=item, link=host.personal)
    await day.organiser.ask(
        ACTION, event=day.id, item={"text": "Nächstes Treffen in Konstanz planen", "owner": "Amt 10"}
    )
    photo = await day.http.post(
        f"{day.url}/open-space/proposals/{day.topics[FEAR]}/files", content=jpeg(segment(0xE1, exif())),
        params={"alt": "Pinnwand mit drei Karten", "name": "Wand.jpg", "link": notes},
    )  # fmt: skip
    assert photo.status_code == 201, photo.text
    space = await seen(day, day.at("kn-11"))
    harvest = next(one["harvest"] for one in space["proposals"] if one["id"] == day.topics[FEAR])
    assert (harvest["version"], harvest["minutes"]) == (2, "Zwölf Personen, zwei Städte.")
    assert [(one["text"], one["navigator"]["id"], one["city"]["ags"]) for one in harvest["actionItems"]] == [
        ("Erklärfilm drehen", host.id, HEILBRONN)
    ]
    (file,) = harvest["files"]
    content = await day.http.get(file["url"], params={"link": day.at("kn-11").personal})
    assert content.status_code == 200
    assert PLACE not in content.content
    assert (await day.http.get(file["url"])).status_code == 404
