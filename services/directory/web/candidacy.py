"""For people who may become navigators: apply where a city calls, and answer by the link from a mail. No login."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post

from services.directory import access
from services.directory.candidates import answering, rows
from services.directory.web import words
from services.directory.web.desk import SERVICE, Nothing
from services.directory.web.oauth import here
from services.kit import forms
from services.kit.db import HUB
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.forms import EMPTY, AnyRequest, Form
from services.kit.i18n import gettext as _
from services.kit.links import CHANGES, LOOKS, counted
from services.kit.pages import ask, page, redirect
from services.kit.rates import Rate, address_of

FROM_ADDRESS: Final = Rate("applications from address", 10, 3_600)
CALL: Final = """query ($city: ID!) { navigatorCall(city: $city) { hours words until }
  city(ags: $city) { name contactEmail } }"""
ONE: Final = """query ($link: String!) { candidacy(link: $link) {
  state way name email department nominator hours words reason askedAt answeredAt decidedAt cityName } }"""
Line = Annotated[str, msgspec.Meta(max_length=300)]
Lines = Annotated[str, msgspec.Meta(max_length=rows.LONGEST)]


class Applying(msgspec.Struct, frozen=True):
    name: Line
    email: Line
    department: Line = ""
    words: Lines = ""


class Answering(msgspec.Struct, frozen=True):
    answer: Literal["yes", "no"]
    reason: Lines = ""


@get("/city/{ags:str}/apply", page=True, right=access.APPLYING)
async def form(request: AnyRequest, ags: str) -> Response[Any]:
    return await _form(request, ags)


async def _form(request: AnyRequest, ags: str, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    found = await ask(request, SERVICE, CALL, city=access.checked_ags(ags))
    if found["navigatorCall"] is None or found["city"] is None:
        raise NotFound(_("This city does not look for navigators at the moment."))
    return await page(
        request, "directory/apply.html", status=status, ags=ags, city=found["city"], call=found["navigatorCall"],
        shown=shown, words=words, days=rows.LINK_LIFE.days,
    )  # fmt: skip


@post("/city/{ags:str}/apply", page=True, status_code=200, right=access.APPLYING)
async def apply(request: AnyRequest, ags: str) -> Response[Any]:
    """The same answer, whoever is known to the city already."""
    runtime = here(request)
    try:
        said = await forms.read(request, Applying)
        await runtime.rates.take(FROM_ADDRESS, address_of(request))
        async with runtime.db.begin(HUB) as session:
            wanted = answering.Applying(said.name, said.email, said.department, said.words)
            await answering.apply(session, runtime, ags, wanted)
    except (Refused, Conflict) as problem:
        return await _form(request, ags, forms.again(request, problem), problem.status)
    return await page(request, "directory/apply_sent.html", ags=ags, days=rows.LINK_LIFE.days)


# By link ----------------------------------------------------------------------------------------------------------


@get("/candidacy/{token:str}", page=True, right=access.CANDIDACY)
async def asked(request: AnyRequest, token: str) -> Response[Any]:
    """What is asked, and what is stored. Nothing is answered by looking: programs that read mails open every link."""
    return await _asked(request, token)


async def _asked(request: AnyRequest, token: str, shown: Form = EMPTY, status: int = 200) -> Response[Any]:
    await here(request).rates.take(LOOKS, counted(token))
    found = (await ask(request, SERVICE, ONE, link=token))["candidacy"]
    return await page(
        request, "directory/candidacy.html", status=status, secret=True, token=token, one=found, shown=shown,
        kept=rows.KEPT.days,
    )  # fmt: skip


@post("/candidacy/{token:str}", page=True, status_code=200, right=access.CANDIDACY)
async def answer(request: AnyRequest, token: str) -> Response[Any]:
    runtime = here(request)
    await runtime.rates.take(CHANGES, counted(token))
    try:
        said = await forms.read(request, Answering)
        async with runtime.db.begin(HUB) as session:
            await answering.answer(session, runtime, token, accept=said.answer == "yes", reason=said.reason)
    except (Refused, Conflict) as problem:
        return await _asked(request, token, forms.again(request, problem), problem.status)
    return redirect(request, f"/candidacy/{token}", flash=_("Thank you. Your answer is stored."))


@post("/candidacy/{token:str}/erase", page=True, status_code=200, right=access.CANDIDACY)
async def erase(request: AnyRequest, token: str) -> Response[Any]:
    runtime = here(request)
    await runtime.rates.take(CHANGES, counted(token))
    await forms.read(request, Nothing)
    try:
        async with runtime.db.begin(HUB) as session:
            await answering.erase(session, runtime.settings, token)
    except NotFound:  # sent twice: it is done
        pass
    return await page(request, "directory/candidacy_gone.html", secret=True)


routes = [form, apply, asked, answer, erase]
