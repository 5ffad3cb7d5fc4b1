"""The guarded client asks: names and their numbers, redirects, cookies."""

import asyncio
from collections.abc import Sequence

import pytest

from services.kit.addresses import permitted
from services.kit.errors import Refused, Unavailable
from services.kit.fetch import Fetcher
from tests.kit.fetch.world import PUBLIC, Server, fetching, moved, said


async def test_an_answer(server: Server, fetcher: Fetcher) -> None:
    server.pages["/a?b=c"] = said(b"hello", "404 Not Found", "X-Name: value")
    answer = await fetcher.get(f"{server.url}/a?b=c", accept="application/json")
    assert (answer.status, answer.body, answer.url) == (404, b"hello", f"{server.url}/a?b=c")
    assert answer.headers["x-name"] == "value"
    head = server.heads[0].lower()
    assert f"host: 127.0.0.1:{server.port}\r\n" in head
    assert "accept: application/json\r\n" in head
    assert "accept-encoding: identity\r\n" in head


async def test_the_name_is_asked_once_and_the_checked_number_called(server: Server) -> None:
    server.pages["/"] = said()
    async with fetching(["127.0.0.1"], ["10.0.0.1"]) as (fetcher, asked):
        url = f"http://rebinding.example:{server.port}/"
        assert (await fetcher.get(url)).body == b"hello"
        assert asked == ["rebinding.example"]
        assert f"host: rebinding.example:{server.port}" in server.heads[0].lower()
        with pytest.raises(Refused):  # the next call is a new one, checked again
            await fetcher.get(url)
    assert server.connections == 1


@pytest.mark.parametrize(
    "addresses",
    [
        [PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [PUBLIC] * 50 + ["10.0.0.1"], ["::ffff:127.0.0.1"], ["::1"],
        ["169.254.169.254"], ["fe80::1%1"], ["64:ff9b::7f00:1"], ["2606:2800:220:1::1", "fd00::1"], ["no address"],
    ],
)  # fmt: skip
async def test_one_private_number_among_others_is_enough(addresses: list[str]) -> None:
    async with fetching(addresses, local=False) as (fetcher, asked):
        with pytest.raises(Refused, match=r"^login\.stadt\.example "):
            await fetcher.get("https://login.stadt.example/")
        assert asked == ["login.stadt.example"]


async def test_the_system_does_not_find_another_way_to_this_machine(server: Server) -> None:
    server.pages["/"] = said()
    async with fetching(local=False) as (fetcher, _asked):
        # Each goes past the text's check, straight to the resolver of the system.
        for host in ("127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "localhost", "::1"):
            numbers = await fetcher._look_up(host)
            assert numbers
            assert not any(permitted(number) for number in numbers)


async def test_the_next_number_is_tried_when_one_is_silent(server: Server) -> None:
    server.pages["/"] = said()
    async with fetching(["127.0.0.9", "127.0.0.1"]) as (fetcher, _asked):
        assert (await fetcher.get(f"http://two.example:{server.port}/")).body == b"hello"


async def test_a_name_without_numbers() -> None:
    async with fetching([]) as (fetcher, _asked):
        with pytest.raises(Unavailable):
            await fetcher.get("http://nobody.example/")
    async with fetching() as (fetcher, _asked):
        with pytest.raises(Unavailable):
            await fetcher.get("https://nobody.invalid-name.example/", seconds=5)


async def test_a_name_that_takes_for_ever() -> None:
    async def resolve(host: str) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    fetcher = Fetcher(resolve=resolve)
    with pytest.raises(Unavailable):
        await fetcher.get("https://slow.example/", seconds=0.2)
    await fetcher.close()


async def test_redirects_are_followed(server: Server, fetcher: Fetcher) -> None:
    server.pages |= {"/a": moved("b"), "/b": moved(f"//localhost:{server.port}/c#part"), "/c": said()}
    answer = await fetcher.get(f"{server.url}/a", headers={"Authorization": "Bearer a"})
    assert (answer.body, answer.url) == (b"hello", f"http://localhost:{server.port}/c")
    assert ["authorization" in head.lower() for head in server.heads] == [True, True, False]


async def test_credentials_do_not_come_back(server: Server, fetcher: Fetcher) -> None:
    server.pages |= {"/a": moved(f"http://localhost:{server.port}/b"), "/b": moved(f"{server.url}/c"), "/c": said()}
    await fetcher.get(f"{server.url}/a", headers={"Authorization": "Bearer a"})
    assert ["authorization" in head.lower() for head in server.heads] == [True, False, False]


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "//10.0.0.1/", "http://[fe80::1]/",
        "http://[::ffff:10.0.0.1]/", "http://2130706433/", "http://0/", "ftp://127.0.0.1/", "file:///etc/passwd",
        "javascript:alert(1)", "gopher://127.0.0.1/", "http://a@127.0.0.1/", "http://127.0.0.1\\@x/", "http://[",
        "http://printer.local/", "http://" + "a" * 5_000, "data:,x", "http://x:99999999/",
    ],
)  # fmt: skip
async def test_a_redirect_leads_nowhere_else(server: Server, fetcher: Fetcher, location: str) -> None:
    server.pages["/"] = moved(location)
    with pytest.raises(Refused):
        await fetcher.get(f"{server.url}/")
    assert server.connections == 1


async def test_a_redirect_to_a_name_that_turned_private(server: Server) -> None:
    server.pages["/"] = moved("/again")
    async with fetching(["127.0.0.1"], ["192.168.1.1"]) as (fetcher, asked):
        with pytest.raises(Refused):
            await fetcher.get(f"http://rebinding.example:{server.port}/")
        assert len(asked) == 2


async def test_redirects_end(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = moved("/")
    with pytest.raises(Refused):
        await fetcher.get(f"{server.url}/")
    assert server.connections == 4
    with pytest.raises(Refused):
        await fetcher.get(f"{server.url}/", redirects=0)
    assert server.connections == 5


async def test_cookies_are_not_kept(server: Server, fetcher: Fetcher) -> None:
    server.pages |= {"/": said(b"", "302 Found", "location: /b", "set-cookie: a=b"), "/b": said()}
    await fetcher.get(f"{server.url}/")
    assert "cookie" not in server.heads[1].lower()
