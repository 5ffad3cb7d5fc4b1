"""What follows from the day: a vote, a project of two cities, certificates, wishes by mail, papers that look back."""

import asyncio
import datetime as dt
from typing import Any

from tests.browser_like import logged_in
from tests.events.printed import all_words
from tests.events.test_announcements import ANNOUNCE
from tests.events.test_certificates import CHECK, ISSUE
from tests.events.test_certificates import MINE as MY_CERTIFICATES
from tests.events.test_project_cards import ACCEPT, CARDS, JOIN, MAKE, PARTNERS, PROPOSED
from tests.events.test_report import REPORT, WISHES
from tests.events.test_surveys import ANSWER, CREATE, RESULTS
from tests.events.test_surveys import CLOSE as CLOSE_SURVEY
from tests.events.test_votes import CAST, CLOSE, IMPORT, PRINTED
from tests.events.test_votes import CREATE as CREATE_VOTE
from tests.stories.day.afternoon import FEAR
from tests.stories.day.preparing import printed
from tests.stories.day.registering import VEHICLES
from tests.stories.day.state import HEILBRONN, KONSTANZ, PLACES, Day, Person, refused

MINE = "query ($link: String!) { it: myDay(link: $link) { announcements { text } } }"
VOTES = "query ($link: String!) { myVotes(link: $link) { voted vote { id candidates { id title } } } }"
THERE = 2 * PLACES - 3
"""Two did not come, one was erased; whoever left early was there."""


async def announced(day: Day) -> None:
    """At lunch: one word to everybody, one to those of a bus; on phones at once, and as one mail."""
    _bus, back = (await day.organiser.ask(VEHICLES, id=day.id))["event"]["vehicles"]
    lunch, bus = {"text": "Mittag gibt es im Fruchtschuppen."}, {"text": "Bus A wartet am Tor.", "vehicle": back["id"]}
    for what in (lunch, bus):
        await day.organiser.ask(ANNOUNCE, event=day.id, what=what)
    for person, words in ((day.at("kn-01"), 2), (day.at("hn-01"), 1)):
        shown = (await day.ask(MINE, link=person.day_link))["it"]["announcements"]
        assert len(shown) == words
        letter = await day.post.comes(person.email, "Durchsage", "Mittag gibt es im Fruchtschuppen.")
        assert ("Bus A wartet am Tor." in letter.text) == (words == 2)
        assert len(day.post.to(person.email, "Durchsage")) == 1


async def a_vote(day: Day) -> None:
    """The dots of figure 10, given by phones: totals are computed, and what the figure prints stands beside them."""
    there = await day.there()
    assert len(there) == THERE
    candidates: list[dict[str, Any]] = [{"idea": one["id"]} for one in list(day.ideas.values())[:3]]
    candidates.append({"proposal": day.topics[FEAR]})
    criteria = [{"name": name, "most": 1, "budget": 1} for name in PRINTED["criteria"]]
    vote = {"title": "Welche Idee gehen wir an?", "criteria": criteria, "candidates": candidates,
            "tieRule": "CRITERION", "tieCriteria": [1]}  # fmt: skip
    made = (await day.organiser.ask(CREATE_VOTE, event=day.id, vote=vote))["createVote"]
    ids = [one["id"] for one in made["candidates"]]
    columns = zip(*(one["figures"] for one in PRINTED["candidates"]), strict=True)
    dots = [[place for place, count in enumerate(column) for _dot in range(count)] for column in columns]

    async def cast(number: int, person: Person) -> None:
        given = [[0] * len(criteria) for _candidate in ids]
        for criterion, places in enumerate(dots):
            if number < len(places):
                given[places[number]][criterion] = 1
        points = [{"candidate": key, "points": of} for key, of in zip(ids, given, strict=True)]
        told = (await day.ask(CAST, vote=made["id"], link=person.day_link, points=points))["castVote"]
        assert told["entitled"] == THERE

    await asyncio.gather(*(cast(number, person) for number, person in enumerate(there)))
    await refused(day.ask(CAST, vote=made["id"], link=there[0].personal, points=[]), "CONFLICT")  # once, by any link
    await refused(day.ask(CAST, vote=made["id"], link=day.absent[0].personal, points=[]), "NOT_FOUND")
    (mine,) = (await day.ask(VOTES, link=there[1].personal))["myVotes"]
    assert mine["voted"]
    done = (await day.organiser.ask(CLOSE, id=made["id"]))["closeVote"]
    assert done["turnout"] == {"entitled": THERE, "voted": THERE}
    found = [(one["id"], one["figures"], one["total"], one["rank"], one["decidedBy"]) for one in done["candidates"]]
    first, second, third, fourth = (one["figures"] for one in PRINTED["candidates"])
    assert found == [
        (ids[0], first, 24, 1, "TOTAL"), (ids[1], second, 22, 2, "TOTAL"),
        (ids[3], fourth, 14, 3, "CRITERION"), (ids[2], third, 14, 4, "CRITERION"),
    ]  # fmt: skip
    kept = (await day.organiser.ask(IMPORT, event=day.id, vote=PRINTED))["importVote"]["candidates"]
    assert [(one["total"], one["printedTotal"]) for one in kept if one["flagged"]] == [(22, 21), (14, 14)]
    day.vote = done


async def a_project_of_two_cities(day: Day) -> None:
    """What won is proposed to a city, which says yes; another city joins."""
    asked = {"event": day.id, "candidate": day.vote["candidates"][0]["id"], "city": HEILBRONN}
    card = (await day.organiser.ask(MAKE, **asked))["makeProjectCard"]
    assert (await day.organiser.ask(MAKE, **asked))["makeProjectCard"]["id"] == card["id"]  # once
    await day.heilbronn.until(PROPOSED, lambda data: data["proposedProjects"]["nodes"])
    (waiting,) = (await day.heilbronn.ask(PROPOSED))["proposedProjects"]["nodes"]
    assert (waiting["id"], waiting["eventTitle"]) == (card["id"], day.draft["title"])
    assert (await day.konstanz.ask(PROPOSED))["proposedProjects"]["nodes"] == []
    people = [day.at("hn-02").id]
    accepted = (await day.heilbronn.ask(ACCEPT, id=card["id"], people=people))["acceptProposedProject"]
    project = accepted["project"]
    assert (accepted["state"], project["seeksPartners"]) == ("ACCEPTED", True)
    partners = [day.at("kn-01").id]
    await day.konstanz.ask(JOIN, project=project["id"], people=partners, note="Wir testen mit")
    (partner,) = (await day.konstanz.ask(PARTNERS, id=project["id"]))["project"]["partners"]
    assert (partner["city"]["ags"], [one["id"] for one in partner["navigators"]]) == (KONSTANZ, partners)

    def decided(data: Any) -> bool:
        return bool(data["event"]["projectCards"][0]["project"])

    (shown,) = (await day.organiser.until(CARDS, decided, id=day.id))["event"]["projectCards"]
    assert (shown["state"], shown["project"]["city"]["ags"]) == ("ACCEPTED", HEILBRONN)


async def certificates(day: Day) -> None:
    """For whoever was there to the end, with a code that anybody can check; people fetch theirs with their link."""
    issued = (await day.organiser.ask(ISSUE, event=day.id))["issueCertificates"]["certificates"]
    codes = {one["navigator"]["id"]: one for one in issued}
    left = day.at("hn-01")
    assert len(codes) == THERE - 1
    assert not {left.id, *(one.id for one in day.absent)} & codes.keys()
    mine = codes[day.at("kn-01").id]
    told = (await day.ask(CHECK, code=mine["code"].lower()))["it"]
    assert (told["title"], told["date"], told["minutes"]) == (day.draft["title"], day.draft["date"], mine["minutes"])
    page = await day.http.get(mine["checkUrl"], headers={"accept": "text/html"})
    assert "Diese Bescheinigung ist echt." in page.text
    assert day.at("kn-01").name not in page.text
    (own,) = (await day.ask(MY_CERTIFICATES, link=day.at("kn-01").personal))["it"]
    paper = all_words((await day.http.get(own["url"])).content)
    assert mine["code"] in paper
    await printed(day, "certificates.pdf")
    assert day.papers["certificates.pdf"].count("Teilnahmebescheinigung") == THERE - 1


async def wishes_by_mail(day: Day) -> None:
    """A survey on the next modules is asked for by mail, and answered by the link in it."""
    survey = {"title": "Welche Module zuerst?", "questions": [WISHES]}
    made = (await day.organiser.ask(CREATE, event=day.id, survey=survey))["createSurvey"]["id"]
    there = await day.there()
    for number, person in enumerate(there[:6]):
        letter = await day.post.comes(person.email, "Welche Module zuerst?")
        link = letter.link("/events/registration/").rpartition("/")[2]
        assert letter.mail["List-Unsubscribe-Post"]
        answers = [{"picks": [1] if number else [1, 2]}]
        assert await day.ask(ANSWER, link=link, survey=made, answers=answers)
    assert day.post.to(day.absent[0].email, "Welche Module zuerst?") == []
    await day.organiser.ask(CLOSE_SURVEY, id=made)
    surveys = (await day.organiser.ask(RESULTS, event=day.id))["event"]["surveys"]
    (asked,) = [one for one in surveys if one["answered"] == 6]
    ranks = [(one["label"], one["votes"], one["rank"]) for one in asked["results"]["questions"][0]["options"]]
    assert ranks == [("Prozesse", 6, 1), ("Daten", 1, 2)]


async def papers_of_the_day(day: Day) -> None:
    """The minutes and the result of the vote: both for the guests as well, who read counts where others read names."""
    await printed(day, "minutes.pdf", "votes.pdf")
    minutes, votes = day.papers["minutes.pdf"], day.papers["votes.pdf"]
    for words in ("Angst abbauen, indem wir Erfolge zeigen.", "Ein Erklärfilm für alle.", "Erklärfilm drehen",
                  "Nächstes Treffen in Konstanz planen", day.at("hn-02").name):  # fmt: skip
        assert words in minutes, words
    assert not any(one.name in minutes for one in day.absent)
    for words in ("Welche Idee gehen wir an?", day.vote["candidates"][0]["title"], PRINTED["title"],
                  "Als Summe ist 21 gedruckt, aber 7 + 1 + 14 ergibt 22."):  # fmt: skip
        assert words in votes, words
    seen = all_words(await day.heilbronn.fetch(f"{day.url}/papers/minutes.pdf"))
    assert day.at("kn-11").name in minutes
    assert day.at("kn-11").name not in seen


async def reports(day: Day) -> None:
    """The year of the city and of the state: the same day from both sides, as figures and as a paper."""
    year = int(day.draft["date"][:4])
    own = (await day.konstanz.ask(REPORT, year=year, ags=KONSTANZ))["annualReport"]
    await refused(day.heilbronn.ask(REPORT, year=year, ags=KONSTANZ), "FORBIDDEN")
    async with asyncio.timeout(60):
        central = await logged_in(day.deployment.hub, "08", "central")
        events = day.deployment.services["events"]
        asked = {"query": REPORT, "variables": {"year": year, "state": "08"}}
        state = (await central.http.post(f"{events}/events/graphql", json=asked)).json()["data"]["annualReport"]
        paper = await central.http.get(f"{events}/events/reports/08/{year}/report.pdf")
        await central.close()
    of_konstanz = len([one for one in await day.there() if one.ags == KONSTANZ])
    assert (own["totals"]["events"], own["totals"]["attended"], own["totals"]["guests"]) == (
        1, of_konstanz, THERE - of_konstanz,
    )  # fmt: skip
    assert (state["name"], state["totals"]["attended"], state["totals"]["cities"]) == ("Baden-Württemberg", THERE, 2)
    assert own["totals"]["contacts"] == state["totals"]["contacts"] > THERE
    assert [one["title"] for one in own["votes"]] == ["Welche Idee gehen wir an?", PRINTED["title"]]
    assert own["votes"][1]["lines"][1]["remark"]
    assert [(one["label"], one["votes"]) for one in own["wishes"]] == [("Prozesse", 6), ("Daten", 1)]
    assert [one["text"] for one in own["quotes"]] == ["Spannende Impulse mit Blick über den Tellerrand."]
    assert [(one["title"], one["city"]) for one in state["projects"]] == [
        (day.vote["candidates"][0]["title"], "Heilbronn")
    ]
    assert dt.date.fromisoformat(own["until"]).year == year
    words = all_words(await day.konstanz.fetch(f"{events}{own['paper']['url'].partition(events)[2]}"))
    for report in (words, all_words(paper.content)):
        assert "Jahresbericht" in report
        assert "Als Summe ist 21 gedruckt" in report
        assert "Spannende Impulse" in report
