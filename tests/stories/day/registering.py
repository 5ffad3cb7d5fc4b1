"""Places, waiting list, releases, needs and seats: by the links of mails, without an account."""

import asyncio

from tests.events.registration_world import DECLINE, LISTED, MINE, REGISTER
from tests.events.test_registration_day import NEEDED, NEEDS, SEAT
from tests.events.test_registration_mails import DECIDE
from tests.stories.day.state import HEILBRONN, KONSTANZ, PLACES, Day, Person, refused

VEHICLES = """query ($id: ID!) { event(id: $id) { vehicles { id name leg delay free points { id name leaves }
  aboard { navigator { id } seat present } } } }"""


def superior(person: Person) -> str:
    """One mailbox for each: a superior's mails tell for whom they ask."""
    return f"leitung.{person.email}"


def page_of(day: Day, person: Person) -> str:
    """What the link in their invitation opens."""
    return f"{day.deployment.services['events']}/events/registration/{person.event}"


async def places_are_taken(day: Day) -> None:
    """The first by the page of the mail, all others as it is done by programs; in order, and then to the list."""
    first = day.at("kn-01")
    page = await day.browser.open(page_of(day, first))
    await day.browser.submit(page, f"/events/registration/{first.event}/register", superior=superior(first))
    for ags in (KONSTANZ, HEILBRONN):
        for person in day.people[ags]:
            direct = person.key == "kn-17"
            done = await day.press(person, REGISTER, superior=superior(person), direct=direct)
            waits = day.people[ags].index(person) - PLACES + 1
            assert (done["state"], done["cityPosition"]) == (("WAITING", waits) if waits > 0 else ("REGISTERED", None))
            assert done["release"] == ("NONE" if waits > 0 else "PENDING")
    assert (await day.press(day.at("hn-18"), MINE))["position"] == 6  # behind three of Konstanz and two of their own
    await day.post.comes(day.at("hn-18").email, "Auf der Warteliste haben Sie die Nummer 6")
    assert await day.takes_part() == set()  # before anybody was released


async def superiors_decide(day: Day) -> None:
    """By one click on a page that opens without an account. One refuses: their place goes to the next of the city."""
    for person in [*day.people[KONSTANZ][:PLACES], *day.people[HEILBRONN][:PLACES]]:
        if person.key not in {"kn-01", "kn-02"}:
            await released(day, person)
    for key, decision in (("kn-01", "given"), ("kn-02", "refused")):
        person = day.at(key)
        letter = await day.post.comes(superior(person), person.name, "Bitte entscheiden Sie")
        page = await day.browser.open(letter.link("/events/release/"))
        done = await day.browser.submit(page, decision=decision)
        assert {"given": "ist genehmigt", "refused": "ist nicht genehmigt"}[decision] in done.text
        token = letter.link("/events/release/").rpartition("/")[2]
        await refused(day.ask(DECIDE, link=token, given=True), "CONFLICT")  # once
    day.changed.add("a superior refuses")
    await day.post.comes(day.at("kn-01").email, "Ihre Dienstreise ist genehmigt")
    await day.post.comes(day.at("kn-02").email, "Nicht genehmigt")
    assert (await day.press(day.at("kn-02"), MINE))["state"] == "CANCELLED"

    follows = day.at("kn-16")
    await day.post.comes(follows.email, "Ein Platz ist frei")
    page = await day.browser.open(page_of(day, follows))
    await day.browser.submit(page, f"/events/registration/{follows.event}/register")
    await released(day, follows)
    assert (await day.press(day.at("kn-17"), MINE))["cityPosition"] == 1
    assert len(await day.takes_part()) == 2 * PLACES


async def released(day: Day, person: Person, count: int = 1) -> None:
    letter = await day.post.comes(superior(person), person.name, "Bitte entscheiden Sie", count=count)
    token = letter.link("/events/release/").rpartition("/")[2]
    assert (await day.ask(DECIDE, link=token, given=True))["it"] == "GIVEN"


async def a_cancelled_registration_moves_the_list(day: Day) -> None:
    """Who said that they take any place has it at once; still, no place counts before a release."""
    leaves, follows, last = day.at("kn-03"), day.at("kn-17"), day.at("kn-18")
    assert (await day.press(leaves, DECLINE))["state"] == "CANCELLED"
    await day.post.comes(leaves.email, "Ihre Anmeldung ist aufgehoben")
    assert (await day.press(follows, MINE))["state"] == "REGISTERED"
    assert not {leaves.id, follows.id} & await day.takes_part()
    await released(day, follows)
    await day.post.comes(follows.email, "Ihr Platz ist bestätigt")
    assert (await day.press(last, MINE))["cityPosition"] == 1
    there = await day.takes_part()
    assert follows.id in there
    assert len(there) == 2 * PLACES

    listed = (await day.organiser.ask(LISTED, id=day.id, states=["WAITING"]))["event"]["registration"]
    waiting = [one["navigator"]["id"] for one in listed["registrations"]["nodes"]]
    assert waiting == [day.at(key).id for key in ("kn-18", "hn-16", "hn-17", "hn-18")]
    assert [(one["quota"], one["taken"], one["free"]) for one in listed["cities"]] == [(PLACES, PLACES, 0)] * 2
    assert listed["exceptions"] == []
    day.changed.add("a registration is cancelled")


async def needs_and_seats(day: Day) -> None:
    await day.press(day.at("kn-04"), NEEDS, diet="vegan")
    await day.press(day.at("hn-05"), NEEDS, diet="", stepFree=True)
    needed = "registration", "needs"
    shown = (await day.organiser.ask(NEEDED, id=day.id))["event"][needed[0]][needed[1]]
    assert {one["navigator"]["id"]: (one["diet"], one["stepFree"]) for one in shown} == {
        day.at("kn-04").id: ("vegan", False), day.at("hn-05").id: ("", True),
    }  # fmt: skip
    assert (await day.heilbronn.ask(NEEDED, id=day.id))["event"][needed[0]][needed[1]] == []

    there, back = (await day.organiser.ask(VEHICLES, id=day.id))["event"]["vehicles"]
    travelling = [one for one in await day.there() if one.ags == KONSTANZ]

    async def sit(person: Person, place: int) -> None:
        point = there["points"][place % 2]
        await day.press(person, SEAT, point=point["id"])
        await day.press(person, SEAT, point=next(p["id"] for p in back["points"] if p["name"] == point["name"]))

    await asyncio.gather(*(sit(person, place) for place, person in enumerate(travelling)))
    await refused(day.press(day.at("kn-18"), SEAT, point=there["points"][0]["id"]), "CONFLICT")  # waits
    for bus in (await day.organiser.ask(VEHICLES, id=day.id))["event"]["vehicles"]:
        assert bus["free"] == 1
        assert [one["seat"] for one in bus["aboard"]] == list(range(1, PLACES + 1))
        assert {one["navigator"]["id"] for one in bus["aboard"]} == {one.id for one in travelling}
