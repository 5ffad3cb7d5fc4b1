"""A folder of subject.txt, body.txt, body.html → a queued mail.

A kind of mail is such a folder of Jinja templates. `send` renders it in the recipient's language and stores it within
the unit of work, sealed: a login link is a secret, an address is personal. A job hands it over; then address, subject
and bodies are deleted, and what stays is which mail it was and what became of it. The same `key` never makes two mails.
"""

import logging
import uuid
from functools import partial
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from joserfc import jwe
from joserfc.jwk import OctKey
from sqlalchemy import Column, DateTime, Index, MetaData, Table, Text, Uuid, cast, select, text, update
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import insert as upsert

from services.kit import i18n, jobs, post
from services.kit.db import HUB, Database, Writer
from services.kit.errors import Refused, Unavailable
from services.kit.i18n import gettext as _
from services.kit.jobs import Every, Job, Queue, Run
from services.kit.log import table
from services.kit.post import Folder, Letter, checked_address
from services.kit.settings import Settings
from services.kit.text import cleaned, forbidden_character

__all__ = ["Outbox", "attach", "checked_address", "send", "take_back"]

log = logging.getLogger(__name__)
FILES = ("subject.txt", "body.txt", "body.html")
TRIES = 300
"""One every five minutes in the end: a mail server may be away for a day."""
LONGEST_KEY = 200
LONGEST_SUBJECT = 200
LONGEST_BODY = 200_000
FORGET_SECONDS = 3600.0


def attach(metadata: MetaData) -> None:
    """Give a service's schema its `mail` table; it needs `jobs.attach` as well."""
    Table(
        "mail",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("key", Text, nullable=False, unique=True),
        Column("kind", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("sealed", Text),
        Column("reason", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=sql.now()),
        Column("finished_at", DateTime(timezone=True)),
        Index("ix_mail_open", "created_at", postgresql_where=text("state = 'queued'")),
    )


class Posting(msgspec.Struct, frozen=True):
    """Which mail a job hands over."""

    mail: str


class Outbox:
    """Where one service's mails wait: its templates, its queue, and the hub's way out.

    Raises Refused where the settings for mail cannot be read, and RuntimeError where a kind lacks one of its files.
    """

    def __init__(self, queue: Queue, folder: Path, settings: Settings) -> None:
        self.queue, self.settings = queue, settings
        self.way, self.sender = post.way(settings), post.sender(settings.mail_from)
        if isinstance(self.way, Folder) and not settings.embedded:
            log.warning("LOTSENNETZ_SMTP_URL is not set: mails of %s stay in %s", queue.metadata.schema, self.way.path)
        self.templates = _templates(folder, settings.issuer)
        self.kinds = {path.name for path in folder.iterdir() if path.is_dir()}
        missing = [f"{kind}/{file}" for kind in self.kinds for file in FILES if not (folder / kind / file).is_file()]
        if missing:
            raise RuntimeError(f"mails without {', '.join(sorted(missing))}")
        self.job = Job("mail", Posting, partial(_hand_over, self), TRIES)
        self.forget = Every(FORGET_SECONDS, partial(_forget, queue.metadata))

    @property
    def key(self) -> OctKey:
        return OctKey.import_key(self.settings.derived("mail"))

    def seal(self, letter: Letter) -> str:
        return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, msgspec.json.encode(letter), self.key)

    def open(self, sealed: str) -> Letter:
        """Raises Unavailable where this process has another secret than the one that sealed it."""
        try:
            return msgspec.json.decode(jwe.decrypt_compact(sealed, self.key).plaintext or b"", type=Letter)
        except Exception:  # noqa: BLE001  # it may hold what was sealed
            raise Unavailable(
                _("The mail cannot be opened: LOTSENNETZ_SECRET is not the one it was sealed with.")
            ) from None


def _templates(folder: Path, hub: str) -> Environment:
    """`_` as on pages; `{% extends "layout.txt" %}` and `"layout.html"` are the kit's; `hub` is its public address."""
    made = Environment(
        loader=FileSystemLoader([folder, Path(__file__).parent / "mails"]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        i18n.gettext, i18n.ngettext, newstyle=True
    )
    made.globals["hub"] = hub
    return made


async def send(
    session: Writer, outbox: Outbox, kind: str, /, *, to: str, language: str, key: str, **values: object
) -> bool:
    """Queue a mail within the unit of work; False, changing nothing, where `key` has made one before.

    `values` fill the templates of `kind`, in `language` (`de` or `en`). The key outlives the mail: it names what the
    mail is about (`login:<id of the attempt>`), never a person. Raises Refused for an address that is none.
    """
    if kind not in outbox.kinds:
        raise ValueError(f"no mail of the kind {kind}")
    if not key or len(key) > LONGEST_KEY or "@" in key:
        raise ValueError("the key of a mail is short and names no address")
    letter = _written(outbox, kind, checked_address(to), language, values)
    rows, id = table(outbox.queue.metadata, "mail"), uuid.uuid4()
    added = await session.execute(
        upsert(rows)
        .values(id=id, key=key, kind=kind, state="queued", sealed=outbox.seal(letter))
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(rows.c.id)
    )
    if added.one_or_none() is None:
        return False
    await jobs.enqueue(session, outbox.queue, outbox.job, Posting(str(id)))
    return True


async def take_back(session: Writer, metadata: MetaData, about: str) -> None:
    """Mails that wait and whose key holds `about` are not sent any more; their contents go."""
    rows = table(metadata, "mail")
    await session.execute(
        update(rows)
        .where(rows.c.sealed.is_not(None), rows.c.key.contains(about))
        .values(state="failed", reason="erased", sealed=None, finished_at=sql.now())
    )


def _written(outbox: Outbox, kind: str, to: str, language: str, values: dict[str, object]) -> Letter:
    """The rendered mail. Whatever the values hold, the subject is one line, and no text reads as another."""
    with i18n.speaking(language):
        spoken = i18n.language()
        subject, plain, html = (
            outbox.templates.get_template(f"{kind}/{file}").render(values, language=spoken) for file in FILES
        )
    if max(len(subject), len(plain), len(html)) > LONGEST_BODY:
        raise Refused(_("The mail is too long."))
    subject = cleaned(_harmless(cleaned(subject))).replace("=?", "= ?")  # or it is read as an encoded word (RFC 2047)
    unsubscribe = str(values.get("unsubscribe", ""))
    return Letter(to, subject[:LONGEST_SUBJECT], _harmless(plain), _harmless(html), spoken, unsubscribe)


def _harmless(value: str) -> str:
    """Without control characters, direction marks and lone surrogates; every line end is one LF."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in value if forbidden_character(character) is None)


async def _hand_over(outbox: Outbox, run: Run, posting: Posting) -> None:
    """One try. The mail's last state commits together with the job's, and its contents go with it."""
    rows, id = table(run.metadata, "mail"), uuid.UUID(posting.mail)
    async with run.db.read(HUB) as session:
        row = (
            await session.execute(
                select(rows.c.kind, rows.c.sealed, rows.c.created_at).where(rows.c.id == id, rows.c.state == "queued")
            )
        ).one_or_none()
    if row is None:
        return
    reason = None
    try:
        await post.deliver(outbox.way, outbox.open(row.sealed), id, row.created_at, outbox.sender)
    except (Refused, Unavailable) as problem:
        if isinstance(problem, Unavailable) and run.tries < TRIES:
            raise
        reason = problem.message
        log.warning("mail %s (%s) is given up: %s", id, row.kind, reason)
    async with run.finish(error=reason) as session:
        await session.execute(
            update(rows)
            .where(rows.c.id == id)
            .values(state="failed" if reason else "sent", reason=reason, sealed=None, finished_at=sql.now())
        )


async def _forget(metadata: MetaData, db: Database) -> None:
    """Delete the contents of mails whose job failed without a word, because each try took its worker down."""
    rows, work = table(metadata, "mail"), table(metadata, "job")
    given_up = (
        select(work.c.error)
        .where(work.c.name == "mail", work.c.state == "failed", work.c.payload["mail"].astext == cast(rows.c.id, Text))
        .limit(1)
    )
    async with db.begin(HUB) as session:
        await session.execute(
            update(rows)
            .where(rows.c.state == "queued", given_up.exists())
            .values(state="failed", reason=given_up.scalar_subquery(), sealed=None, finished_at=sql.now())
        )
