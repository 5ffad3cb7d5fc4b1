"""The topic vocabulary and the #KNmeetsHN demo data agree with each other and with the report they come from."""

from collections import Counter
from datetime import date, time, timedelta
from itertools import chain, pairwise, product
from pathlib import Path
from typing import Literal

import msgspec
import pytest

SERVICES = Path(__file__).parents[2] / "services"
TOPICS = SERVICES / "directory" / "topics.json"
DEMO = SERVICES / "cli" / "knmeetshn"

KONSTANZ, HEILBRONN = "08335043", "08121000"


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Exactly these fields: a misspelt or extra one fails the test."""


class Topic(Strict):
    code: str
    parent: str | None
    de: str
    en: str
    synonyms: tuple[str, ...]
    ozg: tuple[str, ...] = ()


class City(Strict):
    ags: str
    name: str
    kind: str
    population: int
    website: str


class Navigator(Strict):
    key: str
    name: str
    email: str
    title: Literal["Digitallotse", "Digitallotsin"]
    department: str
    offers: tuple[str, ...]
    seeks: tuple[str, ...]
    works_on: tuple[str, ...]


class Project(Strict):
    key: str
    title: str
    summary: str
    stage: Literal["IDEA", "PLANNED", "RUNNING", "DONE", "STOPPED"]
    seeks_partners: bool
    topics: tuple[str, ...]
    navigators: tuple[str, ...]


class Snapshot(Strict):
    city: City
    navigators: tuple[Navigator, ...]
    projects: tuple[Project, ...]


class Venue(Strict):
    name: str
    address: str


class Item(Strict):
    starts: str
    ends: str | None
    title: str
    details: tuple[str, ...]
    audience: str | None
    responsible: str | None


class Rounds(Strict):
    count: int
    tables: int
    minutes: int
    break_minutes: int
    starts: str
    table_topics: tuple[str, ...]


class Event(Strict):
    title: str
    kind: Literal["LEARNING_TRIP"]
    hashtag: str
    date: date
    timezone: str
    venue: Venue
    host: str
    guests: tuple[str, ...]
    guiding_questions: tuple[str, ...]
    agenda: tuple[Item, ...]
    rounds: Rounds


VOCABULARY = msgspec.json.decode(TOPICS.read_bytes(), type=tuple[Topic, ...])
TOPIC = {topic.code: topic for topic in VOCABULARY}
CITIES = tuple(
    msgspec.json.decode((DEMO / file).read_bytes(), type=Snapshot) for file in ("konstanz.json", "heilbronn.json")
)
EVENT = msgspec.json.decode((DEMO / "event.json").read_bytes(), type=Event)


def ancestry(code: str) -> list[str]:
    """The code, its parent, … up to its field; ends after a few steps even if the parents form a circle."""
    line = [code]
    while (parent := TOPIC[line[-1]].parent) is not None and len(line) <= len(TOPIC):
        line.append(parent)
    return line


def focuses(navigator: Navigator) -> set[str]:
    """The fields among the day's five table topics that the navigator works on."""
    return {ancestry(code)[-1] for code in navigator.works_on} & set(EVENT.rounds.table_topics)


def matches(seekers: Snapshot, helpers: Snapshot) -> set[tuple[str, str, str]]:
    """(seeker, helper, topic) for every topic that one city's navigator seeks and the other city's offers."""
    return {
        (seeker.key, helper.key, code)
        for seeker, helper in product(seekers.navigators, helpers.navigators)
        for code in set(seeker.seeks) & set(helper.offers)
    }


def minutes(clock: str) -> int:
    moment = time.fromisoformat(clock)
    return moment.hour * 60 + moment.minute


def test_files_end_with_one_newline_and_are_not_escaped() -> None:
    for file in (TOPICS, *sorted(DEMO.glob("*.json"))):
        text = file.read_text(encoding="utf-8")
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\\u" not in text


def test_topic_codes_are_unique_kebab_case() -> None:
    assert len(TOPIC) == len(VOCABULARY)
    for code in TOPIC:
        assert all(part.isascii() and part.isalnum() and part == part.lower() for part in code.split("-")), code
        assert code[0].isalpha(), code


def test_topics_form_a_tree_with_at_most_two_levels_below_the_fields() -> None:
    assert {topic.parent for topic in VOCABULARY if topic.parent is not None} <= TOPIC.keys()
    for code in TOPIC:
        line = ancestry(code)
        assert len(line) == len(set(line)), f"circle: {line}"
        assert len(line) <= 3, line


def test_parents_stand_before_their_children() -> None:
    position = {topic.code: index for index, topic in enumerate(VOCABULARY)}
    assert [t.code for t in VOCABULARY if t.parent is not None and position[t.parent] > position[t.code]] == []


def test_vocabulary_is_small_enough_to_choose_from() -> None:
    fields = [topic.code for topic in VOCABULARY if topic.parent is None]
    children = Counter(topic.parent for topic in VOCABULARY)
    assert 14 <= len(fields) <= 30
    assert 80 <= len(VOCABULARY) <= 220
    assert [code for code in fields if not 2 <= children[code] <= 15] == []


@pytest.mark.parametrize("language", ["de", "en"])
def test_labels_are_unique_in_each_language(language: Literal["de", "en"]) -> None:
    labels = Counter((topic.de if language == "de" else topic.en).casefold() for topic in VOCABULARY)
    assert [label for label, count in labels.items() if count > 1 or not label.strip()] == []


def test_a_word_leads_to_one_topic_only() -> None:
    words = Counter(
        chain.from_iterable({w.casefold() for w in (topic.de, topic.en, *topic.synonyms)} for topic in VOCABULARY)
    )
    assert [word for word, count in words.items() if count > 1] == []


def test_two_cities_with_25_navigators_each() -> None:
    assert [snapshot.city.ags for snapshot in CITIES] == [KONSTANZ, HEILBRONN]
    assert [snapshot.city.population for snapshot in CITIES] == [85_859, 128_334]
    assert [len(snapshot.navigators) for snapshot in CITIES] == [25, 25]
    assert all(5 <= len(snapshot.projects) <= 7 for snapshot in CITIES)


def test_navigators_of_konstanz_come_from_23_departments() -> None:
    assert len({navigator.department for navigator in CITIES[0].navigators}) == 23


def test_keys_and_names_are_unique_in_both_cities_together() -> None:
    people = [navigator for snapshot in CITIES for navigator in snapshot.navigators]
    projects = [project for snapshot in CITIES for project in snapshot.projects]
    keys = [person.key for person in people] + [project.key for project in projects]
    assert len(set(keys)) == len(keys)
    assert len({person.name for person in people}) == len(people)


def test_everybody_has_an_address_of_their_own_that_no_mail_can_reach() -> None:
    """RFC 2606 reserves `.example`."""
    found = [navigator.email for snapshot in CITIES for navigator in snapshot.navigators]
    assert len(set(found)) == len(found)
    for snapshot in CITIES:
        assert {one.email.partition("@")[2] for one in snapshot.navigators} == {f"{snapshot.city.name.lower()}.example"}


def test_every_code_used_exists() -> None:
    for snapshot in CITIES:
        for navigator in snapshot.navigators:
            assert {*navigator.offers, *navigator.seeks, *navigator.works_on} <= TOPIC.keys(), navigator.key
        for project in snapshot.projects:
            assert set(project.topics) <= TOPIC.keys(), project.key
    assert set(EVENT.rounds.table_topics) <= TOPIC.keys()


def test_navigators_name_one_to_three_different_topics_of_each_kind() -> None:
    for navigator in chain.from_iterable(snapshot.navigators for snapshot in CITIES):
        assert navigator.offers or navigator.works_on, navigator.key
        for codes in (navigator.offers, navigator.seeks, navigator.works_on):
            assert 1 <= len(set(codes)) == len(codes) <= 3, navigator.key
        assert not set(navigator.offers) & set(navigator.seeks), navigator.key


def test_projects_name_navigators_of_their_own_city() -> None:
    for snapshot in CITIES:
        keys = {navigator.key for navigator in snapshot.navigators}
        for project in snapshot.projects:
            assert project.topics, project.key
            assert set(project.navigators) <= keys, project.key
            assert project.navigators, project.key


def test_each_city_can_help_the_other() -> None:
    konstanz, heilbronn = CITIES
    assert len(matches(konstanz, heilbronn)) >= 50
    assert len(matches(heilbronn, konstanz)) >= 50
    for seekers, helpers in ((konstanz, heilbronn), (heilbronn, konstanz)):
        helped = {seeker for seeker, _, _ in matches(seekers, helpers)}
        assert helped == {navigator.key for navigator in seekers.navigators}


def test_the_five_table_topics_split_the_fifty_into_tens_of_both_cities() -> None:
    assert len(set(EVENT.rounds.table_topics)) == EVENT.rounds.tables == 5
    assert all(TOPIC[code].parent is None for code in EVENT.rounds.table_topics)
    tables: Counter[str] = Counter()
    for snapshot in CITIES:
        own: Counter[str] = Counter()
        for navigator in snapshot.navigators:
            (focus,) = focuses(navigator)
            own[focus] += 1
        assert all(4 <= own[code] <= 6 for code in EVENT.rounds.table_topics), own
        tables += own
    assert tables == dict.fromkeys(EVENT.rounds.table_topics, 10)


def test_the_day_is_the_one_in_the_report() -> None:
    assert EVENT.date == date(2019, 10, 1)
    assert (EVENT.host, EVENT.guests) == (HEILBRONN, (KONSTANZ,))
    assert len(EVENT.guiding_questions) == 3
    assert {"07:00", "10:30", "11:30", "12:00", "13:00", "15:00", "17:00"} <= {item.starts for item in EVENT.agenda}
    assert [item.starts for item in EVENT.agenda if item.audience == KONSTANZ] == ["07:00", "15:00", "17:00"]
    assert {item.audience for item in EVENT.agenda} == {None, KONSTANZ}


def test_agenda_times_ascend_without_overlap() -> None:
    for item in EVENT.agenda:
        assert item.ends is None or minutes(item.starts) < minutes(item.ends), item.title
    for before, after in pairwise(EVENT.agenda):
        assert minutes(before.starts) < minutes(after.starts)
        assert before.ends is None or minutes(before.ends) <= minutes(after.starts), before.title


def test_the_rounds_fit_into_the_speed_dating() -> None:
    (item,) = (item for item in EVENT.agenda if item.title.startswith("Speeddating"))
    rounds = EVENT.rounds
    needed = timedelta(minutes=rounds.count * rounds.minutes + (rounds.count - 1) * rounds.break_minutes)
    assert rounds.starts == item.starts
    assert item.ends == "11:30"
    assert timedelta(minutes=minutes(rounds.starts)) + needed <= timedelta(minutes=minutes(item.ends))
