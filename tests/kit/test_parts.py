"""The parts of pages: what KERN lacks, written once."""

from types import SimpleNamespace
from typing import Any

from services.kit import forms, pages
from services.kit.auth import ANONYMOUS
from services.kit.errors import Problem
from services.kit.forms import Form
from services.kit.navigation import Menu, Way, menu
from services.kit.settings import Settings
from tests.stories.test_pages import Page


def shown(text: str, **values: Any) -> Page:
    return Page(rendered(text, **values))


def rendered(text: str, **values: Any) -> str:
    view = SimpleNamespace(token="t", path="/topics/x")
    source = '{% import "forms.html" as forms with context %}' + text
    return pages.templates.from_string(source).render(view=view, **values)


def test_the_navigation_says_where_one_is() -> None:
    ways = [Way("/topics", "Themen"), Way("/topicsandmore", "Anderes"), Way("/topics/x", "X")]
    view = SimpleNamespace(menu=Menu(ways, [Way("/people", "Leute")], []), path="/topics/x", who=ANONYMOUS, token="t")
    page = Page(pages.templates.from_string("{{ ui.header(view) }}").render(view=view))
    marks = {one["href"]: one.get("aria-current", "") for one in page.of("a")}
    assert marks == {"/": "", "/login": "", "/topics": "true", "/topicsandmore": "", "/topics/x": "page", "/people": ""}


def test_the_menu_is_of_all_services_and_of_the_hub() -> None:
    ways = [lambda _who: Menu(main=[Way("/a", "A")]), None, lambda _who: Menu(main=[Way("/b", "B")])]
    found = menu(ways, ANONYMOUS, Settings())
    assert [way.path for way in found.main] == ["/a", "/b"]
    assert [way.path for way in found.foot] == ["/hilfe", "/privacy", "/developers", "/accessibility", "/imprint"]
    split = menu([], ANONYMOUS, Settings(urls={"directory": "https://directory.example"}))
    assert split.foot[1].path == "https://directory.example/privacy"


def test_a_date_is_three_fields_with_one_name() -> None:
    wrong = Form({"day-day": ["31"], "day-month": ["2"], "day-year": ["2026"]}, [Problem("Kein Tag", field="day")])
    page = shown('{{ forms.date(shown, "day", "Tag", hint="Hinweis") }}', shown=wrong)
    assert [(one["name"], one["value"], one["inputmode"]) for one in page.of("input")] == [
        ("day-day", "31", "numeric"), ("day-month", "2", "numeric"), ("day-year", "2026", "numeric"),
    ]  # fmt: skip
    assert {one["for"] for one in page.of("label")} == {one["id"] for one in page.of("input")}
    (group,) = page.of("fieldset")
    assert group["aria-describedby"].split() == ["h-day", "e-day"]
    assert {"h-day", "e-day", "f-day"} <= set(page.ids)
    assert all(one["aria-invalid"] == "true" for one in page.of("input"))


def test_several_fields_of_a_name_have_ids_of_their_own() -> None:
    fields = '{{ forms.field(shown, "a", "A", hint="H", nth=n) }}{{ forms.text(shown, "b", "B", nth=n) }}'
    page = shown(f"{{% for n in (1, 2) %}}{fields}{{% endfor %}}", shown=forms.EMPTY)
    assert len(page.ids) == len(set(page.ids))
    assert {one["for"] for one in page.of("label")} <= set(page.ids)


def test_tabs_crumbs_and_pagination_are_navigation_with_a_name() -> None:
    page = shown(
        """{{ ui.crumbs([("/topics", "Themen")], "X") }}{{ ui.tabs("Ansicht", [("/a", "A"), ("/b", "B")], "/b") }}
        {{ ui.pagination("Seiten", "/first", "/next") }}"""
    )
    assert [one["aria-label"] for one in page.of("nav")] == ["Brotkrumen", "Ansicht", "Seiten"]
    assert [one["href"] for one in page.of("a") if one.get("aria-current") == "page"] == ["/b"]
    assert [one["href"] for one in page.of("a") if one.get("rel") == "next"] == ["/next"]
    assert rendered('{{ ui.pagination("Seiten") }}').strip() == ""


def test_a_toast_is_said_aloud_and_icons_are_not() -> None:
    page = shown('{{ ui.toast("Gespeichert <b>") }}{% call ui.note("danger") %}<p>Ach</p>{% endcall %}')
    assert [one["role"] for one in page.of("div") if "role" in one] == ["status"]
    assert all(one["aria-hidden"] == "true" for one in page.of("span") if "kern-icon" in one.get("class", ""))
    assert page.of("b") == []


def test_what_words_say_stands_beside_bars_and_progress() -> None:
    page = shown('{{ ui.progress("p", "Rechnet", 40) }}{{ ui.bar(1, 3) }}')
    assert page.of("label")[0]["for"] == page.of("progress")[0]["id"] == "p"
    assert page.of("svg")[0]["aria-hidden"] == "true"
    assert "33 %" in rendered("{{ ui.bar(1, 3) }}")
