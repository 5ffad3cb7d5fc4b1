"""After the day: who was there, what people say of it, and what goes on."""

import asyncio

from tests.events.registration_world import day as days_from_now
from tests.events.test_registration_day import CAME
from tests.events.test_surveys import ANSWER, CLOSE, CREATE, RESULTS
from tests.events.test_voices import BOARD, MODERATE, OWN_BOARD, QUOTES
from tests.stories.day.arriving import ATTENDANCE
from tests.stories.day.state import KONSTANZ, PLACES, Day, refused

TEMPLATES = "{ surveyTemplates { name title questions { kind text options most required } } }"
ASKED = "query ($link: String!) { mySurveys(link: $link) { id answered event questions { kind } } }"
SAY = """mutation ($link: String!, $event: ID!, $kind: VoiceKind!, $text: String!) {
  sayInRetrospective(link: $link, event: $event, kind: $kind, text: $text) { id } }"""
QUOTE = """mutation ($link: String!, $event: ID!, $text: String!, $consent: Boolean!) {
  giveQuote(link: $link, event: $event, text: $text, consent: $consent, named: false) }"""
FOLLOW_UP = "mutation ($event: ID!, $words: String!) { sendFollowUp(event: $event, message: $words) }"


async def who_was_there(day: Day) -> None:
    noted = (await day.organiser.ask(ATTENDANCE, id=day.id))["event"]["attendance"]
    expected = [one["navigator"]["id"] for one in noted if one["state"] == "EXPECTED"]
    await day.organiser.ask(CAME, event=day.id, who=expected, **{"as": "PRESENT"})
    noted = (await day.konstanz.ask(ATTENDANCE, id=day.id))["event"]["attendance"]
    states = [one["state"] for one in noted]
    assert {state: states.count(state) for state in set(states)} == {
        "PRESENT": 2 * PLACES - 5, "LATE": 1, "LEFT": 1, "NO_SHOW": 2,
    }  # fmt: skip
    assert (await day.ask(ATTENDANCE, id=day.id))["event"]["attendance"] == []


async def what_people_say(day: Day) -> None:
    """A survey without names, the board of the retrospective, and quotes as long as somebody agrees."""
    template = next(
        one for one in (await day.organiser.ask(TEMPLATES))["surveyTemplates"] if one.pop("name") == "feedback"
    )
    survey = (await day.organiser.ask(CREATE, event=day.id, survey={**template, "byCity": True}))["createSurvey"]["id"]
    there = await day.there()
    some = [one for one in there if one.ags == KONSTANZ][:6] + [one for one in there if one.ags != KONSTANZ][:4]

    async def answer(number: int) -> None:
        link = some[number].personal if number % 2 else some[number].event
        (asked,) = (await day.ask(ASKED, link=link))["mySurveys"]
        assert (asked["id"], asked["answered"], asked["event"]) == (survey, False, day.id)
        scales = [{"scale": 4 + number % 2}] * 3
        said = [*scales, {"picks": [1]}, {"text": "Den Austausch"}, {"text": "Mehr Zeit"}]
        assert await day.ask(ANSWER, link=link, survey=survey, answers=said)

    await asyncio.gather(*(answer(number) for number in range(len(some))))
    (mine,) = (await day.ask(ASKED, link=some[1].day_link))["mySurveys"]
    assert mine["answered"]  # whichever of their links they come with
    assert (await day.organiser.ask(RESULTS, event=day.id))["event"]["surveys"] == [{"answered": 10, "results": None}]
    await day.organiser.ask(CLOSE, id=survey)
    results = (await day.konstanz.ask(RESULTS, event=day.id))["event"]["surveys"][0]["results"]
    assert (results["answers"], results["questions"][0]["mean"]) == (10, 4.5)
    assert results["byCity"] == []  # four of Heilbronn are too few, and could be told by subtraction

    first, second = there[0], there[1]
    entry = await day.ask(SAY, link=first.personal, event=day.id, kind="WISH", text="Öfter in kleinen Gruppen")
    await day.organiser.ask(MODERATE, id=entry["sayInRetrospective"]["id"], reply="Ab dem Frühjahr.")
    shown = (await day.ask(OWN_BOARD, l=second.personal, e=day.id))["retrospective"]
    assert shown == [{"text": "Öfter in kleinen Gruppen", "reply": "Ab dem Frühjahr."}]
    assert (await day.organiser.ask(BOARD, e=day.id))["event"]["retrospective"][0]["author"] is None

    words = "Spannende Impulse mit Blick über den Tellerrand."
    await refused(day.ask(QUOTE, link=first.personal, event=day.id, text=words, consent=False), "REFUSED")
    given = (await day.ask(QUOTE, link=first.personal, event=day.id, text=words, consent=True))["giveQuote"]
    taken = (await day.ask(QUOTE, link=second.personal, event=day.id, text="Nun ja.", consent=True))["giveQuote"]
    await day.ask("mutation ($l: String!, $id: ID!) { withdrawQuote(link: $l, id: $id) }", l=second.personal, id=taken)
    assert await day.organiser.ask("mutation ($id: ID!) { chooseQuote(id: $id, chosen: true) }", id=given)
    quotes = (await day.organiser.ask(QUOTES, e=day.id))["event"]["quotes"]
    assert [(one["text"], one["navigator"], one["chosen"]) for one in quotes] == [(words, None, True)]


async def the_follow_up(day: Day) -> None:
    """To those who were there, late or not to the end; not to who did not come, and not to who waited."""
    words = "Die Ergebnisse stehen im Netz.\nBis bald!"
    count = (await day.organiser.ask(FOLLOW_UP, event=day.id, words=words))["sendFollowUp"]
    assert count == 2 * PLACES - 3  # two did not come, one was erased
    for key in ("kn-01", "hn-01", "hn-08", "hn-17"):
        letter = await day.post.comes(day.at(key).email, "Danke, dass Sie dabei waren.")
        assert "Die Ergebnisse stehen im Netz." in letter.text
    for key in ("kn-05", "kn-06", "kn-03", "hn-09", "hn-18"):
        assert day.post.to(day.at(key).email, "Danke, dass Sie dabei waren.") == []


async def what_calendars_show(day: Day) -> None:
    """At the end, as other people's programs read it: one entry each, where the day was; gone for who left it."""
    for key, program in day.calendars.items():
        await program.ask()
        shown = {str(one["status"]) for one in program.entries.values()}
        assert shown == {"hn-09": {"CANCELLED"}, "hn-16": set()}.get(key, {"CONFIRMED"}), key
        for one in program.entries.values():
            start = one.decoded("dtstart")
            assert str(start)[:10] == days_from_now(0)
    summaries = sorted(str(one["summary"]) for one in day.calendars["kn-01"].entries.values())
    assert len(summaries) == len(set(summaries)) == len(day.draft["agenda"]) + 1
    about = await day.http.get(f"{day.deployment.services['events']}/events/my-data/{day.at('kn-01').personal}")
    held = about.json()
    assert [one["title"] for one in held["events"]] == ["Lernreise nach #KNmeetsHN"]
    assert held["calendar"] is not None
