"""What an operator can set, read from the environment once, at the edge."""

import hashlib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from services.kit.allowed import DEFAULT, Classes, Limits, classes
from services.kit.documents import POLICIES, Documents, Policy, load
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.logs import Format

if TYPE_CHECKING:
    from services.kit.auth import Principal

MOST_RATES = 1000
MOST_CORES = 1000
NAMES = ("directory", "matching", "events")
Introspection = Literal["everybody", "types", "known", "nobody"]


@dataclass(frozen=True)
class Settings:
    """One process's settings. `urls` names where the services of a split hub answer, by service name."""

    data: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str | None = None
    """PostgreSQL 15 or newer; None starts the embedded one."""
    replica_url: str | None = None
    """A PostgreSQL that follows the one of `database_url`, or several behind one address: queries are read there."""
    redis_url: str | None = None
    """Valkey or Redis 7 or newer; None starts the embedded one."""
    embedded: bool = False
    """Whether the hub started its PostgreSQL itself."""
    secret: str = field(default="", repr=False)
    """Root of every derived secret; `with_secret` invents one for an embedded hub."""
    public_url: str = ""
    """Where clients reach the hub; also the OAuth issuer."""
    urls: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, str] = field(default_factory=dict)
    """Where the services of a split hub reach each other, by name, if not where people reach them."""
    smtp_url: str = field(default="", repr=False)
    """The mail server, with its password; without one, mails become files in `data`."""
    mail_from: str = "Lotsennetz <lotsennetz@localhost>"
    """Who the mails are from, as `Name <address>`."""
    metrics: str = ""
    """Where the process tells of itself, as `host:port`; empty for nowhere."""
    log: Format = "text"
    workers: bool = True
    """Whether the hub's process also works its jobs."""
    lease: float = 30.0
    """Seconds after which a silent worker's job is given to another."""
    cores: int = os.cpu_count() or 1
    """How many computations, each a process, one process's workers run at a time."""
    outbound_local: bool = False
    """Whether addresses that cities name may lie on this very machine, and speak http: for demo and tests."""
    rates: float = 1.0
    """How many times the usual somebody may ask; 0 counts nothing."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose `X-Forwarded-For` is believed."""
    limits: Classes = DEFAULT
    """What a GraphQL request may cost, by who asks."""
    trusted_clients: frozenset[str] = frozenset()
    """Ids of the clients that count as trusted when they act for themselves."""
    introspection: Introspection = "types"
    """Who may ask for the schema, and read in an error what a misspelt name may have meant."""
    documents: Documents = field(default_factory=Documents, repr=False)
    """The queries that clients may name by their hash."""
    remembered: int = 32
    """Megabytes of answers to nobody in particular that a process keeps until something public changes; 0 for none."""
    operator: str = ""
    """Who runs the hub, in one line, as the notices about data protection name them."""
    privacy_contact: str = ""
    """How to reach the operator's data protection officer."""
    imprint: str = ""
    """Who runs the hub, as the law wants it said (§ 5 DDG): name, address, who speaks for it, contact; in lines."""
    accessibility_contact: str = ""
    """Where people tell of barriers."""

    def limits_of(self, who: "Principal") -> Limits:
        """What `who` may ask for."""
        if not who.known:
            return self.limits.anonymous
        trusted = who.client in self.trusted_clients and not who.person
        return self.limits.trusted if trusted else self.limits.known

    def may_introspect(self, who: "Principal") -> bool:
        """All of it at once, which costs more than any other query."""
        return self.introspection == "everybody" or (self.introspection != "nobody" and who.known)

    def may_ask_types(self, who: "Principal") -> bool:
        """One type by its name."""
        return self.introspection == "types" or self.may_introspect(who)

    @property
    def address(self) -> str:
        """Where this very process listens."""
        return f"http://{self.host}:{self.port}"

    @property
    def issuer(self) -> str:
        return self.public_url or self.address

    def url_of(self, service: str) -> str:
        """Where clients reach a service: its own address in a split hub, else the hub's."""
        return self.urls.get(service, self.issuer)

    @property
    def together(self) -> bool:
        """Whether the services of a split hub are behind one address, with the router."""
        return bool(self.inside) and not self.urls

    @property
    def peers(self) -> Mapping[str, str]:
        """Where this process asks the other services of a split hub, by name."""
        return {**self.urls, **self.inside}

    def resource(self, service: str) -> str:
        """The resource indicator (RFC 8707) for tokens that count at one service only."""
        return f"{self.url_of(service)}/{service}"

    def derived(self, purpose: str) -> bytes:
        """32 bytes that only this hub knows, different for each purpose."""
        if not self.secret:
            raise Refused(_("LOTSENNETZ_SECRET is not set: give every process of the hub the same long random text."))
        return hmac.digest(self.secret.encode(), purpose.encode(), hashlib.sha256)

    def with_secret(self) -> "Settings":
        """With the secret kept in the data folder, invented at the first start, where the environment gives none."""
        if self.secret:
            return self
        path = self.data / "secret"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48), encoding="ascii")
        return replace(self, secret=path.read_text(encoding="ascii"))


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Every `LOTSENNETZ_…` variable; `docs/settings.md` lists them. Raises Refused where a value cannot be read."""

    def text(name: str, default: str = "") -> str:
        return environ.get(f"LOTSENNETZ_{name}", default).strip()

    try:
        port = int(text("PORT", "8000"))
        lease = float(text("LEASE", "30"))
    except ValueError:
        raise Refused(_("LOTSENNETZ_PORT and LOTSENNETZ_LEASE take a number.")) from None
    if not 0 <= port <= 65535:
        raise Refused(_("LOTSENNETZ_PORT takes a number from 0 to 65535."))
    outbound = text("OUTBOUND", "public")
    if outbound not in {"public", "local"}:
        raise Refused(_("LOTSENNETZ_OUTBOUND takes public or local."))
    introspection = _one_of("INTROSPECTION", text("INTROSPECTION", "types"), get_args(Introspection))
    policy = cast("Policy", _one_of("DOCUMENTS_POLICY", text("DOCUMENTS_POLICY", "off"), POLICIES))
    return Settings(
        data=Path(text("DATA", "var")),
        host=text("HOST", "127.0.0.1"),
        port=port,
        database_url=text("DATABASE_URL") or None,
        replica_url=text("REPLICA_URL") or None,
        redis_url=text("REDIS_URL") or None,
        secret=text("SECRET"),
        public_url=text("PUBLIC_URL").rstrip("/"),
        urls=_addresses({name: text(f"{name.upper()}_URL") for name in NAMES}),
        inside=_addresses({name: text(f"INSIDE_{name.upper()}_URL") for name in NAMES}),
        smtp_url=text("SMTP_URL"),
        mail_from=text("MAIL_FROM") or Settings.mail_from,
        metrics=_endpoint(text("METRICS")),
        log=cast("Format", _one_of("LOG", text("LOG", "text"), get_args(Format))),
        workers=text("WORKERS", "inline") != "none",
        lease=lease,
        cores=_cores(text("CORES")),
        outbound_local=outbound == "local",
        rates=_rates(text("RATES", "on")),
        remembered=_megabytes(text("REMEMBERED", "32")),
        operator=text("OPERATOR"),
        privacy_contact=text("PRIVACY_CONTACT"),
        imprint=text("IMPRINT"),
        accessibility_contact=text("ACCESSIBILITY_CONTACT"),
        trusted_proxies=tuple(_network(part.strip()) for part in text("TRUSTED_PROXIES").split(",") if part.strip()),
        limits=classes({name: text(f"LIMITS_{name.upper()}") for name in ("anonymous", "known", "trusted")}),
        trusted_clients=frozenset(part.strip() for part in text("TRUSTED_CLIENTS").split(",") if part.strip()),
        introspection=cast("Introspection", introspection),
        documents=load(policy, text("DOCUMENTS")),
    )


def _addresses(given: Mapping[str, str]) -> dict[str, str]:
    return {name: url.rstrip("/") for name, url in given.items() if url}


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise Refused(_("LOTSENNETZ_{name} takes one of: {known}", name=name, known=", ".join(known)))
    return value


def _endpoint(text: str) -> str:
    """`host:port`; this machine's own address where only a port is named."""
    host, _colon, port = text.rpartition(":")
    if text and not (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535):
        raise Refused(_("LOTSENNETZ_METRICS takes a port, or an address and a port such as 0.0.0.0:9100."))
    return f"{host.strip('[]') or '127.0.0.1'}:{port}" if text else ""


def _cores(text: str) -> int:
    if not text:
        return Settings.cores
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:5]) <= MOST_CORES):
        raise Refused(_("LOTSENNETZ_CORES takes a number from 1 to {most}.", most=MOST_CORES))
    return int(text)


def _megabytes(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        raise Refused(_("LOTSENNETZ_REMEMBERED takes a number of megabytes, 0 for none."))
    return int(text)


def _rates(text: str) -> float:
    if (known := {"": 1.0, "on": 1.0, "off": 0.0}.get(text.lower())) is not None:
        return known
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= MOST_RATES:
        raise Refused(_("LOTSENNETZ_RATES takes „on“, „off“ or a factor above 0 and up to {most}.", most=MOST_RATES))
    return factor


def _network(text: str) -> str:
    """An address or a network, as the library spells the network."""
    try:
        network = ipaddress.ip_network(text)
        if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
            raise ValueError  # noqa: TRY301 - such addresses count as IPv4, so that this would never be met
    except ValueError:
        raise Refused(
            _(
                "LOTSENNETZ_TRUSTED_PROXIES takes addresses and networks separated by commas, such as "
                "192.0.2.7, 198.51.100.0/24, 2001:db8::/64. This is none: {text}",
                text=text,
            )
        ) from None
    return str(network)
