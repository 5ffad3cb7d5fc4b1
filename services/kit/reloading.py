"""Addresses that only take what a form sends: whoever opens one, as by reloading what was refused, finds the form."""

import re
from collections.abc import Iterator
from typing import Any, Final

from litestar import Litestar
from litestar.exceptions import MethodNotAllowedException

from services.kit import forms, pages
from services.kit.pages import AnyRequest

FORM: Final = "form"
"""`@post("/trip/{id:int}/add", page=True, form="new")`: its form is at /trip/1/new, not at the nearest page above."""


def form_for(request: AnyRequest, error: Exception) -> str | None:
    """The page to show instead of `error`, if this is such an address."""
    if not (isinstance(error, MethodNotAllowedException) and request.method == "GET" and pages.wanted(request)):
        return None
    state = request.app.state
    if "addresses" not in state:
        state.addresses = _Addresses(request.app)
    found: str | None = state.addresses.page_of(request.url.path.rstrip("/"))
    return found


class _Addresses:
    """Of an application's pages."""

    def __init__(self, app: Litestar) -> None:
        ways = list(_ways(app))
        self._pages = [re.compile(path) for path, method, _opt in ways if method == "GET"]
        self._forms = [(re.compile(path), opt.get(FORM)) for path, method, opt in ways if method == "POST"]

    def page_of(self, path: str) -> str | None:
        found = [form for pattern, form in self._forms if pattern.fullmatch(path)]
        if not found:
            return None
        above = path.rpartition("/")[0]
        if found[0]:
            return forms.local_path(f"{above}/{found[0]}")
        while above and not any(pattern.fullmatch(above) for pattern in self._pages):
            above = above.rpartition("/")[0]
        return forms.local_path(above or "/")


def _ways(app: Litestar) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path as a pattern, method and what its handler says of itself, of every page."""
    for route in app.routes:
        path = re.sub(r"\{[^}]*\}", "[^/]+", route.path)
        for handler in getattr(route, "route_handlers", ()):
            if handler.opt.get("page"):
                yield from ((path, method, handler.opt) for method in handler.http_methods)
