"""Mails by a real mail server on loopback: once, in two languages, without a word of them left behind."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import strawberry
from sqlalchemy import func, select, update

from services.kit import mail, migrations
from services.kit.db import Database
from services.kit.errors import Refused, Unavailable
from services.kit.mail import Outbox, send
from services.kit.rights import public
from services.kit.service import Hub, Service
from services.kit.settings import Settings
from tests.kit import kill_mail
from tests.kit.kill_mail import LINK, MAILS, PASSWORD, POST, ROWS, SECRET, TO, USER, WORK, Postman, serving, working
from tests.kit.kill_zygote import ROOT
from tests.kit.mailing import Office, delivered, discreet, empty, impatient, office, parts, welcome
from tests.waiting import eventually

__all__ = ["discreet", "empty", "impatient", "office"]


# What people read -----------------------------------------------------------------------------------------------------


async def test_a_mail_arrives_in_german_with_both_bodies(office: Office) -> None:
    async with serving(Postman()) as postman:
        outbox = office.to(postman, mail_from="Städtenetz Süd <hub@gießen.example>", public_url="https://hub.example")
        assert await welcome(outbox, name="Erika <b> & Söhne")
        await delivered(outbox, ("login:1", "sent", None))
    [got] = postman.mails()
    assert got["Subject"] == "Diese Veranstaltung gibt es nicht. Erika <b> & Söhne"
    assert (got["From"], got["To"]) == ("Städtenetz Süd <hub@xn--gieen-nqa.example>", TO)
    assert (got["Auto-Submitted"], got["Content-Language"]) == ("auto-generated", "de")
    assert got["Message-ID"].endswith("@xn--gieen-nqa.example>")
    assert abs(got["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=5)
    text, html = parts(got)
    assert text.splitlines()[:2] == ["Erika <b> & Söhne:", LINK]
    assert text.splitlines()[-3:] == [
        "-- ", "Diese Mail hat das Lotsennetz selbst geschrieben. Antworten liest niemand.", "https://hub.example",
    ]  # fmt: skip
    assert '<html lang="de">' in html
    assert "<p>Erika &lt;b&gt; &amp; Söhne: " in html
    assert f'<a href="{LINK.replace("&", "&amp;")}">' in html
    assert postman.got[0].isascii()


async def test_a_mail_in_english(office: Office) -> None:
    async with serving(Postman()) as postman:
        outbox = office.to(postman)
        await welcome(outbox, language="en")
        await delivered(outbox, ("login:1", "sent", None))
    [got] = postman.mails()
    assert (got["Subject"], got["Content-Language"]) == ("There is no such event. Erika", "en")
    text, html = parts(got)
    assert "Nobody reads answers to it." in text
    assert '<html lang="en">' in html


async def test_without_a_mail_server_mails_are_files_for_the_hub_alone(office: Office, tmp_path: Path) -> None:
    outbox = office(data=tmp_path)
    await welcome(outbox)
    await delivered(outbox, ("login:1", "sent", None))
    [file] = (tmp_path / "mails").iterdir()
    assert file.suffix == ".eml"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert f"\n{LINK}\r\n".encode() in file.read_bytes()  # to be copied as it stands
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["To"] == TO


async def test_a_template_that_lacks_a_value_is_noticed_when_it_is_sent(office: Office, tmp_path: Path) -> None:
    outbox = office(data=tmp_path)
    with pytest.raises(Exception, match="'name' is undefined"):
        async with outbox.queue.db.begin() as session:
            await send(session, outbox, "welcome", to=TO, language="de", key="login:1", link=LINK)
    with pytest.raises(ValueError, match="no mail of the kind"):
        async with outbox.queue.db.begin() as session:
            await send(session, outbox, "../welcome", to=TO, language="de", key="login:1")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "body.txt").touch()
    with pytest.raises(RuntimeError, match=r"half/body\.html, half/subject\.txt"):
        Outbox(outbox.queue, tmp_path, outbox.settings)


# What stays -----------------------------------------------------------------------------------------------------------


async def test_nothing_of_a_mail_is_readable_while_it_waits_and_nothing_is_there_afterwards(
    office: Office, tmp_path: Path
) -> None:
    outbox = office(data=tmp_path)
    await welcome(outbox)
    async with outbox.queue.db.read() as session:
        waits = (await session.execute(select(ROWS))).one()
        job = (await session.execute(select(WORK))).one()
    assert "erika" not in f"{waits} {job}".casefold()
    assert job.payload == {"mail": str(waits.id)}
    with pytest.raises(Unavailable, match="LOTSENNETZ_SECRET"):
        kill_mail.outbox(office.url, office.redis, Settings(secret="another", data=tmp_path)).open(waits.sealed)
    await delivered(outbox, ("login:1", "sent", None))
    async with outbox.queue.db.read() as session:
        sent = (await session.execute(select(ROWS))).one()
    assert (sent.sealed, sent.reason, sent.kind, sent.key) == (None, None, "welcome", "login:1")
    assert sent.created_at < sent.finished_at


async def test_a_mail_of_a_failed_unit_of_work_never_was(office: Office, tmp_path: Path) -> None:
    outbox = office(data=tmp_path)
    with pytest.raises(ZeroDivisionError):
        async with outbox.queue.db.begin() as session:
            await send(session, outbox, "welcome", to=TO, language="de", key="login:1", name="Erika", link=LINK)
            raise ZeroDivisionError
    assert await kill_mail.states(outbox) == []
    assert await welcome(outbox)


async def test_one_key_makes_one_mail_whoever_asks_at_once(office: Office) -> None:
    async with serving(Postman()) as postman:
        outbox = office.to(postman)
        assert sorted(await asyncio.gather(*(welcome(outbox) for _ in range(5)))) == [False] * 4 + [True]
        assert await welcome(outbox, key="login:2")
        await delivered(outbox, ("login:1", "sent", None), ("login:2", "sent", None))
        assert not await welcome(outbox)  # nor later
        async with outbox.queue.db.read() as session:
            assert await session.scalar(select(func.count()).select_from(WORK)) == 2
    assert len(postman.got) == 2


@pytest.mark.parametrize("key", ["", "login:erika@stadt.example", "x" * 201])
async def test_a_key_outlives_the_mail_and_names_no_address(office: Office, tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="key of a mail"):
        await welcome(office(data=tmp_path), key=key)


# What goes wrong ------------------------------------------------------------------------------------------------------


async def test_a_mail_server_that_is_busy_is_asked_again(office: Office) -> None:
    async with serving(Postman(answers=[f"451 4.3.2 <{TO}> later, please"])) as postman:
        outbox = office.to(postman)
        await welcome(outbox)
        await delivered(outbox, ("login:1", "sent", None))
        async with outbox.queue.db.read() as session:
            job = (await session.execute(select(WORK))).one()
    assert (job.state, job.tries, len(postman.got)) == ("done", 2, 1)
    assert job.error == "Der Mailserver nimmt die Mail gerade nicht an (451 4.3.2)."


@pytest.mark.parametrize(
    ("postman", "code"),
    [
        (Postman(refuses=f"550 5.1.1 <{TO}>: Recipient address rejected: User unknown"), "550 5.1.1"),
        (Postman(refuses=f"550 {TO} is unknown"), "550"),
        (Postman(answers=["554 5.7.1 Spam"]), "554 5.7.1"),
    ],
    ids=["recipient", "without enhanced code", "content"],
)
async def test_a_mail_that_is_turned_down_is_given_up_and_its_contents_are_gone(
    office: Office, postman: Postman, code: str
) -> None:
    reason = f"Der Mailserver lehnt die Mail ab ({code})."
    async with serving(postman):
        outbox = office.to(postman)
        await welcome(outbox)
        await delivered(outbox, ("login:1", "failed", reason))
        async with outbox.queue.db.read() as session:
            row, job = (await session.execute(select(ROWS))).one(), (await session.execute(select(WORK))).one()
    assert row.sealed is None
    assert (job.state, job.tries, job.error) == ("failed", 1, reason)
    assert len(postman.asked) == 1


async def test_a_mail_server_that_is_dead_gets_the_mail_when_it_lives_again(office: Office) -> None:
    async with serving(Postman()) as postman:
        outbox = office.to(postman)
    await welcome(outbox)

    async def tried() -> bool:
        async with outbox.queue.db.read() as session:
            return await session.scalar(select(WORK.c.error)) is not None

    async with working(outbox):
        await eventually(tried)
    assert await kill_mail.states(outbox) == [("login:1", "queued", None)]
    async with serving(postman):
        await delivered(outbox, ("login:1", "sent", None))
    assert len(postman.got) == 1


async def test_a_server_on_this_machine_needs_no_starttls(office: Office) -> None:
    async with serving(Postman(), login=True) as postman:
        outbox = office(smtp_url=f"smtp://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:{postman.port}")
        await welcome(outbox)
        await delivered(outbox, ("login:1", "sent", None))
    assert set(postman.logins) == {USER.encode()}


async def test_the_last_try_gives_up_and_says_why(office: Office) -> None:
    async with serving(Postman(refuses="450 4.2.0 Greylisted")) as postman:
        outbox = office.to(postman)
        await welcome(outbox)
        async with outbox.queue.db.begin() as session:
            await session.execute(update(WORK).values(tries=mail.TRIES - 1))
        await delivered(outbox, ("login:1", "failed", "Der Mailserver nimmt die Mail gerade nicht an (450 4.2.0)."))


async def test_a_mail_whose_job_failed_without_a_word_is_forgotten(office: Office, tmp_path: Path) -> None:
    outbox = office(data=tmp_path)
    await welcome(outbox)
    await outbox.forget.work(outbox.queue.db)
    assert await kill_mail.states(outbox) == [("login:1", "queued", None)]
    async with outbox.queue.db.begin() as writer:
        await writer.execute(update(WORK).values(tries=mail.TRIES))  # each took its worker down
    async with working(outbox):

        async def forgotten() -> bool:
            await outbox.forget.work(outbox.queue.db)
            return await kill_mail.states(outbox) == [("login:1", "failed", "RuntimeError")]

        await eventually(forgotten)
    async with outbox.queue.db.read() as session:
        assert await session.scalar(select(ROWS.c.sealed)) is None


async def test_a_worker_killed_between_the_server_and_the_commit_sends_the_same_bytes_again(office: Office) -> None:
    """SMTP has no transaction: the mail arrives twice, and its Message-ID says so. The hub has sent one."""
    async with serving(Postman()) as postman:
        outbox = office.to(postman)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.kit.kill_mail", office.url, office.redis, outbox.settings.smtp_url, cwd=ROOT
        )

        async def kill() -> None:
            postman.took = None
            process.kill()
            await process.wait()

        postman.took = kill
        await welcome(outbox)
        await eventually(lambda: _true(process.returncode is not None))
        assert await kill_mail.states(outbox) == [("login:1", "queued", None)]
        await delivered(outbox, ("login:1", "sent", None))
    first, second = postman.got
    assert first == second
    assert len({got["Message-ID"] for got in postman.mails()}) == 1


async def _true(value: bool) -> bool:
    return value


# Attacks --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Erika\r\nBcc: max@stadt.example", "Erika\nBcc: max@stadt.example", "Erika\r\rBcc: max@stadt.example",
        "Erika\u2028Bcc: max@stadt.example", "Erika\x85Bcc: max@stadt.example",
        "Erika\x0b\x0c\x1eBcc: max@stadt.example",
        "Erika\r\n\r\nBcc: max@stadt.example", "Erika\0 Bcc: max@stadt.example",
        "Erika \u202e\u2066Bcc: max@stadt.example",
        "Erika\udc80 Bcc: max@stadt.example", "Erika " + "Bcc: max@stadt.example " * 100,
        "Erika =?utf-8?q?=0D=0ABcc:_max=40stadt.example?=",
    ],
)  # fmt: skip
async def test_a_name_injects_nothing(office: Office, name: str) -> None:
    async with serving(Postman()) as postman:
        outbox = office.to(postman)
        await welcome(outbox, name=name)
        await delivered(outbox, ("login:1", "sent", None))
    [got] = postman.mails()
    assert sorted(got.keys()) == [
        "Auto-Submitted", "Content-Language", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject",
        "To", "X-Auto-Response-Suppress",
    ]  # fmt: skip
    assert got["To"] == TO
    assert "Bcc:" in got["Subject"]
    text, html = parts(got)
    for character in "\0\r\u202e\u2066\udc80\x85\x0b":
        assert character not in got["Subject"] + text + html
    assert len(got["Subject"]) <= mail.LONGEST_SUBJECT


async def test_a_line_that_is_a_dot_does_not_end_the_mail(office: Office) -> None:
    async with serving(Postman()) as postman:
        outbox = office.to(postman)
        await welcome(outbox, name="Erika\r\n.\r\nMAIL FROM:<x@y.example>")
        await delivered(outbox, ("login:1", "sent", None))
    [got] = postman.mails()
    assert "Erika\n.\nMAIL FROM:<x@y.example>:" in parts(got)[0]
    assert len(postman.asked) == 1


async def test_a_mail_to_no_address_or_without_end_is_refused(office: Office, tmp_path: Path) -> None:
    outbox = office(data=tmp_path)
    with pytest.raises(Refused):
        await welcome(outbox, to="erika@stadt.example\r\nBcc: max@stadt.example")
    with pytest.raises(Refused):
        await welcome(outbox, name="x" * mail.LONGEST_BODY)
    assert await kill_mail.states(outbox) == []


# In the hub -----------------------------------------------------------------------------------------------------------


@strawberry.type
class Query:
    ready: bool = True


@asynccontextmanager
async def _migrated(url: str, redis: str, folder: Path) -> AsyncIterator[Callable[[Settings], Hub]]:
    """The toy as a service whose first migration is written from its models."""
    folder.mkdir()
    owner = Database(url, None, pool=1)
    await migrations.upgrade(owner, "post", POST, folder)
    await migrations.revise(owner, "post", POST, folder, "first tables")
    await migrations.upgrade(owner, "post", POST, folder)
    assert await migrations.differences(owner, "post", POST, folder) == []
    await owner.close()
    schema = strawberry.federation.Schema(Query)
    service = Service(name="post", metadata=POST, migrations=folder, schema=schema, rights=public("Query"), mails=MAILS)
    hubs: list[Hub] = []

    def made(settings: Settings) -> Hub:
        hubs.append(Hub(replace(settings, database_url=url, redis_url=redis, secret=SECRET), [service]))
        return hubs[-1]

    yield made
    for hub in hubs:
        await hub.stop()


async def test_a_service_that_names_its_folder_sends_mails(servers: Any, empty: str, tmp_path: Path) -> None:
    async with _migrated(empty, servers.redis, tmp_path / "migrations") as made:
        hub = made(Settings(data=tmp_path))
        await hub.start()
        outbox = hub.runtimes["post"].outbox
        await welcome(outbox)
        await eventually(lambda: _is_sent(outbox))
        assert len(list((tmp_path / "mails").iterdir())) == 1
        with pytest.raises(Refused, match="LOTSENNETZ_SMTP_URL"):
            made(Settings(smtp_url="mail.stadt.example"))


async def _is_sent(outbox: Outbox) -> bool:
    return await kill_mail.states(outbox) == [("login:1", "sent", None)]
