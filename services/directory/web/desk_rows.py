"""A city's navigators, projects and departments as tables: find, add, change, withdraw. Each save is a publication."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from litestar import Response, get, post

from services.directory import access, desk
from services.directory.protection.words import code_name
from services.directory.sheets import new_key
from services.directory.snapshot import PROFILES, RECRUITED, STAGES, TASKS, drop, put
from services.directory.web import desk_forms, words
from services.directory.web.desk import editor, page, publish, sheet
from services.directory.web.desk_forms import DepartmentForm, NavigatorForm, ProjectForm, Sheet, Withdrawing
from services.kit import forms
from services.kit.auth import Principal
from services.kit.errors import Conflict, NotFound, Problem, Refused
from services.kit.forms import EMPTY, AnyRequest, Form
from services.kit.i18n import gettext as _
from services.kit.pages import redirect
from services.kit.seen import tag
from services.kit.text import folded, sort_key

PER_PAGE: Final = 50
MOST_BYTES: Final = 60_000
HIGHEST: Final = 10_000


class Kind(NamedTuple):
    """How one kind of rows is shown and written. `texts` fills in what is no plain value of a row."""

    form: type[Any]
    row: Callable[[Any, Any, str, Sheet], Any]
    texts: Callable[[Any, Sheet], dict[str, Any]]
    called: str
    """The field by which people call a row."""
    searched: tuple[str, ...]


KINDS: Final[dict[str, Kind]] = {
    "navigators": Kind(
        NavigatorForm, desk_forms.navigator, desk_forms.navigator_texts, "name",
        ("name", "title", "department", "email"),
    ),
    "projects": Kind(ProjectForm, desk_forms.project, desk_forms.project_texts, "title", ("title", "department")),
    "departments": Kind(DepartmentForm, desk_forms.department, lambda _row, _sheet: {}, "name", ("name",)),
}  # fmt: skip


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFound(_("There is no such page."))
    return KINDS[name]


@get("/city/{ags:str}/desk/{kind:str}", page=True, right=access.PUBLISHING)
async def listed(request: AnyRequest, ags: str, kind: str, q: str = "", part: int = 1) -> Response[Any]:
    """A table of the rows, found by words, 50 at a time."""
    who, of = await editor(request, ags), _kind(kind)
    city, known = await sheet(request, who, ags)
    wanted = folded(q[:100]).split()
    rows = [row for row in getattr(city.snapshot, kind) if _answers(of, row, wanted)]
    rows.sort(key=lambda row: sort_key(getattr(row, of.called)))
    part = min(max(part, 1), HIGHEST)
    shown = rows[(part - 1) * PER_PAGE : part * PER_PAGE]

    def at(number: int) -> str:
        asked = {"q": q[:100], "part": number if number > 1 else ""}
        return f"/city/{ags}/desk/{kind}?" + urlencode({name: value for name, value in asked.items() if value})

    return await page(
        request, who, ags, f"desk_{kind}", city,
        kind=kind, q=q[:100], count=len(rows), all=len(getattr(city.snapshot, kind)),
        rows=[(row, tag(row)) for row in shown], topic=known.labels.name,
        first=at(1) if part > 1 else "", following=at(part + 1) if len(rows) > part * PER_PAGE else "",
        actual=_actual(city) if kind == "departments" else {},
    )  # fmt: skip


def _answers(of: Kind, row: Any, wanted: list[str]) -> bool:
    text = folded(" ".join(str(getattr(row, name) or "") for name in of.searched)) if wanted else ""
    return all(word in text for word in wanted)


def _actual(city: desk.City) -> dict[str, int]:
    """How many navigators name a department, by its name."""
    found: dict[str, int] = {}
    for one in city.snapshot.navigators:
        found[one.department] = found.get(one.department, 0) + 1
    return found


# One row ----------------------------------------------------------------------------------------------------------


@get("/city/{ags:str}/desk/{kind:str}/add", page=True, right=access.PUBLISHING)
async def adding(request: AnyRequest, ags: str, kind: str, department: str = "") -> Response[Any]:
    who = await editor(request, ags)
    return await _form(request, who, ags, kind, None, Form({"department": [department[:120]]}) if department else EMPTY)


@get("/city/{ags:str}/desk/{kind:str}/row/{key:str}", page=True, right=access.PUBLISHING)
async def editing(request: AnyRequest, ags: str, kind: str, key: str) -> Response[Any]:
    return await _form(request, await editor(request, ags), ags, kind, key)


async def _form(
    request: AnyRequest, who: Principal, ags: str, kind: str, key: str | None, shown: Form = EMPTY, status: int = 200
) -> Response[Any]:
    """The form, over the row as it is published now. Raises NotFound for a key that nobody sent either."""
    of = _kind(kind)
    city, known = await sheet(request, who, ags)
    gone = key is not None and shown is not EMPTY and all(one.key != key for one in getattr(city.snapshot, kind))
    row = None if key is None or gone else city.row(kind, key)
    some = [(code, words_of(code)) for code, words_of in _codes()]
    return await page(
        request, who, ags, f"desk_{kind[:-1]}", city, status=status, kind=kind, key=key, row=row, seen=tag(row),
        now=f"/city/{ags}/desk/{kind}/row/{row.key}" if row else "",
        shown=shown, texts=of.texts(row, known), names=desk_forms.names(of.form.__struct_fields__),
        departments=[one.name for one in city.snapshot.departments],
        audiences=desk_forms.audiences(row) if kind == "navigators" else [],
        options={
            "profile": [one for one in some if one[0] in PROFILES], "tasks": [one for one in some if one[0] in TASKS],
            "recruited": [one for one in some if one[0] in RECRUITED],
            "stage": [(one, words.stage(one)) for one in STAGES],
        },
    )  # fmt: skip


def _codes() -> list[tuple[str, Callable[[str], str]]]:
    return [*((one, words.profile) for one in PROFILES), *((one, words.task) for one in TASKS),
            *((one, code_name) for one in RECRUITED)]  # fmt: skip


@post("/city/{ags:str}/desk/{kind:str}/add", page=True, status_code=200, right=access.PUBLISHING)
async def add(request: AnyRequest, ags: str, kind: str) -> Response[Any]:
    return await _save(request, ags, kind, None)


@post("/city/{ags:str}/desk/{kind:str}/row/{key:str}", page=True, status_code=200, right=access.PUBLISHING)
async def save(request: AnyRequest, ags: str, kind: str, key: str) -> Response[Any]:
    return await _save(request, ags, kind, key)


async def _save(request: AnyRequest, ags: str, kind: str, key: str | None) -> Response[Any]:
    who, of = await editor(request, ags), _kind(kind)
    try:
        said = await forms.read(request, of.form, most=MOST_BYTES)
        city, known = await sheet(request, who, ags)
        before = next((one for one in getattr(city.snapshot, kind) if one.key == key), None)
        where = key or _new_key(kind, said, city)
        row = of.row(said, before, where, known)
        outcome = await publish(request, who, ags, desk.over(kind, where, said.seen, put(row)))
    except (Refused, Conflict) as problem:
        return await _form(request, who, ags, kind, key, forms.again(request, problem), problem.status)
    if where in outcome.withheld:
        gone = _("This person's data was erased here; they are not published again.")
        shown = forms.again(request, Refused(gone, [Problem(gone, field=of.called)]))
        return await _form(request, who, ags, kind, key, shown, Refused.status)
    name = getattr(row, of.called)[:80]
    return redirect(request, f"/city/{ags}/desk/{kind}", flash=_("Saved and published: {name}.", name=name))


def _new_key(kind: str, said: Any, city: desk.City) -> str:
    taken = {one.key for one in getattr(city.snapshot, kind)}
    called = said.title if kind == "projects" else said.name
    return new_key(getattr(said, "email", ""), called, taken)


@post("/city/{ags:str}/desk/{kind:str}/withdraw", page=True, status_code=303, right=access.PUBLISHING)
async def withdraw(request: AnyRequest, ags: str, kind: str) -> Response[Any]:
    """At once, because it can be taken back."""
    who, of, path = await editor(request, ags), _kind(kind), f"/city/{ags}/desk/{kind}"
    said = await forms.read(request, Withdrawing)
    try:
        city, _known = await sheet(request, who, ags)
        name = getattr(city.row(kind, said.key), of.called)[:80]
        await publish(request, who, ags, desk.over(kind, said.key, said.seen, drop(kind, said.key)))  # type: ignore[arg-type]  # one of KINDS
    except (Conflict, NotFound) as problem:
        return redirect(request, path, flash=problem.message)
    return redirect(request, path, flash=_("Withdrawn: {name}. You can undo this below.", name=name))


routes = [listed, adding, editing, add, save, withdraw]
