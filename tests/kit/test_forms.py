"""Forms: read into structs, told field by field what is wrong, and refused from everywhere but their own page."""

import re
from collections.abc import AsyncIterator
from datetime import date
from types import SimpleNamespace
from typing import Annotated, Any, Literal, cast

import httpx
import msgspec
import pytest
import pytest_asyncio
from jinja2 import ChoiceLoader, DictLoader
from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException

from services.kit import forms, pages
from services.kit.auth import ANONYMOUS, Principal
from services.kit.errors import HubError, Refused
from services.kit.settings import Settings
from services.kit.web import _problem, static

ISSUER = "https://hub.example"
FORM = {"content-type": "application/x-www-form-urlencoded"}
BROWSER, FLASH = "__Host-lotsennetz-browser", "__Host-lotsennetz-said"
READ: list["Entry"] = []


class Entry(msgspec.Struct, frozen=True):
    name: Annotated[str, msgspec.Meta(max_length=10)]
    kind: Literal["trip", "day"] = "trip"
    seats: Annotated[int, msgspec.Meta(ge=1, le=30)] | None = None
    open: bool = False
    topics: list[str] = []
    note: str = ""
    day: date | None = None


@get("/form", page=True)
async def shown(request: Request[Any, Any, Any]) -> Response[str]:
    return await _form(request, forms.EMPTY, 200)


async def _form(request: Request[Any, Any, Any], form: forms.Form, status: int) -> Response[str]:
    return await pages.page(request, "toy.html", status=status, shown=form)


@post("/form", page=True)
async def sent(request: Request[Any, Any, Any]) -> Response[Any]:
    try:
        READ.append(await forms.read(request, Entry))
    except Refused as problem:
        return await _form(request, forms.again(request, problem), problem.status)
    return pages.redirect(request, "/form", flash="Getan <b>")


@get("/mine", page=True)
async def mine(request: Request[Any, Any, Any]) -> Response[str]:
    await forms.person(request)
    return await _form(request, forms.EMPTY, 200)


TOY = """{% extends "base.html" %}{% import "forms.html" as forms with context %}{% block content %}
{{ forms.summary(shown) }}{% call forms.form("/form", id="toy") %}
{{ forms.field(shown, "name", "Name", hint="Ein Hinweis") }}
{{ forms.choices(shown, "kind", "Art", [("trip", "Reise"), ("day", "Tag", "mit Tischen")], value="trip") }}
{{ forms.field(shown, "seats", "Plätze", inputmode="numeric", required=false) }}
{{ forms.checkbox(shown, "open", "Offen") }}
{{ forms.choices(shown, "topics", "Themen", [("a", "A"), ("b", "B")], kind="checkbox", value=[], required=false) }}
{{ forms.select(shown, "unused", "Liste", [("x", "X")], nothing="Bitte wählen", required=false) }}
{{ forms.text(shown, "note", "Notiz", required=false) }}{{ forms.date(shown, "day", "Tag", required=false) }}
{{ forms.button("Senden") }}{% endcall %}{% endblock %}"""


@pytest_asyncio.fixture
async def http(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A page with a form behind https; a cookie `who` stands for a session."""

    async def asking(request: Request[Any, Any, Any]) -> Principal:
        session = request.cookies.get("who", "")
        return Principal(subject="somebody", session=session) if session else ANONYMOUS

    assert pages.templates.loader is not None
    with_toy = ChoiceLoader([DictLoader({"toy.html": TOY}), pages.templates.loader])
    monkeypatch.setattr(pages.templates, "loader", with_toy)
    app = Litestar([shown, sent, mine, static], openapi_config=None)
    settings = Settings(secret="not a secret: tests only", public_url=ISSUER)
    app.state.hub = SimpleNamespace(settings=settings, asking=asking, services=[])
    app.exception_handlers.update({HubError: _problem, HTTPException: _problem})
    READ.clear()
    transport = httpx.ASGITransport(cast("Any", app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER, headers={"accept": "text/html"}) as client:
        yield client


async def token(http: httpx.AsyncClient) -> str:
    (found,) = re.findall(r'id="toy".*?name="csrf" value="([^"]+)"', (await http.get("/form")).text, re.DOTALL)
    return str(found)


async def send(http: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:
    kept = {**FORM, "origin": ISSUER, "sec-fetch-site": "same-origin", **headers}
    return await http.request(
        "POST", "/form", headers=kept, **({"data": body} if isinstance(body, dict) else {"content": body})
    )


async def test_a_form_becomes_a_struct(http: httpx.AsyncClient) -> None:
    csrf = await token(http)
    answer = await send(http, {"csrf": csrf, "name": " Erika ", "kind": "day", "seats": "7", "open": "true",
                               "topics": ["a", "b"], "note": "eins\r\nzwei", "button": "x"})  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/form")
    await send(http, {"csrf": csrf, "name": "Max", "seats": "", "note": ""})
    assert [
        Entry(name="Erika", kind="day", seats=7, open=True, topics=["a", "b"], note="eins\nzwei"),
        Entry(name="Max"),
    ] == READ


async def test_a_day_is_read_from_three_fields(http: httpx.AsyncClient) -> None:
    csrf = await token(http)
    fields = ("day-day", "day-month", "day-year")
    apart = [
        dict(zip(fields, parts, strict=True)) for parts in (("24", "12", "2026"), ("4", "3", "2026"), ("", "", ""))
    ]
    for written in ({"day": "2026-12-24"}, *apart):
        assert (await send(http, {"csrf": csrf, "name": "a", **written})).status_code == 303
    assert [entry.day for entry in READ] == [date(2026, 12, 24), date(2026, 12, 24), date(2026, 3, 4), None]


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": ""}, "name", "Bitte füllen Sie dieses Feld aus."),
        ({"name": "   "}, "name", "Bitte füllen Sie dieses Feld aus."),
        ({}, "name", "Bitte füllen Sie dieses Feld aus."),
        ({"name": "x" * 11}, "name", "11 Zeichen sind zu viele; möglich sind höchstens 10."),
        ({"name": "a\u202eb"}, "name", "U+202E"),
        ({"name": "a\0b"}, "name", "U+0000"),
        ({"name": ["a", "b"]}, "name", "Das wurde doppelt gesendet."),
        ({"name": "a", "kind": "x"}, "kind", "Bitte wählen Sie etwas aus der Liste."),
        ({"name": "a", "seats": "viele"}, "seats", "von 1 bis 30"),
        ({"name": "a", "seats": "31"}, "seats", "von 1 bis 30"),
        ({"name": "a", "seats": "9" * 5_000}, "seats", "von 1 bis 30"),
        ({"name": "a", "open": "perhaps"}, "open", "nicht die Form"),
        ({"name": "a", "day-day": "31", "day-month": "2", "day-year": "2026"}, "day", "Tag, Monat und Jahr"),
        ({"name": "a", "day-day": "24"}, "day", "Tag, Monat und Jahr"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    http: httpx.AsyncClient, values: dict[str, Any], field: str, words: str
) -> None:
    answer = await send(http, {"csrf": await token(http), "note": "bleibt <da>", **values})
    assert answer.status_code == 422
    page = answer.text
    assert words in page
    assert re.search(rf'id="e-{field}"', page)
    assert re.search(rf'aria-describedby="[^"]*e-{field}"[^>]* aria-invalid="true"', page)
    assert f'<a href="#f-{field}">' in page  # the summary leads to the field
    assert f'id="f-{field}"' in page
    assert "bleibt &lt;da&gt;" in page
    assert READ == []


async def test_every_field_that_is_wrong_is_named_at_once(http: httpx.AsyncClient) -> None:
    page = (await send(http, {"csrf": await token(http), "kind": "x", "seats": "x"})).text
    assert re.findall('<a href="#f-([a-z]+)">', page) == ["name", "kind", "seats"]


async def test_what_is_chosen_stays_chosen(http: httpx.AsyncClient) -> None:
    page = (await http.get("/form")).text
    assert re.findall(r'value="([a-z]+)" checked', page) == ["trip"]
    answer = await send(http, {"csrf": await token(http), "kind": "day", "topics": ["b"], "open": "true"})
    assert re.findall(r'value="([a-z]+)" checked', answer.text) == ["day", "true", "b"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://hub.example"},
        {"origin": "https://hub.example:444"},
        {"origin": "https://hub.example.evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_form_from_another_site_is_refused(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await send(http, {"csrf": await token(http), "name": "Erika"}, **headers)
    assert (answer.status_code, READ) == (403, [])
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_form_needs_the_token_of_its_own_browser(http: httpx.AsyncClient) -> None:
    foreign = await token(http)
    http.cookies.clear()
    own = await token(http)
    salt, seal = own.split(".")
    for given in (
        None,
        "",
        ".",
        "x",
        foreign,
        salt,
        f"{salt}.",
        f"{salt}x.{seal}",
        f"{own}0",
        own.upper(),
        "ä.ö",
        "😀",
    ):
        values = {"name": "Erika"} if given is None else {"csrf": given, "name": "Erika"}
        assert (await send(http, values)).status_code == 403
    assert (await send(http, {"csrf": [own, own], "name": "Erika"})).status_code == 403
    assert READ == []
    assert (await send(http, {"csrf": own, "name": "Erika"})).status_code == 303


async def test_a_token_counts_for_one_session(http: httpx.AsyncClient) -> None:
    anonymous = await token(http)
    http.cookies.set("who", "one")
    first = await token(http)
    http.cookies.delete("who")
    assert (await send(http, {"csrf": first, "name": "Erika"})).status_code == 403
    http.cookies.set("who", "two")
    for foreign in (anonymous, first):
        assert (await send(http, {"csrf": foreign, "name": "Erika"})).status_code == 403
    assert (await send(http, {"csrf": await token(http), "name": "Erika"})).status_code == 303


async def test_without_the_cookie_no_token_counts(http: httpx.AsyncClient) -> None:
    csrf = await token(http)
    http.cookies.clear()
    assert (await send(http, {"csrf": csrf, "name": "Erika"})).status_code == 403
    for value in ("", "x", "x" * 43 + "y", "ü" * 43):
        headers = {"cookie": f"{BROWSER}={value}".encode()}
        answer = await http.post("/form", data={"csrf": csrf, "name": "E"}, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", "application/x-www-form", ""]
)
async def test_only_forms_are_read(http: httpx.AsyncClient, content_type: str) -> None:
    csrf = await token(http)
    answer = await send(http, f"csrf={csrf}&name=Erika".encode(), **{"content-type": content_type})
    assert (answer.status_code, READ) == (415, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 30_000, 413),
        (b"&".join(b"a=1" for _turn in range(300)), 422),
        (b"name=%ff", 422),
        (b"name=\xff", 422),
        (b"", 403),
        (b"&&&=&=", 403),
    ],
)
async def test_what_is_no_form_is_refused(http: httpx.AsyncClient, body: bytes, status: int) -> None:
    await token(http)
    assert (await send(http, body)).status_code == status
    assert READ == []


async def test_a_form_is_not_sent_by_a_link(http: httpx.AsyncClient) -> None:
    csrf = await token(http)
    assert (await http.get("/form", params={"csrf": csrf, "name": "Erika"})).status_code == 200
    assert (await http.request("HEAD", "/form")).status_code in {200, 405}
    assert READ == []


async def test_cookies_and_pages_are_guarded(http: httpx.AsyncClient) -> None:
    answer = await http.get("/form")
    (cookie,) = answer.headers.get_list("set-cookie")
    name, _equals, rest = cookie.partition("=")
    parts = {part.strip().lower() for part in rest.split(";")[1:]}
    assert (name, parts) == (BROWSER, {"httponly", "path=/", "samesite=lax", "secure"})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    policy = answer.headers["content-security-policy"]
    assert policy == f"{pages.POLICY}; form-action 'self'"
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert re.findall(r'<script(?! src="/static/)', answer.text) == []
    assert " on" not in re.sub(r"<[^>]*>", lambda tag: re.sub(r'"[^"]*"', "", tag[0]), answer.text).replace(" on ", "")
    assert answer.headers.get_list("set-cookie") != (await http.get("/form")).headers.get_list("set-cookie") == []


async def test_a_message_is_said_once_and_only_by_us(http: httpx.AsyncClient) -> None:
    await send(http, {"csrf": await token(http), "name": "Erika"})
    assert "Getan &lt;b&gt;" in (await http.get("/form")).text
    assert "Getan" not in (await http.get("/form")).text
    for forged in ("x", ".", "x.R2V0YW4=", "a.b.c", "ä"):
        page = await http.get("/form", headers={"cookie": f"{FLASH}={forged}".encode()})  # type: ignore[arg-type]
        assert (page.status_code, 'role="status"' in page.text) == (200, False)


async def test_errors_on_pages_are_pages(http: httpx.AsyncClient) -> None:
    assert (await http.get("/static/nothing.css")).headers["content-type"] == "application/problem+json"
    answer = await http.get("/nothing")
    assert "Hier ist nichts" in answer.text
    assert (await http.get("/nothing", headers={"accept": "application/json"})).json()["status"] == 404
    answer = await http.get("/mine?a=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?onward=%2Fmine%3Fa%3D1")
    assert (await http.get("/mine", headers={"accept": "*/*"})).status_code == 401
    http.cookies.set("who", "one")
    answer = await http.get("/mine")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "Abmelden" in answer.text


LOCAL = ["/", "/a", "/a/b?c=d&e=%20#f", "/.//evil.example", "/a//b", "/~a"]
FOREIGN = [
    "",
    "a",
    "//a",
    "/\\a",
    "\\a",
    "///a",
    "http://a",
    "/a\\b",
    "/a b",
    "/a\n",
    "\n/a",
    "/\t/a",
    "/ä",
    "/\0",
    "/" + "a" * 1001,
]


def test_only_paths_of_this_hub_are_local() -> None:
    assert [path for path in LOCAL if forms.local_path(path, "no") != path] == []
    assert [path for path in FOREIGN if forms.local_path(path, "no") != "no"] == []
