"""Self-assessments that navigators share with their city's coordinators."""

import uuid
from typing import Any, Final

from litestar import Response, get

from services.directory import access, desk
from services.directory.protection import assessment
from services.directory.web import desk as desks
from services.directory.web import words
from services.directory.web.candidates import chooser
from services.directory.web.desk import SERVICE
from services.directory.web.oauth import here
from services.kit.errors import NotFound
from services.kit.forms import AnyRequest
from services.kit.i18n import gettext as _
from services.kit.pages import ask

LIST: Final = "{ sharedAssessments { navigator { id name title department } at } }"
ONE: Final = """query ($id: ID!) { sharedAssessment(navigator: $id) {
  navigator { id name title department } at notes levels { statement level } } }"""


@get("/city/{ags:str}/assessments", page=True, right=access.SHARED)
async def listed(request: AnyRequest, ags: str) -> Response[Any]:
    return await _page(request, ags, "assessments", found=(await ask(request, SERVICE, LIST))["sharedAssessments"])


@get("/city/{ags:str}/assessments/{id:uuid}", page=True, right=access.SHARED)
async def one(request: AnyRequest, ags: str, id: uuid.UUID) -> Response[Any]:
    """That somebody looked stands in the audit log, where the person finds it."""
    await chooser(request, ags)
    found = (await ask(request, SERVICE, ONE, id=str(id)))["sharedAssessment"]
    if found is None:
        raise NotFound(_("This person shares no self-assessment with you."))
    return await _page(
        request, ags, "assessment", found=found, name=words.who(found["navigator"]),
        levels={one["statement"]: one["level"] for one in found["levels"]}, areas=assessment.areas(),
        statements=assessment.STATEMENTS, says=assessment.in_words(), level_words=assessment.levels(),
    )  # fmt: skip


async def _page(request: AnyRequest, ags: str, template: str, **values: Any) -> Response[Any]:
    who = await chooser(request, ags)
    async with here(request).db.read(who.acting) as session:
        city = await desk.read(session, ags)
    return await desks.page(request, who, ags, template, city, **values)


routes = [listed, one]
