"""A city registers without writing JSON: find one's municipality, fill in a form, wait for the decision."""

import dataclasses
import uuid
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post

from services.directory import agreement, jobs, register, registrations
from services.directory.access import CLIENT_SCOPES, checked_ags
from services.directory.oauth import clients, policy, registration
from services.directory.once import once
from services.directory.web.oauth import REGISTRATIONS, here
from services.kit import forms, pages
from services.kit.db import HUB, NOBODY
from services.kit.errors import Problem, Refused
from services.kit.forms import EMPTY, Form
from services.kit.i18n import gettext as _
from services.kit.mail import checked_address
from services.kit.rates import address_of
from services.kit.rights import ANYBODY
from services.kit.text import forbidden_character

MOST_FOUND = 20
Line = Annotated[str, msgspec.Meta(max_length=200)]


class Registering(msgspec.Struct):
    """The form. `method` is how the city's program proves who it is: with a secret, or with keys of its own.

    `once` is the key of this form, so that one that is sent twice registers once.
    """

    contact_name: Line
    email: Line
    agreement: Line
    program: Line = ""
    method: Literal["client_secret_basic", "private_key_jwt"] = "client_secret_basic"
    jwks: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    login_issuer: Line = ""
    redirect_uris: Annotated[str, msgspec.Meta(max_length=5_000)] = ""
    once: Annotated[str, msgspec.Meta(max_length=40)] = ""


@get("/register", page=True, right=ANYBODY)
async def find(request: Request[Any, Any, Any], q: str = "") -> Response[Any]:
    """Step 1: one's municipality."""
    q = "" if forbidden_character(q) else q
    async with here(request).db.read(NOBODY) as session:
        found, guessed = await register.look_up(session, q[:100], MOST_FOUND)
        known = bool(await register.find(session, 1))
    return await pages.page(
        request, "directory/register_find.html", q=q[:100], found=found, guessed=guessed, known=known
    )


@get("/register/{ags:str}", page=True, right=ANYBODY)
async def form(request: Request[Any, Any, Any], ags: str) -> Response[Any]:
    """Step 2: the form."""
    return await _form(request, checked_ags(ags), EMPTY)


async def _form(request: Request[Any, Any, Any], ags: str, shown: Form, status: int = 200) -> Response[Any]:
    async with here(request).db.read(HUB) as session:
        if not await register.known(session, ags):
            raise Refused(_("The municipality register does not hold {ags}.", ags=ags))
        city = await registrations.town(session, ags)
        seconded = await clients.city_takes_part(session, ags)
    return await pages.page(
        request,
        "directory/register_form.html",
        status=status,
        ags=ags,
        city=city,
        seconded=seconded,
        shown=shown,
        agreement=agreement.VERSION,
        once=uuid.uuid4().hex,
    )


@post("/register/{ags:str}", page=True, status_code=200, right=ANYBODY)
async def submit(request: Request[Any, Any, Any], ags: str) -> Response[Any]:
    """Step 3: stored; the secrets are shown once, and not to who sends the same form again."""
    runtime = here(request)
    made: clients.Registered | None = None
    checked_ags(ags)
    await runtime.rates.take(REGISTRATIONS, address_of(request))
    try:
        said = await forms.read(request, Registering)
        async with runtime.db.begin(HUB) as session:
            city = await registrations.town(session, ags)
            wanted = _wanted(runtime.settings.outbound_local, ags, city, said)

            async def store() -> str:
                nonlocal made
                made = await clients.register_city(session, wanted)
                await jobs.ask_for_keys(session, runtime, made.client.client_id)
                await registrations.announce(session, runtime, made.client)
                return str(made.client.client_id)

            # Who went back and corrected something sends another form.
            key = sha256(msgspec.json.encode(said)).hexdigest() if said.once else None
            await once(session, f"register {ags}", key, said, str, store)
    except registration.Invalid as problem:
        field, words = _explained(problem)
        refused = Refused(_("Please look at the fields that are named."), [Problem(words, field=field)])
        return await _form(request, ags, forms.again(request, refused), status=422)
    except Refused as refused:
        return await _form(request, ags, forms.again(request, refused), status=422)
    return await pages.page(
        request, "directory/register_done.html", secret=True, made=made, city=city, issuer=runtime.settings.issuer
    )


def _wanted(local: bool, ags: str, city: str, said: Registering) -> registration.Wanted:
    """A program without a name is called like its city, with the key: others may be called like that, too."""
    jwks = None
    if said.jwks and said.method == policy.SECRET_BASIC:
        raise registration.Invalid(registration.METADATA, "jwks: not with a secret")
    if said.method == policy.PRIVATE_KEY_JWT:
        try:
            jwks = msgspec.json.decode(said.jwks, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            raise registration.Invalid(registration.METADATA, "jwks: not JSON") from None
    uris = said.redirect_uris.split()
    metadata = registration.Metadata(
        client_name=said.program.strip() or f"{city} {ags}",
        ags=ags,
        agreement=said.agreement,
        token_endpoint_auth_method=said.method,
        jwks=jwks,
        redirect_uris=uris,
        grant_types=[*policy.GRANT_TYPES] if uris else [policy.CLIENT_CREDENTIALS],
        scope=" ".join(CLIENT_SCOPES),
        contacts=[checked_contact(said.email)],
        login_issuer=said.login_issuer or None,
    )
    wanted = registration.validate(metadata, agreement.VERSION, local=local)
    name = registration.checked_name("contact_name", said.contact_name)
    return dataclasses.replace(wanted, details={**wanted.details, "contact_name": name})


def checked_contact(value: str) -> str:
    try:
        return checked_address(value)
    except Refused as problem:
        raise Refused(
            _("Please look at the fields that are named."), [Problem(problem.message, field="email")]
        ) from None


def _explained(problem: registration.Invalid) -> tuple[str, str]:
    """The field of the form and what to change there, from the protocol's words for developers."""
    member = problem.description.partition(":")[0]
    words = {
        "client_name": _("Choose a name in Latin letters that no other city uses, without special characters."),
        "contact_name": _("Please write the name in Latin letters, without special characters."),
        "jwks": _("Only with its own keys, and as a set of public keys (JWKS). Never send a private key."),
        "login_issuer": _("Please give the provider's public https address, without port and fragment."),
        "too many registrations of this city wait for a decision; please ask your state's office": _(
            "Too many registrations of this city wait already. Please ask your state's office."
        ),
        "agreement": _("Please accept the processor agreement in force."),
    }
    if problem.error == registration.REDIRECT:
        return "redirect_uris", _("One https address per line, with a host name and without “#”.")
    if member in words:
        return member if member in Registering.__struct_fields__ else "program", words[member]
    return "program", _("The registration was refused: {reason}", reason=problem.description)


@get("/agreement", page=True, right=ANYBODY)
async def text(request: Request[Any, Any, Any]) -> Response[Any]:
    """The processor agreement in force."""
    return await pages.page(request, "directory/agreement.html", version=agreement.VERSION)


routes = [find, form, submit, text]
