"""The login through an organisation's own provider, and the page on which its coordinators set it up."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Response, get, post

from services.directory import access, jobs
from services.directory.access import checked_org, may_manage
from services.directory.login import discovery, oidc, providers
from services.directory.login.idtoken import StaleKeys
from services.directory.models import Municipality, Provider
from services.directory.web.login import Nothing, entered, here
from services.kit import forms
from services.kit.auth import Principal
from services.kit.db import HUB
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form, local_path
from services.kit.i18n import gettext as _
from services.kit.pages import AnyRequest, page, redirect
from services.kit.rates import Rate, address_of
from services.kit.rights import ANYBODY

FROM_ADDRESS = Rate("login provider", 240, 300)
"""Steps of one address; a whole town hall may share one, and a login takes two."""
MOST_ANSWER = 10_000
"""Characters of the provider's answer."""
LINES = 20_000


class Chosen(msgspec.Struct, frozen=True):
    org: Annotated[str, msgspec.Meta(max_length=8)]
    onward: str = "/"
    link: bool = False
    """Whether who is logged in wants to log in there from now on."""


class Described(msgspec.Struct, frozen=True):
    """The form; `roles` and `strong` have a line for each value, `roles` as `value = role`."""

    issuer: str
    client_id: str
    client_secret: str = ""
    public: bool = False
    role_claim: str = ""
    roles: Annotated[str, msgspec.Meta(max_length=LINES)] = ""
    default_role: str = ""
    strong: Annotated[str, msgspec.Meta(max_length=LINES)] = ""
    org_claim: str = ""
    org_value: str = ""


@post("/login/provider", status_code=303, page=True, right=ANYBODY)
async def begin(request: AnyRequest) -> Response[Any]:
    """Go to the provider of the organisation that was chosen."""
    asked = await forms.read(request, Chosen)
    runtime, browser = here(request), forms.browser(request)
    await runtime.rates.take(FROM_ADDRESS, address_of(request))
    linking = await forms.person(request) if asked.link else None
    async with runtime.db.begin(HUB) as session:
        url = await oidc.begin(
            session, runtime, asked.org, browser=browser, onward=local_path(asked.onward), linking=linking
        )
    return redirect(request, url)


@get("/login/provider/{org:str}/callback", page=True, right=ANYBODY)
async def callback(request: AnyRequest, org: str) -> Response[Any]:
    """The browser comes back from the provider of `org`: log in, or say in words why not."""
    runtime = here(request)
    await runtime.rates.take(FROM_ADDRESS, address_of(request))
    checked_org(org)
    try:
        done = await oidc.finish(
            runtime,
            org,
            _answer(request),
            browser=forms.browser(request),
            who=await forms.known(request),
            user_agent=request.headers.get("user-agent", ""),
        )
    except StaleKeys:
        async with runtime.db.begin(HUB) as session:
            await jobs.ask_for_provider(session, runtime, org)
        raise
    return entered(request, done.begun, done.onward)


def _answer(request: AnyRequest) -> dict[str, str]:
    """The provider's answer (RFC 6749 4.1.2). Raises Refused for what cannot be one: nothing may stand twice."""
    query = request.url.query
    try:
        if len(query) > MOST_ANSWER:
            raise ValueError  # noqa: TRY301 - answered as every answer that cannot be read
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=20)
        names = [name for name, _value in pairs]
        if len(set(names)) != len(names) or any(len(value) > oidc.LONGEST_PARAMETER for _name, value in pairs):
            raise ValueError  # noqa: TRY301
        if any("\0" in value for _name, value in pairs):
            raise ValueError  # noqa: TRY301
    except ValueError:
        raise Refused(_("The answer of the login provider cannot be read. Please start again.")) from None
    return dict(pairs)


# Setting it up ----------------------------------------------------------------------------------------------------


@get("/city/{org:str}/provider", page=True, right=access.PEOPLE_PAGE)
async def show(request: AnyRequest, org: str) -> Response[Any]:
    return await _page(request, await _manager(request, org), org)


@post("/city/{org:str}/provider", status_code=303, page=True, right=access.PEOPLE_PAGE)
async def save(request: AnyRequest, org: str) -> Response[Any]:
    """Store what was said, and have the provider read."""
    who, runtime = await _manager(request, org), here(request)
    try:
        wanted = _wanted(await forms.read(request, Described, most=3 * LINES))
        async with runtime.db.begin(who.acting) as session:
            await providers.configure(session, runtime.settings, who, org, wanted)
            await jobs.ask_for_provider(session, runtime, org)
    except Refused as problem:
        shown = forms.again(request, problem)
        kept = {name: values for name, values in shown.sent.items() if name != "client_secret"}
        return await _page(request, who, org, shown._replace(sent=kept), problem.status)
    return redirect(request, _path(org), flash=_("Saved. The hub reads the provider now; open the page again soon."))


@post("/city/{org:str}/provider/read", status_code=303, page=True, right=access.PEOPLE_PAGE)
async def read(request: AnyRequest, org: str) -> Response[Any]:
    """Have the provider read anew."""
    who, runtime = await _manager(request, org), here(request)
    await forms.read(request, Nothing)
    async with runtime.db.begin(who.acting) as session:
        asked = await jobs.ask_for_provider(session, runtime, org)
    words = _("The hub reads the provider now.") if asked else _("The provider is read at most once a minute.")
    return redirect(request, _path(org), flash=words)


@post("/city/{org:str}/provider/remove", status_code=303, page=True, right=access.PEOPLE_PAGE)
async def remove(request: AnyRequest, org: str) -> Response[Any]:
    who, runtime = await _manager(request, org), here(request)
    await forms.read(request, Nothing)
    async with runtime.db.begin(who.acting) as session:
        await providers.remove(session, who, org)
    return redirect(request, _path(org), flash=_("From now on nobody logs in through this provider."))


async def _manager(request: AnyRequest, org: str) -> Principal:
    who = await forms.person(request)
    may_manage(who, checked_org(org))
    return who


async def _page(request: AnyRequest, who: Principal, org: str, shown: Form = EMPTY, status: int = 200) -> Response[str]:
    async with here(request).db.read(who.acting) as session:
        found = await providers.of(session, org)
        town = await session.get(Municipality, org)
    allowed = providers.roles_at(org)
    return await page(
        request,
        "directory/provider.html",
        status=status,
        org=org,
        name=town.name.partition(",")[0] if town else org,
        now=_now(found),
        found=found,
        usable=found is not None and discovery.metadata(found) is not None,
        allowed=", ".join(allowed),
        defaults=[(role, role) for role in providers.DEFAULTS if role in allowed],
        redirect_uri=providers.redirect_uri(here(request).settings, org),
        shown=shown,
    )


def _now(found: Provider | None) -> dict[str, str]:
    """What the form shows at first; never the secret."""
    if found is None:
        return dict.fromkeys(Described.__struct_fields__, "")
    return {
        "issuer": found.issuer,
        "client_id": found.client_id,
        "role_claim": found.role_claim,
        "roles": "\n".join(f"{value} = {role}" for value, role in found.roles.items()),
        "default_role": found.default_role or "",
        "strong": "\n".join(found.strong),
        "org_claim": found.org_claim or "",
        "org_value": found.org_value or "",
    }


def _wanted(said: Described) -> providers.Wanted:
    """The form as a value. Raises Refused for a line that names no role."""
    roles: dict[str, str] = {}
    for line in forms.lines(said.roles):
        value, equals, role = line.rpartition("=")
        if not equals or not value.strip():
            words = _("Write each line as: value = role")
            raise Refused(_("The login provider was not saved. Please correct the fields named."),
                          [Problem(words, field="roles")])  # fmt: skip
        roles[value.strip()] = role.strip()
    return providers.Wanted(
        issuer=said.issuer,
        client_id=said.client_id,
        client_secret=said.client_secret,
        public=said.public,
        role_claim=said.role_claim,
        roles=roles,
        default_role=said.default_role,
        strong=forms.lines(said.strong),
        org_claim=said.org_claim,
        org_value=said.org_value,
    )


def _path(org: str) -> str:
    return f"/city/{org}/provider"


routes = [begin, callback, show, save, read, remove]
