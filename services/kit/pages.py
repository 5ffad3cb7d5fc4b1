"""Pages: templates on one base, headers that guard them, short messages after a redirect, errors that people can read.

A page of a service is named with it: `directory/login.html` is services/directory/templates/login.html. Its route says
`page=True`; errors on it are pages too, and who has to log in first is sent to the login and back.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, get_timezone
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from services.kit import assets, forms, i18n, navigation
from services.kit.auth import ANONYMOUS, Principal, origin_of
from services.kit.graphql.endpoint import SEARCH, Graph
from services.kit.rates import address_of
from services.kit.settings import Settings
from services.kit.sheets.writing import CSV, delimited
from services.kit.text import file_name

HTML: Final = "text/html"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing from elsewhere, and no script or style in a page itself. `data:` is for the icons of KERN's style."""
HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "vary": "accept-language, cookie",
}
HSTS: Final = "max-age=31536000"
FLASH_SECONDS: Final = 60
LONGEST_FLASH: Final = 500
ZONE: Final = "Europe/Berlin"
AnyRequest = forms.AnyRequest

templates = Environment(
    loader=ChoiceLoader(
        [
            FileSystemLoader(Path(__file__).parent / "templates"),
            PrefixLoader(
                {p.parent.name: FileSystemLoader(p) for p in Path(__file__).parent.parent.glob("*/templates")}
            ),
        ]
    ),
    autoescape=True,
    undefined=StrictUndefined,
    extensions=["jinja2.ext.i18n"],
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
    i18n.gettext, i18n.ngettext, newstyle=True
)


@lru_cache(maxsize=10_000)
def _text(message: str, _language: str) -> Markup:
    return Markup(i18n.gettext(message))  # noqa: S704 - our own words


def _said(message: str, /, **values: object) -> Markup:
    """As the extension's own `_`, which makes each text anew; values are escaped."""
    text = _text(message, i18n.language())
    return text % values if values or "%" in text else text


templates.globals["_"] = _said


def when(moment: datetime) -> str:
    """Day and minute in Germany, in the person's language."""
    return format_datetime(moment, "short", tzinfo=get_timezone(ZONE), locale=i18n.locale())


def day(value: date) -> str:
    """With the day of the week, in the person's language."""
    return format_date(value, "full", locale=i18n.locale())


def language_name(code: str) -> str:
    """What a language is called in the person's own; its code where nobody knows."""
    try:
        return Locale.parse(code, sep="-").get_display_name(i18n.language()) or code
    except (ValueError, UnknownLocaleError):
        return code


templates.filters |= {"when": when, "day": day, "number": i18n.number, "language": language_name}
templates.globals["asset"] = assets.path
templates.globals["ui"] = templates.get_template("parts.html").module


class View:
    """What every template may ask: `view.who`, `view.token`, `view.flash`, `view.path`, `view.menu`."""

    def __init__(self, request: AnyRequest, who: Principal) -> None:
        self.settings: Settings = request.app.state.hub.settings
        self.who, self.path = who, request.url.path
        self.menu = navigation.menu([service.menu for service in request.app.state.hub.services], who, self.settings)
        self.flash = _flash(self.settings, request.cookies.get(_flash_name(self.settings), ""))
        self.had_flash = _flash_name(self.settings) in request.cookies
        self.browser = forms.browser(request)
        self.new_browser = self.showed_form = False

    @property
    def token(self) -> str:
        """For the forms of this page; the first one a browser sees sets the cookie that it is bound to."""
        self.showed_form = True
        if not self.who.session and not self.browser:
            self.browser, self.new_browser = forms.new_browser(), True
        return forms.token(self.settings, self.who, self.browser)


async def ask(request: AnyRequest, service: str, query: str, **variables: Any) -> dict[str, Any]:
    """What the graph of `service` answers to whoever looks at the page. Raises the HubError in the answer.

    Whoever is not known counts as at the graph itself.
    """
    who, hub = await forms.known(request), request.app.state.hub
    if not who.known and hub.rates.counting:
        await hub.rates.take(SEARCH, address_of(request))
    return await ask_as(request, who, service, query, **variables)


async def ask_as(request: AnyRequest, who: Principal, service: str, query: str, **variables: Any) -> dict[str, Any]:
    """What the graph of `service` answers to `who`, of whom the page tells. Raises the HubError in the answer."""
    graph: Graph = request.app.state.graphs[service]
    return await graph.ask(request.app.state.hub, who, query, variables)


async def page(
    request: AnyRequest,
    template: str,
    *,
    status: int = 200,
    leads_away: bool = False,
    secret: bool = False,
    policy: str = "",
    cookies: Sequence[Cookie] = (),
    **values: object,
) -> Response[str]:
    """A page of the hub, rendered in the person's language.

    `leads_away`: its forms end on other sites, by redirect. `secret`: no browser keeps it, whoever looks at it.
    `policy`: a Content-Security-Policy of its own.
    """
    made = rendered(request, await forms.known(request), template, status, leads_away, cookies, values)
    if secret:
        made.headers["cache-control"] = "no-store"
    if policy:
        made.headers["content-security-policy"] = policy
    return made


def rendered(
    request: AnyRequest,
    who: Principal,
    template: str,
    status: int,
    leads_away: bool,
    cookies: Sequence[Cookie],
    values: dict[str, Any],
) -> Response[str]:
    """As `page`, for whom is known already."""
    view = View(request, who)
    html = templates.get_template(template).render(language=i18n.language(), view=view, **values)
    settings = view.settings
    headers = {**HEADERS, "content-security-policy": POLICY if leads_away else f"{POLICY}; form-action 'self'"}
    headers["cache-control"] = "no-store" if who.known or view.showed_form or view.had_flash else "no-cache"
    if settings.issuer.startswith("https:"):
        headers["strict-transport-security"] = HSTS
    kept = list(cookies)
    if view.new_browser:
        kept.append(forms.browser_cookie(settings, view.browser))
    if view.had_flash:
        kept.append(forms.cookie(settings, _flash_name(settings), "", 0))
    return Response(html, status_code=status, media_type=HTML, headers=headers, cookies=kept)


def redirect(request: AnyRequest, path: str, *, flash: str = "", cookies: Sequence[Cookie] = ()) -> Response[bytes]:
    """Go on at `path` with GET; `flash` is said there once."""
    settings: Settings = request.app.state.hub.settings
    kept = list(cookies)
    if flash:
        text = base64.urlsafe_b64encode(flash[:LONGEST_FLASH].encode()).decode()
        kept.append(forms.cookie(settings, _flash_name(settings), f"{_sealed(settings, text)}.{text}", FLASH_SECONDS))
    return Response(b"", status_code=303, headers={"location": path, "cache-control": "no-store"}, cookies=kept)


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response[bytes]:
    """A table as a CSV file that is named by its title, for whoever may see it now."""
    headers = {
        "content-disposition": f'attachment; filename="{file_name(title, "csv")}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(delimited(head, rows), media_type=CSV, headers=headers)


def wanted(request: AnyRequest) -> bool:
    """Whether the answer is for the eyes of a person: on a page, or where there is nothing at all.

    htmx accepts anything, and says that it is htmx.
    """
    handler: Any = request.scope.get("route_handler")
    ours = handler is None or bool(handler.opt.get("page"))
    return ours and ("text/html" in request.headers.get("accept", "") or "hx-request" in request.headers)


def _login(request: AnyRequest) -> str:
    """The way to the login. What was sent as a form comes back to the form's page, and hears that nothing was kept."""
    settings: Settings = request.app.state.hub.settings
    if request.method == "GET":
        onward, unsent = forms.local_path(request.url.path + (f"?{request.url.query}" if request.url.query else "")), {}
    else:
        came, here = request.headers.get("referer", ""), origin_of(settings.issuer)
        onward = forms.local_path(came.removeprefix(here).partition("#")[0]) if came.startswith(f"{here}/") else "/"
        unsent = {"unsent": "1"}
    asked = {**({"onward": onward} if onward != "/" else {}), **unsent}
    return f"{forms.LOGIN}?{urlencode(asked)}" if asked else forms.LOGIN


def error(request: AnyRequest, body: dict[str, Any], headers: dict[str, str]) -> Response[Any]:
    """A problem as a page. Who has to log in first is sent there, and back to what they wanted to see."""
    if body["status"] == 401:
        return redirect(request, _login(request))
    made = rendered(
        request, forms.asked(request) or ANONYMOUS, "error.html", int(body["status"]), False, (), {"problem": body}
    )
    made.headers.update(headers)
    return made


def _flash_name(settings: Settings) -> str:
    return "__Host-lotsennetz-said" if settings.issuer.startswith("https:") else "lotsennetz-said"


def _sealed(settings: Settings, text: str) -> str:
    return hmac.digest(settings.derived("flash"), text.encode(), hashlib.sha256).hex()


def _flash(settings: Settings, value: str) -> str:
    """What was to be said, if we wrote it ourselves."""
    seal, _dot, text = value.partition(".")
    if not text or not hmac.compare_digest(_sealed(settings, text).encode(), seal.encode()):
        return ""
    return base64.urlsafe_b64decode(text).decode()
