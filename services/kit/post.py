"""Handing one finished mail over: to the mail server of the settings, or into a folder where they name none.

SMTP knows no transaction: between the server's last answer and our commit a process can die, and the mail is handed
over again. Each try therefore sends the same bytes under the same Message-ID, by which the receiving side can tell.
What a server answers may quote the address, so nothing but its codes leaves this module.
"""

import asyncio
import logging
import os
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP as _SMTP
from email.policy import Policy
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

import idna
import msgspec
from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from services.kit.errors import HubError, Refused, Unavailable
from services.kit.i18n import gettext as _
from services.kit.settings import Settings
from services.kit.text import cleaned, forbidden_character

log = logging.getLogger(__name__)
ANSWER_SECONDS = 20.0
"""How long a mail server may take for one answer,"""
WHOLE_SECONDS = 90.0
"""and for all of them: one that drips must not keep a worker."""
QUIT_SECONDS = 2.0
LONGEST_ADDRESS = 254
LONGEST_LOCAL_PART = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
"""An enhanced status code (RFC 3463) at the start of an answer."""


class _Unfolded(UnstructuredHeader, BaseHeader):
    """A header whose one word is longer than a line should be: encoded words (RFC 2047) would make another of it."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Unfolded)
WIRE = _SMTP.clone(header_factory=_HEADERS)


class Letter(msgspec.Struct, frozen=True):
    """What one person is to read: `subject` is one line, `language` is `de` or `en`.

    `unsubscribe` is an address that ends such mails when it is posted to (RFC 8058); empty where that makes no sense.
    """

    to: str
    subject: str
    text: str
    html: str
    language: str
    unsubscribe: str = ""


@dataclass(frozen=True)
class Server:
    """A mail server. `tls` from the first byte; `starttls`: nothing is told before the line is safe."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: bool = True


@dataclass(frozen=True)
class Folder:
    """Where mails become `.eml` files that only the hub's own user can read."""

    path: Path


def way(settings: Settings) -> Server | Folder:
    """How mails leave this hub. Raises Refused where LOTSENNETZ_SMTP_URL is no address of a mail server."""
    if settings.smtp_url:
        return server(settings.smtp_url)
    return Folder(settings.data / "mails")


def server(url: str) -> Server:
    """`smtp://user:password@host:587` or `smtps://…:465`; STARTTLS is a must unless `host` is this very machine."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        parts = urlsplit("")
        port, host = None, None
    if (
        parts.scheme not in {"smtp", "smtps"}
        or not host
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
    ):
        raise Refused(_("LOTSENNETZ_SMTP_URL is not an address such as smtp://user:password@mail.town.example:587"))
    tls = parts.scheme == "smtps"
    return Server(
        host,
        port or (465 if tls else 587),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        tls,
        starttls=not tls and not _loopback(host),
    )


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_address(value: str) -> str:
    """One mailbox as it stands on the wire: ASCII, the domain in lower case and IDNA 2008, at most 254 characters.

    Raises Refused for anything else, without repeating it. A domain needs a dot: a mail to `root@localhost` would stay
    on the mail server's machine.
    """
    address = _mailbox(value.strip(" "))
    if address is None or "." not in address.rpartition("@")[2]:
        raise Refused(_("This is not an e-mail address. One looks like this: name@town.example"))
    return address


def _mailbox(value: str) -> str | None:
    local, _at, domain = value.rpartition("@")
    if len(value) > LONGEST_ADDRESS or len(local) > LONGEST_LOCAL_PART or not _LOCAL_PART.fullmatch(local):
        return None
    try:
        domain = idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None
    labels = domain.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdecimal():
        return None
    address = f"{local}@{domain}"
    return address if len(address) <= LONGEST_ADDRESS else None


def sender(value: str) -> Address:
    """LOTSENNETZ_MAIL_FROM: `Name <address>` or the address alone. Raises Refused for anything else."""
    name, angle, rest = value.partition("<")
    address = _mailbox(rest.removesuffix(">") if angle and value.endswith(">") else value)
    if address is None or forbidden_character(name) is not None or cleaned(name) != name.strip():
        raise Refused(
            _("LOTSENNETZ_MAIL_FROM is not a sender such as {example}", example="Lotsennetz <hub@town.example>")
        )
    return Address(cleaned(name).strip('"') if angle else "", addr_spec=address)


def message(letter: Letter, id: uuid.UUID, at: datetime, by: Address, *, readable: bool = False) -> EmailMessage:
    """The mail, equal byte for byte whenever it is made of the same values.

    With `readable` the parts stay as they are (8bit), so that a link can be copied from the file; on the wire they are
    seven bits wide and no line is too long for any server.
    """
    mail = EmailMessage(policy=WIRE)
    mail["From"] = by
    mail["To"] = Address(addr_spec=letter.to)
    mail["Subject"] = letter.subject
    mail["Date"] = at
    mail["Message-ID"] = f"<{id.hex}@{by.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange, which many towns run
    if letter.unsubscribe:
        mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    encoding = "8bit" if readable else "quoted-printable"
    mail.set_content(letter.text, cte=encoding)
    mail.add_alternative(letter.html, subtype="html", cte=encoding)
    mail["Content-Language"] = letter.language  # making the parts clears what begins with Content
    mail.set_boundary(f"={id.hex}")
    return mail


async def deliver(by_way: Server | Folder, letter: Letter, id: uuid.UUID, at: datetime, by: Address) -> None:
    """Returns once the mail is in other hands.

    Raises Refused where it is turned down for good (5xx for the recipient or the content) and Unavailable where trying
    again helps, if only after an operator has set the server right: a wrong password is no fault of the mail.
    """
    if isinstance(by_way, Folder):
        content = message(letter, id, at, by, readable=True).as_bytes()
        await asyncio.to_thread(_file, by_way.path, f"{at:%Y%m%d-%H%M%S}-{id.hex}.eml", content)
    else:
        await _hand_over(by_way, by.addr_spec, letter.to, message(letter, id, at, by).as_bytes())


def _file(folder: Path, name: str, content: bytes) -> None:
    """A second try replaces the file of the first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    part = folder / f".{name}.part"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    part.replace(folder / name)


async def _hand_over(to_server: Server, by: str, to: str, content: bytes) -> None:
    client = SMTP(
        hostname=to_server.host,
        port=to_server.port,
        username=to_server.user or None,
        password=to_server.password if to_server.user else None,
        local_hostname=by.rpartition("@")[2],
        use_tls=to_server.tls,
        start_tls=to_server.starttls,
        timeout=ANSWER_SECONDS,
    )
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            await client.connect()
            await client.sendmail(by, [to], content)
    except Exception as problem:  # noqa: BLE001  # whatever it was, its words may hold the address
        raise _outcome(problem) from None
    else:
        with suppress(Exception):  # the mail is theirs already
            async with asyncio.timeout(QUIT_SECONDS):
                await client.quit()
    finally:
        client.close()


def _outcome(problem: Exception) -> HubError:
    """What went wrong, without a word of the server's and without the address."""
    answer = problem
    if isinstance(problem, SMTPRecipientsRefused) and problem.recipients:
        answer = problem.recipients[0]
    if isinstance(answer, SMTPResponseException):
        found = _ENHANCED.match(answer.message)
        code = f"{answer.code} {found[0]}" if found else str(answer.code)
        if answer.code >= 500 and isinstance(answer, (SMTPRecipientRefused, SMTPDataError)):
            return Refused(_("The mail server turns the mail down ({code}).", code=code))
        return Unavailable(_("The mail server does not take the mail now ({code}).", code=code))
    # The library's own words name the server at most: no connection, no STARTTLS, no AUTH, too slow.
    reason = problem.message if isinstance(problem, SMTPException) else type(problem).__name__
    return Unavailable(_("The mail server cannot be used ({reason}). Please check LOTSENNETZ_SMTP_URL.", reason=reason))
