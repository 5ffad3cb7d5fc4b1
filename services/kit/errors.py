"""The one error family of the project.

    HubError
    ├── Refused    422  the input is wrong; `problems` say what to change, with row and field
    ├── Unknown    401  UNAUTHENTICATED: nobody, or somebody we cannot verify
    ├── Forbidden  403  known, but not allowed
    ├── NotFound   404
    ├── Conflict   409  right in itself, but not in the present state
    │   └── Stale       somebody else has changed it since it was looked at
    ├── Outdated   412  as Conflict, of a state that the request itself named (If-Match)
    ├── TooLarge   413
    ├── TooMany    429  asked too often; `seconds` until it may be asked again
    ├── TooSlow    504  takes longer than it may; asking for less helps
    └── Unavailable 503 a server we need does not answer; trying again helps

Every interface renders the same family once: GraphQL as `errors[].extensions`, HTTP as `application/problem+json`
(RFC 9457), the command line as one line. Messages go through gettext: they are written for the person who reads them.
"""

import math
from typing import Any, ClassVar

import msgspec

MOST_PROBLEMS = 50
"""A broken import of 10,000 rows should not answer with 10,000 complaints."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to change: `row` as `navigators[3]` (counted from 0), `field` as the client spells it."""

    message: str
    row: str = ""
    field: str = ""


class HubError(Exception):
    """The root of the family; `code` and `status` are fixed per class."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, problems: list[Problem] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems or []

    def as_json(self) -> dict[str, Any]:
        """Shape: `{code, status, detail, problems: [{message, row?, field?}], more?}`."""
        shown = [msgspec.to_builtins(p) for p in self.problems[:MOST_PROBLEMS]]
        body: dict[str, Any] = {"code": self.code, "status": self.status, "detail": self.message, "problems": shown}
        if len(self.problems) > MOST_PROBLEMS:
            body["more"] = len(self.problems) - MOST_PROBLEMS
        return body


class Refused(HubError):
    status, code = 422, "REFUSED"


class Unknown(HubError):
    status, code = 401, "UNAUTHENTICATED"


class Forbidden(HubError):
    status, code = 403, "FORBIDDEN"


class NotFound(HubError):
    status, code = 404, "NOT_FOUND"


class Conflict(HubError):
    status, code = 409, "CONFLICT"


class Stale(Conflict):
    """Somebody else has changed it since it was looked at."""


class Outdated(HubError):
    status, code = 412, "OUTDATED"


class TooLarge(HubError):
    status, code = 413, "TOO_LARGE"


class TooMany(HubError):
    """`seconds` is a whole number of at least 1, told as `Retry-After` over HTTP."""

    status, code = 429, "TOO_MANY"

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = max(1, math.ceil(seconds))


class Unavailable(HubError):
    status, code = 503, "UNAVAILABLE"


class TooSlow(HubError):
    status, code = 504, "TOO_SLOW"
