"""The pages of those who look after a state, as a person without script uses them."""

import csv
import re
import uuid
from collections.abc import AsyncIterator
from html import unescape
from io import StringIO

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from services.directory.stateview.coverage import Coverage
from services.directory.stateview.tiles import COLUMNS, SIDE, tiles
from services.kit.db import HUB
from services.kit.service import Hub
from services.kit.sheets.writing import delimited
from tests.browser_like import Browser, account, logged_in
from tests.conftest import Clients
from tests.directory.state_world import BW, DRESDEN, SACHSEN, VILLAGE, build, execute
from tests.directory.test_register import HEILBRONN, KONSTANZ

PAGES = ("", "/municipalities", "/quota", "/stale", "/care", "/mine", "/circulars")
FILES = ("districts", "sizes", "sought", "offered", "ages", "growth", "quota", "mine")


@pytest_asyncio.fixture(scope="module")
async def world(shared: Hub) -> AsyncIterator[Hub]:
    made = Clients(shared, [])
    await build(shared, made)
    yield shared
    for client in made.made:
        await client.close()


@pytest_asyncio.fixture
async def central(world: Hub) -> AsyncIterator[Browser]:
    browser = await logged_in(world, BW, "central")
    yield browser
    await browser.close()


def rows(page: httpx.Response) -> list[list[str]]:
    """The cells of the page's tables, without their markup."""
    found = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", page.text, re.DOTALL)
    return [
        [
            " ".join(unescape(re.sub(r"<[^>]+>", "", cell)).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in found
    ]


async def mails(hub: Hub) -> list[str]:
    async with hub.runtimes["directory"].db.read(HUB) as session:
        return list(await session.scalars(text("SELECT key FROM mail WHERE kind = 'nudge' ORDER BY key")))


async def test_the_state_at_a_glance(world: Hub, central: Browser) -> None:
    assert (await central.http.get("/state")).headers["location"] == "/state/08"
    page = await central.http.get("/state/08")
    assert page.status_code == 200
    assert "Baden-Württemberg auf einen Blick" in page.text
    assert ["Konstanz", "08335", "121", "2", "1 (< 1 %)", "5"] in rows(page)
    assert ["Heilbronn", "08121", "1", "1", "1 (100 %)", "1"] in rows(page)
    assert ["E-Rechnung", "2", "0"] in rows(page)
    assert "Konstanz: von 121 Gemeinden nehmen 2 teil, 1 haben Lotsinnen und Lotsen" in page.text
    assert "/state/08/municipalities?district=08335" in page.text
    assert ["vor 6 bis 12 Monaten", "1 (33 %)", "3"] in rows(page)
    assert "noch keine Regel" in page.text
    for name in PAGES:
        page = await central.http.get(f"/state/08{name}")
        assert page.status_code == 200, name
        inline = re.search(r'<script(?! src="/static/)|style=| on[a-z]+=', page.text)
        assert not inline, "a strict policy would not let it through"


async def test_growth_is_a_chart_and_a_table(world: Hub, central: Browser) -> None:
    assert "<figure" not in (await central.http.get("/state/08")).text, "of one month there is nothing to draw"
    counted = "INSERT INTO daily_count VALUES (current_date - 40, '08', 1, 2, 3)"
    await execute(world, counted)
    page = await central.http.get("/state/08")
    assert len(re.findall(r'<rect class="part" x="', page.text)) == 2
    assert ": 2</title>" in page.text
    await execute(world, "DELETE FROM daily_count WHERE day < current_date")


async def test_who_may_open_which_page(world: Hub) -> None:
    async def statuses(browser: Browser) -> list[int]:
        paths = [*(f"/state/08{name}" for name in PAGES), "/state/08/csv/municipalities", "/state/08/csv/care"]
        return [(await browser.http.get(path)).status_code for path in paths]

    numbers_only = [200, *[403] * 8]
    askers = {
        (KONSTANZ.ags, "coordinator"): numbers_only, (KONSTANZ.ags, "editor"): [403] * 9,
        ("hub", "operator"): [200] * 9,
        (DRESDEN, "coordinator"): [403] * 9, (SACHSEN, "central"): [403] * 9,
    }  # fmt: skip
    for (org, role), expected in askers.items():
        browser = await logged_in(world, org, role)
        assert await statuses(browser) == expected, (org, role)
        await browser.close()
    nobody = Browser(world)
    assert (await nobody.http.get("/state/08")).headers["location"] == "/login?onward=%2Fstate%2F08"
    operator = await logged_in(world, "hub", "operator")
    assert "Sachsen-Anhalt" in (await operator.http.get("/state")).text
    assert (await operator.http.get("/state/99")).status_code == 422
    coordinator = await logged_in(world, KONSTANZ.ags, "coordinator")
    page = await coordinator.http.get("/state/08")
    assert "/state/08/care" not in page.text
    for browser in (nobody, operator, coordinator):
        await browser.close()


async def test_files_for_spreadsheets(world: Hub, central: Browser) -> None:
    answers = {name: await central.http.get(f"/state/08/csv/{name}") for name in FILES}
    assert {answer.headers["content-type"] for answer in answers.values()} == {"text/csv; charset=utf-8"}
    assert len({answer.headers["content-disposition"] for answer in answers.values()}) == len(FILES)
    assert "baden-wuerttemberg-meine-staedte.csv" in answers["mine"].headers["content-disposition"]
    answer = await central.http.get("/state/08/csv/municipalities?which=TAKING_PART")
    read = list(csv.reader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [(row[0], row[1], row[3], row[6]) for row in read[1:]] == [
        ("Dorf 100", VILLAGE, "1000", "0"), ("Heilbronn", HEILBRONN.ags, "128334", "1"),
        ("Konstanz", KONSTANZ.ags, "85859", "5"),
    ]  # fmt: skip
    assert len((await central.http.get("/state/08/csv/municipalities")).content.splitlines()) == 123
    assert (await central.http.get("/state/08/csv/nothing")).status_code == 404
    assert (await central.http.get("/state/08/csv/municipalities?which=x")).status_code == 422


@pytest.mark.parametrize("bad", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_text_becomes_a_formula(bad: str) -> None:
    line = delimited(("A", "B"), [(bad, -1)]).decode("utf-8-sig")
    ((_a, _b), (first, number)) = list(csv.reader(StringIO(line, newline=""), delimiter=";"))
    assert (first, number) == (f"'{bad}", "-1")


async def test_the_list_page_by_page(central: Browser) -> None:
    page = await central.http.get("/state/08/municipalities?by=POPULATION&district=08335")
    assert (len(rows(page)), rows(page)[0][0]) == (100, "Konstanz")
    following = re.search(r'href="([^"]+)" rel="next"', page.text)
    assert following is not None
    page = await central.http.get(following[1].replace("&amp;", "&"))
    assert (len(rows(page)), 'rel="next"' in page.text) == (21, False)


async def test_a_rule_is_looked_at_before_it_is_stored(central: Browser) -> None:
    path = "/state/08/quota"
    page = await central.http.get(path)
    assert "keine amtlichen Zahlen" in page.text
    steps = "50.000 = 2\n100000 = 4"
    page = await central.submit(page, path, steps=steps, do="preview")
    assert page.status_code == 200
    assert rows(page) == [
        ["unter 5.000", "120", "0", "0"], ["20.000 bis 99.999", "1", "0", "2"], ["100.000 bis 499.999", "1", "0", "4"],
        ["Alle", "122", "0", "6"],
    ]  # fmt: skip
    assert "50.000 = 2" in page.text, "what was typed stays"
    assert "keine amtlichen Zahlen" in (await central.http.get(path)).text
    assert (await central.submit(page, path, steps=steps, do="save")).status_code == 303
    page = await central.http.get(path)
    assert ["Alle", "122", "3", "6", "3 (50 %)", "4", "1", "3"] in rows(page)
    for bad in ("5000: 2", "viele = 2", "5000 = -1", "5000 = 1\n5000 = 2", "5000 = ", "5000 = 5000"):
        answer = await central.submit(page, path, steps=bad, do="save")
        assert (answer.status_code, 'id="e-steps"' in answer.text, bad in answer.text) == (422, True, True), bad
    page = await central.http.get(path)
    assert "50000 = 2\n100000 = 4" in page.text


async def test_a_city_is_reminded_once_a_month(world: Hub, central: Browser) -> None:
    path = "/state/08/stale"
    page = await central.http.get(path)
    assert [row[0] for row in rows(page)] == [f"Dorf 100 {VILLAGE}"]
    alone = await central.submit(page, "/state/08/remind", ags=VILLAGE)
    assert (alone.status_code, "keine" in alone.text or "E-Mail" in alone.text) == (409, True)
    for name in ("Toni Beispiel", "Uli Beispiel"):
        await account(world, VILLAGE, "coordinator", email="post@dorf.example", name=name)
    assert (await central.submit(page, "/state/08/remind", ags=VILLAGE)).status_code == 303
    assert [key.rsplit(":", 1)[1] for key in await mails(world)] == ["0", "1"]
    assert "in diesem Monat gesendet" in (await central.http.get(path)).text
    assert (await central.submit(page, "/state/08/remind", ags=VILLAGE)).status_code == 409
    assert len(await mails(world)) == 2
    fresh = await central.submit(page, "/state/08/remind", ags=KONSTANZ.ags)
    assert fresh.status_code == 409
    assert (await central.submit(page, "/state/08/remind", ags=DRESDEN)).status_code == 422
    await execute(world, "UPDATE city SET confirmed_on = current_date WHERE ags = :ags", ags=VILLAGE)
    assert rows(await central.http.get(path)) == []


async def test_giving_municipalities_to_somebody(world: Hub, central: Browser) -> None:
    path = "/state/08/care"
    robin = str(await account(world, BW, "central", name="Robin Muster"))
    page = await central.http.get(path)
    assert "3 Städte nehmen teil" in page.text
    nobody = await central.submit(page, path, account=robin)
    assert (nobody.status_code, 'id="e-ags"' in nobody.text) == (422, True)
    wrong = await central.submit(page, path, account=robin, other=DRESDEN)
    assert (wrong.status_code, f'value="{DRESDEN}"' in wrong.text) == (422, True)
    done = await central.submit(page, path, account=robin, ags=[KONSTANZ.ags, VILLAGE], other="08335101")
    assert done.status_code == 303
    page = await central.http.get(path)
    assert ["Robin Muster", "3", "2", "5"] in rows(page)
    assert "Eine Stadt nimmt teil" in page.text
    other = Browser(world)
    await other.log_in(uuid.UUID(robin))
    mine = rows(await other.http.get("/state/08/mine"))
    await other.close()
    assert [row[0] for row in mine] == ["Dorf 100 Konstanz", "Dorf 101 Konstanz", "Konstanz Konstanz"]
    assert [row[-1] for row in mine][1:] == ["nimmt noch nicht teil", "–"]
    page = await central.http.get(f"{path}?account={robin}")
    assert "Konstanz, Universitätsstadt" in page.text
    await central.submit(page, f"{path}/release", ags=KONSTANZ.ags, account=robin)
    assert ["Robin Muster", "2", "1", "0"] in rows(await central.http.get(path))
    log = (await central.http.get("/audit")).text
    assert "Zuteilung der Gemeinde aufgehoben" in log


def test_a_tile_for_each_municipality() -> None:
    def drawn(path: str) -> int:
        """How many tiles: each is a dash of a line."""
        return sum(int(one.partition("h")[2]) for one in path.split("M")[1:]) // SIDE

    for every, taking, peopled in ((0, 0, 0), (1, 1, 1), (25, 2, 1), (33, 33, 20), (16, 0, 0), (3, 5, 4)):
        row = Coverage("08335", "Konstanz", None, every, taking, peopled, 0, 0, 0)
        made = tiles(row)
        counts = [drawn(path) for path in (made.peopled, made.taking, made.others)]
        assert counts == [peopled, taking - peopled, max(every - taking, 0)]
        assert made.height == SIDE * max(1, -(-max(every, taking) // COLUMNS))
