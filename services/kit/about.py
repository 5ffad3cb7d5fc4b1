"""Pages about the hub itself: for developers, with GraphiQL; accessibility; who is responsible for the website."""

from typing import Final

from litestar import Response, get
from litestar.exceptions import NotFoundException

from services.kit import forms, pages
from services.kit.errors import Problem
from services.kit.pages import AnyRequest
from services.kit.rights import ANYBODY

WORKBENCH: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""GraphiQL writes styles while it runs; scripts come from files there too."""


@get("/developers", page=True, right=ANYBODY)
async def developers(request: AnyRequest) -> Response[str]:
    """How programs read and write here, with examples that run."""
    hub = request.app.state.hub
    examples = [one for service in hub.services if service.examples for one in service.examples()]
    return await pages.page(
        request, "developers.html", hub=hub.describe(), settings=hub.settings, examples=examples, graph=_graph(request)
    )


@get("/graphiql", page=True, right=ANYBODY)
async def graphiql(request: AnyRequest) -> Response[str]:
    """The graph to try out, as whoever is logged in."""
    return await pages.page(request, "graphiql.html", policy=WORKBENCH, graph=_graph(request))


def _graph(request: AnyRequest) -> str:
    """The path of the graph of everything that runs here."""
    services = request.app.state.hub.services
    return "/graphql" if len(services) > 1 else f"/{services[0].name}/graphql"


@get("/accessibility", page=True, right=ANYBODY)
async def accessibility(request: AnyRequest) -> Response[str]:
    return await pages.page(request, "accessibility.html", settings=request.app.state.hub.settings)


@get("/imprint", page=True, right=ANYBODY)
async def imprint(request: AnyRequest) -> Response[str]:
    return await pages.page(request, "imprint.html", settings=request.app.state.hub.settings)


@get("/parts", page=True, right=ANYBODY)
async def parts(request: AnyRequest) -> Response[str]:
    """The parts of pages, for those who write templates. Only where the hub brings its own servers: demo and tests."""
    if not request.app.state.hub.settings.embedded:
        raise NotFoundException
    names = ("field", "wrong", "several")
    wrong = forms.Form({"field": ["x"]}, [Problem("problem", field=name) for name in names], "forms.summary")
    return await pages.page(request, "showcase.html", shown=forms.EMPTY, wrong=wrong)


routes = [developers, graphiql, accessibility, imprint, parts]
