"""The handbook: short German pages about tasks, by role, read from `docs/handbuch` and shown at `/hilfe`.

A file is one page: `<role>/<number>-<name>.md`, shown in the order of the numbers; its first line is the title. Links
between files work there as in the repository. Pictures come from the browser tests (`make screenshots`); one that was
not made is left out.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from litestar import Response, get
from litestar.exceptions import NotFoundException
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from services.kit import pages
from services.kit.pages import AnyRequest
from services.kit.rights import ANYBODY

HERE: Final = Path(__file__).parent
FOLDER: Final = next((one for one in (HERE / "handbuch", HERE.parents[1] / "docs" / "handbuch") if one.is_dir()), None)
"""In a wheel beside this module, else in the repository."""
AT: Final = "/hilfe"
PICTURES: Final = "bilder"
WIDTH: Final = 960
HEIGHT: Final = 640
"""Of every picture, in CSS pixels: known before it is loaded, so that nothing jumps."""
ROLES: Final = {
    "lotsen": "Für Lotsinnen und Lotsen",
    "koordination": "Für Koordinatorinnen und Koordinatoren einer Stadt",
    "organisation": "Für alle, die Veranstaltungen organisieren",
    "zentrale": "Für zentrale Lotsinnen und Lotsen eines Landes",
    "betrieb": "Für den Betrieb",
}
"""The handbook is written in German; so are its headings, whatever language the rest of a page speaks."""
FILE: Final = re.compile(r"\d\d-([a-z0-9-]+)\.md")


class Task(NamedTuple):
    """A page of the handbook; `html` without its title."""

    role: str
    name: str
    title: str
    html: Markup

    @property
    def path(self) -> str:
        return f"{AT}/{self.role}/{self.name}"


@cache
def tasks() -> Mapping[str, Task]:
    """All pages by their paths, in the order in which they are shown."""
    found = {}
    for role in ROLES if FOLDER else ():
        for file in sorted((FOLDER / role).glob("*.md")):  # type: ignore[operator]  # not None: looked at above
            if name := FILE.fullmatch(file.name):
                title, _newline, text = file.read_text(encoding="utf-8").partition("\n")
                task = Task(role, name[1], title.removeprefix("# "), _rendered(text, role))
                found[task.path] = task
    return found


def picture(name: str) -> Path | None:
    """The file of a picture, if it was made."""
    if FOLDER is None or not re.fullmatch(r"[a-z0-9-]+\.webp", name):
        return None
    path = FOLDER / PICTURES / name
    return path if path.is_file() else None


def _rendered(text: str, role: str) -> Markup:
    """Markdown as HTML, without anything that Markdown itself cannot say."""
    reader = MarkdownIt("commonmark", {"html": False})
    tokens = reader.parse(text)
    for token in tokens:
        if token.children:
            token.children = [one for one in token.children if _ready(one, role)]
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - our own files, and no HTML in them


def _ready(token: Token, role: str) -> bool:
    """Whether to show a part of a line; addresses become those of the hub."""
    if token.type == "link_open":
        token.attrs["href"] = _address(str(token.attrs["href"]), role)
    if token.type == "image":
        name = str(token.attrs["src"]).rpartition("/")[2]
        token.attrs |= {"src": f"{AT}/{PICTURES}/{name}", "width": WIDTH, "height": HEIGHT, "loading": "lazy"}
        return picture(name) is not None
    return True


def _address(href: str, role: str) -> str:
    """`../zentrale/01-x.md` and `02-y.md` → their paths here; others as they are."""
    *folders, file = href.split("/")
    name = FILE.fullmatch(file)
    return f"{AT}/{folders[-1] if folders else role}/{name[1]}" if name else href


@get(AT, page=True, right=ANYBODY)
async def index(request: AnyRequest) -> Response[str]:
    """Which tasks the handbook explains."""
    by_role = {label: [one for one in tasks().values() if one.role == role] for role, label in ROLES.items()}
    return await pages.page(request, "handbook.html", roles=by_role)


@get(AT + "/{role:str}/{name:str}", page=True, right=ANYBODY)
async def task(request: AnyRequest, role: str, name: str) -> Response[Any]:
    """One task, or a picture that a task shows."""
    if role == PICTURES and (path := picture(name)):
        headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
        return Response(path.read_bytes(), media_type="image/webp", headers=headers)
    found = tasks().get(f"{AT}/{role}/{name}")
    if found is None:
        raise NotFoundException
    others = [one for one in tasks().values() if one.role == role and one != found]
    return await pages.page(request, "handbook_task.html", task=found, role=ROLES[role], others=others)


routes = [index, task]
