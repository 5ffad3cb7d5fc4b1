"""Forms of people in browsers: read into structs, refused when another site's page sent them.

Every form carries a token bound to the browser's session or, before a login, to a cookie that was set when the form
was shown. `read` checks type, origin and token before it looks at anything else.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, Union, cast, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from msgspec.structs import FieldInfo
from multipart import MultipartError, MultipartParser, parse_options_header

from services.kit.auth import ANONYMOUS, Principal, check_origin, cookie_name
from services.kit.errors import Forbidden, HubError, Problem, Refused, Stale, TooLarge, Unknown
from services.kit.graphql import read_body
from services.kit.i18n import gettext as _
from services.kit.settings import Settings
from services.kit.text import forbidden_character

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"
FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"
MOST_BYTES: Final = 20_000
MOST_FIELDS: Final = 200
LONGEST_FILE_NAME: Final = 200
LOGIN: Final = "/login"
LOCAL_PATH: Final = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]{0,999})?")
"""A path of this hub, with its query: printable ASCII without a backslash, and no second slash at first."""
BROWSER: Final = re.compile(r"[A-Za-z0-9_-]{43}")

T = TypeVar("T", bound=msgspec.Struct)
AnyRequest = Request[Any, Any, Any]


class Form(NamedTuple):
    """What a page shows in a form: the values as they were sent, and what is wrong with them."""

    sent: Mapping[str, Sequence[str]] = {}
    problems: Sequence[Problem] = ()
    message: str = ""
    stale: bool = False
    """Somebody else has changed what the form is about since it was shown."""

    def value(self, name: str, default: object = "") -> str:
        values = self.sent.get(name)
        return values[0] if values else str(default or "")

    def chosen(self, name: str, value: str, default: bool = False) -> bool:
        """Whether a box or an option is ticked: as it was sent, or `default` before anything was."""
        return value in self.sent.get(name, ()) if self.sent else default

    def at(self, field: str) -> "Form":
        """The same, with its message beside a field."""
        return self._replace(problems=[Problem(self.message, field=field)])

    def problem(self, name: str) -> str:
        return " ".join(problem.message for problem in self.problems if problem.field == name)


EMPTY: Final = Form()


class File(NamedTuple):
    """A file as a browser sent it; `name` is what its owner calls it, never a path of ours."""

    name: str
    content: bytes


async def asking(request: AnyRequest) -> Principal:
    """Who sent `request`, asked once. Raises Forbidden for a request that another site's page caused."""
    found = asked(request)
    if found is None:
        found = await request.app.state.hub.asking(request)
        _kept(request)["lotsennetz.principal"] = found
    return found


def asked(request: AnyRequest) -> Principal | None:
    """Who sent `request`, if that was asked before."""
    found: Principal | None = _kept(request).get("lotsennetz.principal")
    return found


def _kept(request: AnyRequest) -> dict[str, Any]:
    """What is remembered for the length of a request, under names of our own."""
    return cast("dict[str, Any]", request.scope)


async def person(request: AnyRequest) -> Principal:
    """Who is logged in with this browser. Raises Unknown, which pages answer with the way to the login."""
    who = await asking(request)
    if not (who.person and who.session):
        raise Unknown(_("Please log in first."))
    return who


async def read(request: AnyRequest, form: type[T], *, most: int = MOST_BYTES) -> T:
    """The form that was sent, without white space around its values.

    A text without a default must not be empty; an empty value of a field with a default counts as not sent. Raises
    HTTPException (415) for another media type, Forbidden for a form that is not from our own page, TooLarge beyond
    `most` bytes, and Refused with a problem for each field that is wrong; `again` shows the form with them.
    """
    sent = await _sent(request, most)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    fields = msgspec.structs.fields(form)
    for field in fields:
        if _bare(field.type) is date:
            sent = {**sent, field.encode_name: _day(sent, field.encode_name)}
        given = [value.replace("\r\n", "\n").strip() for value in sent.get(field.encode_name, ())]
        try:
            if (value := _value(field, given)) is not msgspec.NODEFAULT:
                values[field.name] = value
        except Refused as problem:
            problems.append(Problem(problem.message, field=field.encode_name))
    if problems:
        raise Refused(_("Please look at the fields that are named."), problems)
    return form(**values)


def again(request: AnyRequest, problem: HubError) -> Form:
    """The form as it was sent with what is wrong, for the page that answers a Refused."""
    sent = _kept(request).get("lotsennetz.form", {})
    return Form(sent, problem.problems, problem.message, isinstance(problem, Stale))


async def read_json(request: AnyRequest, body: type[T], *, most: int = MOST_BYTES) -> T:
    """What a script of our own page sent, with the page's token in the header `x-csrf-token`; raises as `read`."""
    _check_type(request, JSON)
    who = await _from_here(request)
    content = await read_body(request, most)
    _check_token(request, who, request.headers.get(HEADER, ""))
    try:
        return msgspec.json.decode(content, type=body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Refused(_("This cannot be read.")) from problem


async def read_file(request: AnyRequest, name: str, *, most: int) -> File:
    """The one file of a form with `multipart=true`. Raises as `read`; TooLarge for more than `most` bytes."""
    _check_type(request, MULTIPART)
    who = await _from_here(request)
    boundary = parse_options_header(request.headers.get("content-type", ""))[1].get("boundary", "")
    content = await read_body(request, most + MOST_BYTES)
    try:
        parser = MultipartParser(
            BytesIO(content), boundary, len(content), strict=True, part_limit=MOST_FIELDS,
            spool_limit=len(content) + 1, memory_limit=len(content) + 1, disk_limit=0,
        )  # fmt: skip
        parts = parser.parts()
        tokens = [part.value for part in parts if part.name == FIELD and part.filename is None]
        files = [File(_last_name(part.filename), part.raw) for part in parts if part.name == name and part.filename]
    except (MultipartError, UnicodeDecodeError, ValueError) as problem:
        raise Refused(_("This cannot be read.")) from problem
    _check_token(request, who, tokens[0] if len(tokens) == 1 else "")
    if len(files) != 1:
        message = _("Please choose a file.")
        raise Refused(message, [Problem(message, field=name)])
    if len(files[0].content) > most:
        raise TooLarge(_("At most {most} bytes in one request, please.", most=most))
    return files[0]


def _last_name(path: str) -> str:
    """The name of a file without the folders that some browsers send along, and without what cannot be shown."""
    name = re.split(r"[\\/]", path)[-1]
    return "".join(one for one in name if one.isprintable())[-LONGEST_FILE_NAME:]


async def _sent(request: AnyRequest, most: int) -> Mapping[str, list[str]]:
    _check_type(request, FORM)
    who = await _from_here(request)
    content = await read_body(request, most)
    sent: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(
            content.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        ):
            sent.setdefault(name, []).append(value)
    except ValueError as problem:
        raise Refused(_("This cannot be read.")) from problem
    tokens = sent.pop(FIELD, [])
    _check_token(request, who, tokens[0] if len(tokens) == 1 else "")
    _kept(request)["lotsennetz.form"] = sent
    return sent


async def _from_here(request: AnyRequest) -> Principal:
    check_origin(request, _settings(request).issuer)
    return await asking(request)


def _check_type(request: AnyRequest, wanted: str) -> None:
    if request.content_type[0].lower() != wanted:
        raise HTTPException(_("Send this as {type}.", type=wanted), status_code=415)


def _settings(request: AnyRequest) -> Settings:
    settings: Settings = request.app.state.hub.settings
    return settings


# Fields ------------------------------------------------------------------------------------------------------------


def _value(field: FieldInfo, given: list[str]) -> Any:
    """The value of one field; NODEFAULT where its default counts. Raises Refused, in words."""
    wanted = field.type
    several = get_origin(_bare(wanted)) is list
    if len(given) > 1 and not several:
        raise Refused(_("This was sent twice."))
    if bad := next((bad for one in given if (bad := forbidden_character(one))), None):
        raise Refused(
            _(
                "The text has a character that cannot be used here ({character}). Please type that place anew.",
                character=bad,
            )
        )
    given = [one for one in given if one]
    if not given:
        if field.required:
            raise Refused(_("Please fill in this field."))
        return msgspec.NODEFAULT
    try:
        return msgspec.convert(given if several else given[0], wanted, strict=False)
    except msgspec.ValidationError as problem:
        raise Refused(_why(wanted, given)) from problem


def _day(sent: Mapping[str, list[str]], name: str) -> list[str]:
    """A day that was written into three fields, as ISO 8601; what is no day stays as it was written."""
    if name in sent:
        return sent[name]
    parts = [next(iter(sent.get(f"{name}-{part}", ())), "").strip() for part in ("year", "month", "day")]
    if not any(parts):
        return []
    year, month, day = parts
    return [f"{year}-{month.zfill(2)}-{day.zfill(2)}"]


def _bare(wanted: Any) -> Any:
    """The type without its limits and without None."""
    while get_origin(wanted) in {Annotated, Union, UnionType}:
        wanted = next(one for one in get_args(wanted) if one is not type(None))
    return wanted


def _why(wanted: Any, given: list[str]) -> str:
    """What to do about a value that does not fit, as far as the type tells."""
    bare = _bare(wanted)
    if get_origin(bare) is Literal:
        return _("Please choose one of those offered.")
    limits = [one for one in _limits(wanted) if isinstance(one, msgspec.Meta)]
    if bare is str:
        longest = max(map(len, given))
        most = min((one.max_length for one in limits if one.max_length is not None), default=longest)
        least = max((one.min_length for one in limits if one.min_length is not None), default=0)
        if longest > most:
            return _("{length} characters are too many; at most {most}.", length=longest, most=most)
        if longest < least:
            return _("{length} characters are too few; at least {least}.", length=longest, least=least)
    if bare is date:
        return _("Please write a day with day, month and year, such as 24 12 2026.")
    if bare in {int, float}:
        lowest = next((one.ge for one in limits if one.ge is not None), None)
        highest = next((one.le for one in limits if one.le is not None), None)
        if lowest is not None and highest is not None:
            return _("Choose a number from {least} to {most}.", least=lowest, most=highest)
        return _("Please write a number.")
    return _("This does not have the form that is needed here.")


def _limits(wanted: Any) -> list[Any]:
    if get_origin(wanted) is Annotated:
        return [*get_args(wanted)[1:], *_limits(get_args(wanted)[0])]
    return [limit for one in get_args(wanted) for limit in _limits(one)] if get_origin(wanted) is not Literal else []


# Tokens ------------------------------------------------------------------------------------------------------------


def browser(request: AnyRequest) -> str:
    """The cookie that stands for this browser before a login; empty where it has none."""
    value = request.cookies.get(_browser_name(_settings(request)), "")
    return value if BROWSER.fullmatch(value) else ""


def new_browser() -> str:
    return secrets.token_urlsafe(32)


def browser_cookie(settings: Settings, value: str) -> Cookie:
    """Set at the first form that is shown, and anew at every login and logout."""
    return cookie(settings, _browser_name(settings), value)


def session_cookie(settings: Settings, value: str, seconds: int) -> Cookie:
    """The cookie of a session (`kit.auth`); empty for 0 seconds, it ends the one there is."""
    return cookie(settings, cookie_name(settings.issuer), value, seconds)


def cookie(settings: Settings, name: str, value: str, seconds: int | None = None) -> Cookie:
    secure = settings.issuer.startswith("https:")
    return Cookie(name, "/", value, seconds, secure=secure, httponly=True, samesite="lax")


def token(settings: Settings, who: Principal, browser: str) -> str:
    """A token for the forms of this session or, without one, this browser; another at every call."""
    salt = secrets.token_urlsafe(9)  # so that no two answers compress alike
    return f"{salt}.{_seal(settings, _bound_to(who, browser), salt)}"


def _check_token(request: AnyRequest, who: Principal, given: str) -> None:
    salt, _dot, seal = given.partition(".")
    bound = _bound_to(who, browser(request))
    if not bound or not hmac.compare_digest(_seal(_settings(request), bound, salt).encode(), seal.encode()):
        raise Forbidden(_("This form is out of date. Please open the page again and send it once more."))


def _bound_to(who: Principal, browser: str) -> str:
    return f"session:{who.session}" if who.session else f"browser:{browser}" if browser else ""


def _seal(settings: Settings, bound: str, salt: str) -> str:
    return hmac.digest(settings.derived("forms"), f"{bound}\0{salt}".encode(), hashlib.sha256).hex()


def _browser_name(settings: Settings) -> str:
    return "__Host-lotsennetz-browser" if settings.issuer.startswith("https:") else "lotsennetz-browser"


def lines(text: str) -> list[str]:
    """What stands in a text box, one value a line, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def local_path(value: str, default: str = "/") -> str:
    """`value` if it is a path of this very hub, else `default`: nobody is sent elsewhere after a login."""
    return value if LOCAL_PATH.fullmatch(value) else default


async def known(request: AnyRequest) -> Principal:
    """As `asking`, for pages that everybody may see: nobody where the question itself fails."""
    try:
        return await asking(request)
    except HubError:
        return ANONYMOUS
