"""The login in a browser: a passkey, the city's own login, or a mailed link; and the way out."""

import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from sqlalchemy import select

from services.directory.login import flows, links, passkeys, sessions
from services.directory.login.sessions import Begun
from services.directory.models import Municipality, Provider
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB, Reader
from services.kit.errors import Forbidden, Refused
from services.kit.forms import EMPTY, Form, local_path
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, page, redirect
from services.kit.rates import Rate, address_of
from services.kit.rights import ANYBODY
from services.kit.service import Runtime
from services.kit.text import sort_key

HOME = "/account"
MOST_PROVIDERS = 12_000
"""Every municipality of Germany, and the states."""
FROM_ADDRESS = Rate("login", 120, 300)
LINKS_FROM_ADDRESS = Rate("login link", 30, 900)
LINKS_TO_ADDRESS = Rate("login link to", 5, 900)
Text = Annotated[str, msgspec.Meta(max_length=254)]


class WantedLink(msgspec.Struct, frozen=True):
    email: Text
    onward: str = "/"


class Nothing(msgspec.Struct, frozen=True):
    pass


class Start(msgspec.Struct, frozen=True):
    onward: str = "/"


class Answer(msgspec.Struct, frozen=True):
    """What the authenticator answered, as browsers write it (`PublicKeyCredential.toJSON`)."""

    flow: Annotated[str, msgspec.Meta(max_length=100)]
    credential: dict[str, Any]
    label: Annotated[str, msgspec.Meta(max_length=200)] = ""


def here(request: AnyRequest) -> Runtime:
    runtime: Runtime = request.app.state.hub.runtimes["directory"]
    return runtime


@get("/login", page=True, right=ANYBODY)
async def login(request: AnyRequest) -> Response[Any]:
    """The ways in. Who is in already goes on."""
    onward = local_path(request.query_params.get("onward", ""), HOME)
    who = await forms.asking(request)
    if who.session:
        return redirect(request, onward)
    return await _login(request, onward)


async def _login(request: AnyRequest, onward: str, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    async with here(request).db.read(HUB) as session:
        orgs = await _with_provider(session)
    return await page(
        request, "directory/login.html", status=status, leads_away=True,
        onward=onward, shown=shown, orgs=orgs, unsent="unsent" in request.query_params,
        nowhere=passkeys.impossible(here(request).settings),
    )  # fmt: skip


async def _with_provider(session: Reader) -> list[tuple[str, str]]:
    """The organisations whose people log in at home, by name, as soon as their provider could be read."""
    found = await session.execute(
        select(Provider.org, Municipality.name, Municipality.state)
        .outerjoin(Municipality, Municipality.ags == Provider.org)
        .where(Provider.discovered.is_not(None), Provider.jwks.is_not(None))
        .limit(MOST_PROVIDERS)
    )
    named = [(org, f"{name.partition(',')[0]} ({state})" if name else org) for org, name, state in found]
    return sorted(named, key=lambda one: sort_key(one[1]))


async def _slowly(request: AnyRequest) -> None:
    await here(request).rates.take(FROM_ADDRESS, address_of(request))


# By a mailed link --------------------------------------------------------------------------------------------------


@post("/login/link", status_code=303, page=True, right=ANYBODY)
async def ask_for_link(request: AnyRequest) -> Response[Any]:
    """Have a link sent. The answer is the same whoever asks for whomever."""
    try:
        asked = await forms.read(request, WantedLink)
        runtime = here(request)
        await runtime.rates.take_each(
            (LINKS_FROM_ADDRESS, address_of(request)), (LINKS_TO_ADDRESS, f"mail:{asked.email.lower()}")
        )
        async with runtime.db.begin(HUB) as session:
            await links.wanted.ask(session, runtime, asked.email)
    except Refused as problem:
        shown = forms.again(request, problem)
        if not shown.problems:
            shown = shown.at("email")
        return await _login(request, local_path(shown.value("onward"), HOME), shown, problem.status)
    return redirect(request, "/login/sent")


@get("/login/sent", page=True, right=ANYBODY)
async def sent(request: AnyRequest) -> Response[str]:
    return await page(request, "directory/login_sent.html")


@get("/login/link/{token:str}", page=True, right=ANYBODY)
async def link(request: AnyRequest, token: str) -> Response[str]:
    """A button. Opening the link changes nothing: scanners of mails open it before the person does."""
    await _slowly(request)
    async with here(request).db.read(HUB) as session:
        good = await links.good(session, token)
    return await page(request, "directory/login_link.html", status=200 if good else 410, token=token, good=good)


@post("/login/link/{token:str}", status_code=303, page=True, right=ANYBODY)
async def use_link(request: AnyRequest, token: str) -> Response[Any]:
    """Use the link up. The browser gets a new cookie, so that nobody else has put theirs there before."""
    await forms.read(request, Nothing)
    await _slowly(request)
    runtime, browser = here(request), forms.new_browser()
    async with runtime.db.begin(HUB) as session:
        good = await links.use(session, token, browser)
    if not good:
        return await page(request, "directory/login_link.html", status=410, token=token, good=False)
    return redirect(request, "/login/welcome", cookies=[forms.browser_cookie(runtime.settings, browser)])


@get("/login/welcome", page=True, right=ANYBODY)
async def welcome(request: AnyRequest) -> Response[Any]:
    """After a link: make a passkey or use the one there is, or go on without where the role allows it."""
    async with here(request).db.read(HUB) as session:
        flow = await flows.of_browser(session, links.LINK, forms.browser(request))
        if flow is None or flow.account_id is None:
            return redirect(request, forms.LOGIN)
        return await page(
            request,
            "directory/login_welcome.html",
            may_make=await passkeys.may_make(session, flow.account_id),
            must=await passkeys.needs_second_factor(session, flow.account_id),
            has=bool(await passkeys.of_account(session, flow.account_id)),
            nowhere=passkeys.impossible(here(request).settings),
        )


@post("/login/without", status_code=303, page=True, right=ANYBODY)
async def without_passkey(request: AnyRequest) -> Response[Any]:
    """Log in by the link alone, for roles that need no second factor."""
    await forms.read(request, Nothing)
    async with here(request).db.begin(HUB) as session:
        flow = await flows.finish_of_browser(session, links.LINK, forms.browser(request))
        if flow is None or flow.account_id is None:
            return redirect(request, forms.LOGIN)
        begun = await _begin(request, session, flow.account_id, "link", ["link"])
    return entered(request, begun, HOME)


# By a passkey ------------------------------------------------------------------------------------------------------


@post("/login/passkey/options", status_code=200, right=ANYBODY, api=None)
async def passkey_options(request: AnyRequest) -> Response[Any]:
    asked = await forms.read_json(request, Start)
    await _slowly(request)
    runtime = here(request)
    async with runtime.db.begin(HUB) as session:
        onward = local_path(asked.onward, HOME)
        return _json(await passkeys.asked(session, runtime.settings, forms.browser(request), onward))


@post("/login/passkey", status_code=200, right=ANYBODY, api=None)
async def passkey(request: AnyRequest) -> Response[Any]:
    """Log in. The challenge is used up before the answer is looked at."""
    answer = await forms.read_json(request, Answer)
    await _slowly(request)
    runtime, browser = here(request), forms.browser(request)
    async with runtime.db.begin(HUB) as session:
        flow = await flows.finish(session, passkeys.USE, browser, answer.flow)
    async with runtime.db.begin(HUB) as session:
        found = await passkeys.used(session, runtime.settings, flow, answer.credential)
        await flows.finish_of_browser(session, links.LINK, browser)
        begun = await _begin(request, session, found.account_id, "passkey", found.amr)
    return entered_json(request, begun, found.onward)


@post("/login/passkey/new/options", status_code=200, right=ANYBODY, api=None)
async def new_passkey_options(request: AnyRequest) -> Response[Any]:
    """For whoever came by a link."""
    await forms.read_json(request, Nothing)
    await _slowly(request)
    runtime, browser = here(request), forms.browser(request)
    async with runtime.db.begin(HUB) as session:
        account_id = await _by_link(session, browser)
        return _json(await passkeys.offered(session, runtime.settings, browser, account_id))


@post("/login/passkey/new", status_code=200, right=ANYBODY, api=None)
async def new_passkey(request: AnyRequest) -> Response[Any]:
    """Keep the new passkey, and log in with it. The link is used up only by one that was kept."""
    answer = await forms.read_json(request, Answer)
    await _slowly(request)
    runtime, browser = here(request), forms.browser(request)
    async with runtime.db.begin(HUB) as session:
        flow = await flows.finish(session, passkeys.MAKE, browser, answer.flow)
    async with runtime.db.begin(HUB) as session:
        account_id = await _by_link(session, browser)
        made = await passkeys.made(session, runtime.settings, flow, answer.credential, account_id, answer.label)
        if await flows.finish_of_browser(session, links.LINK, browser) is None:
            raise Forbidden(_over())
        begun = await _begin(request, session, account_id, "passkey", made.amr)
    return entered_json(request, begun, HOME)


async def _by_link(session: Reader, browser: str) -> uuid.UUID:
    flow = await flows.of_browser(session, links.LINK, browser)
    if flow is None or flow.account_id is None:
        raise Forbidden(_over())
    if not await passkeys.may_make(session, flow.account_id):
        raise Forbidden(_("You have a passkey already. Please log in with it."))
    return flow.account_id


def _over() -> str:
    return _("Your link has run out. Please ask for a new one on the login page.")


# In and out --------------------------------------------------------------------------------------------------------


async def _begin(request: AnyRequest, session: Any, account_id: uuid.UUID, how: str, amr: list[str]) -> Begun:
    runtime = here(request)
    agent = request.headers.get("user-agent", "")
    before: Principal = await forms.asking(request)
    begun = await sessions.begin(
        session, runtime.settings, account_id, how=how, amr=amr, user_agent=agent, before=before
    )
    await runtime.say(session, begun.messages)
    return begun


def entered(request: AnyRequest, begun: Begun, onward: str) -> Response[Any]:
    """Go on, logged in. The cookie from before the login goes: nothing that was prepared with it counts any more."""
    return redirect(request, local_path(onward, HOME), cookies=_cookies(request, begun))


def entered_json(request: AnyRequest, begun: Begun, onward: str) -> Response[Any]:
    """As `entered`, for a script, which goes to `onward`."""
    answer = _json({"onward": local_path(onward, HOME)})
    answer.cookies.extend(_cookies(request, begun))
    return answer


def _cookies(request: AnyRequest, begun: Begun) -> list[Any]:
    settings = here(request).settings
    return [
        forms.session_cookie(settings, begun.cookie, begun.seconds),
        forms.browser_cookie(settings, forms.new_browser()),
    ]


def _json(body: dict[str, Any]) -> Response[Any]:
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


@post("/logout", status_code=303, page=True, right=ANYBODY)
async def logout(request: AnyRequest) -> Response[Any]:
    """End the session here and everywhere. Without one, it is just as well."""
    runtime, who = here(request), await forms.asking(request)
    if not who.session:
        return redirect(request, "/", flash=_("You are logged out."))
    await forms.read(request, Nothing)
    async with runtime.db.begin(who.acting) as session:
        await runtime.say(session, await sessions.end(session, uuid.UUID(who.session)))
    gone = [
        forms.session_cookie(runtime.settings, "", 0),
        forms.browser_cookie(runtime.settings, forms.new_browser()),
    ]
    return redirect(request, "/", flash=_("You are logged out."), cookies=gone)


routes = [
    login, ask_for_link, sent, link, use_link, welcome, without_passkey,
    passkey_options, passkey, new_passkey_options, new_passkey, logout,
]  # fmt: skip
