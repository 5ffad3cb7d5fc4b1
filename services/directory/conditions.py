"""What must be true of a row to be shown or found, in SQL: as `access.Viewer`, `filters` and `search` have it.

For the compiled reads (`directory.reads`). What the executor would refuse raises Unfit, or becomes a condition of the
whole statement.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from services.directory import access, filters, wording
from services.directory.fields import FIELDS
from services.directory.filters import Filters
from services.kit.compiled.shapes import Argument, Arguments, Given, Scope, Unfit
from services.kit.errors import Refused

PUBLIC, NETWORK, CITY = "public", "network", "city"
"""The audiences as which plans are made; „city“ is the network as seen by somebody with a city of their own."""
PLACES: Final = frozenset({"city", "state", "sizeClass"})
OF_CITIES: Final = frozenset({"text", "state", "sizeClass"})
OF_NAVIGATORS: Final = PLACES | {"topic", "text", "profile", "language", "offers", "seeks", "coordinator"}
OF_PROJECTS: Final = PLACES | {"topic", "text", "stage", "seeksPartners", "seeksTestArea"}
"""By what the lists of Query can be narrowed down."""


def own(at: Scope) -> str:
    return at.values.put(lambda given: given.viewer.own, "text")


def mask(at: Scope) -> str:
    """The flags of the row that the viewer sees: as `access.Viewer.mask`."""
    if at.viewer.audience == PUBLIC:
        return f"{at.row}.shown_public"
    if at.viewer.audience == NETWORK:
        return f"{at.row}.shown_network"
    return f"CASE WHEN {at.row}.ags = {own(at)} THEN {at.row}.shown_city ELSE {at.row}.shown_network END"


def sees(at: Scope, name: str) -> str:
    return f"({mask(at)} & {FIELDS[name].flag}) <> 0"


def listed(at: Scope, row: str) -> str:
    """Whether the viewer learns of a navigator at all: as `access.Viewer.sees`."""
    if at.viewer.audience == PUBLIC:
        return f"{row}.listed = 0"
    if at.viewer.audience == NETWORK:
        return f"{row}.listed <= 1"
    return f"({row}.listed <= 1 OR {row}.ags = {own(at)})"


# Arguments --------------------------------------------------------------------------------------------------------


def text(read: Argument, given: Given) -> str:
    value = read(given)
    if not isinstance(value, str) or "\0" in value:
        raise Unfit
    return value


def ags(read: Argument, given: Given) -> str:
    """Raises Unfit for a key that the executor refuses."""
    try:
        return access.checked_ags(text(read, given))
    except Refused as problem:
        raise Unfit from problem


def topic(at: Scope, arguments: Arguments, name: str = "topic") -> str | None:
    """The topic asked for. The executor refuses one that is not in the vocabulary, and knows what became of others."""
    read = arguments.get(name)
    if read is None:
        return None
    code = at.values.put(partial(text, read), "text")
    at.values.need(f"EXISTS (SELECT FROM topic WHERE code = {code} AND merged_into IS NULL)")
    return code


def city(at: Scope, arguments: Arguments) -> str | None:
    read = arguments.get("city")
    return at.values.put(partial(ags, read), "text") if read else None


def _filter(name: str, read: Argument, given: Given) -> str:
    """The value of a filter, as `filters.checked` lets it through."""
    value = text(read, given)
    said: dict[str, Any] = {name: value}
    try:
        filters.checked(Filters(**said))
    except Refused as problem:
        raise Unfit from problem
    return value


def _words(read: Argument, given: Given) -> str:
    """Each of the words as the beginning of one; the executor knows what no words mean."""
    found = wording.words(text(read, given)[: wording.LONGEST_TEXT])[: wording.MOST_WORDS]
    if not found:
        raise Unfit
    return " & ".join(f"{word}:*" for word in found)


# Lists ------------------------------------------------------------------------------------------------------------


def of_cities(at: Scope, row: str, arguments: Arguments) -> list[str]:
    found = [*_in_state(at, row, arguments), *_found(at, row, arguments, "found")]
    if read := arguments.get("sizeClass"):
        found.append(f"{row}.size_class = {at.values.put(partial(text, read), 'text')}")
    return found


def of_navigators(at: Scope, row: str, arguments: Arguments) -> list[str]:
    """All but topic and city."""
    here = replace(at, row=row)
    found = _at(at, row, arguments)
    for name, column, holds in SEEN:
        if read := arguments.get(name):
            value = at.values.put(partial(_filter, name, read), "text")
            found.append(f"{sees(here, column)} AND {holds.format(column=f'{row}.{column}', value=value)}")
    for name in ("offers", "seeks"):
        if code := topic(at, arguments, name):
            below = f"ARRAY(SELECT code FROM topic WHERE path @> ARRAY[{code}])"  # noqa: S608 - our own words
            found.append(f"{sees(here, name)} AND {row}.{name} && {below}")
    found += _equal(at, row, arguments, {"coordinator": "coordinator"}, "boolean")
    audience = PUBLIC if at.viewer.audience == PUBLIC else NETWORK
    return [*found, *_found(at, row, arguments, f"found_{audience}")]


SEEN: Final = (
    ("profile", "profile", "{column} = {value}"),
    ("language", "languages", "{column} @> ARRAY[{value}]"),
)


def of_projects(at: Scope, row: str, arguments: Arguments) -> list[str]:
    """All but topic and city."""
    seeking = {"seeksPartners": "seeks_partners", "seeksTestArea": "seeks_test_area"}
    return [
        *_at(at, row, arguments),
        *_equal(at, row, arguments, {"stage": "stage"}, "text"),
        *_equal(at, row, arguments, seeking, "boolean"),
        *_found(at, row, arguments, "found"),
    ]


def _equal(at: Scope, row: str, arguments: Arguments, columns: Mapping[str, str], kind: str) -> list[str]:
    asked = {column: arguments[name] for name, column in columns.items() if name in arguments}
    return [f"{row}.{column} = {at.values.put(read, kind)}" for column, read in asked.items()]


def _at(at: Scope, row: str, arguments: Arguments) -> list[str]:
    found = _in_state(at, row, arguments)
    if read := arguments.get("sizeClass"):
        value = at.values.put(partial(text, read), "text")
        # One look for each row, so that nothing can change the order of the list.
        found.append(f"(SELECT c.size_class FROM city c WHERE c.ags = {row}.ags) = {value}")  # noqa: S608 - our own words
    return found


def _in_state(at: Scope, row: str, arguments: Arguments) -> list[str]:
    read = arguments.get("state")
    return [f"left({row}.ags, 2) = {at.values.put(partial(_filter, 'state', read), 'text')}"] if read else []


def _found(at: Scope, row: str, arguments: Arguments, column: str) -> list[str]:
    read = arguments.get("text")
    return [f"{row}.{column} @@ to_tsquery('simple', {at.values.put(partial(_words, read), 'text')})"] if read else []
