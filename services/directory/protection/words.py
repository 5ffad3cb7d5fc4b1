"""How fields, audiences and grounds are called before people."""

from datetime import date
from typing import Any

import msgspec

from services.directory.fields import CONSENT, FIELDS, Audience
from services.directory.snapshot import AREAS, NavigatorRow
from services.kit.i18n import gettext as _


def field_name(name: str) -> str:
    return {
        "name": _("Name"),
        "title": _("Title of the role"),
        "department": _("Department"),
        "profile": _("Role profile"),
        "hours_share": _("Share of working hours"),
        "offers": _("Helps with"),
        "seeks": _("Looks for help with"),
        "works_on": _("Works on"),
        "competences": _("Competences"),
        "languages": _("Languages"),
        "email": _("E-mail address"),
        "phone": _("Telephone"),
        "chat": _("Chat"),
        "room": _("Room"),
        "photo": _("Photo"),
        "since": _("Since"),
        "until": _("Until"),
        "mentor": _("Mentor"),
        "recruited": _("How the person was found"),
        "tasks": _("Tasks"),
        "funded": _("Place paid by the state"),
    }.get(name, name)


def audience_name(audience: Audience) -> str:
    return {
        Audience.PUBLIC: _("everybody"),
        Audience.NETWORK: _("the cities that take part"),
        Audience.CITY: _("my own city"),
        Audience.PRIVATE: _("nobody"),
    }[audience]


def basis_name(basis: str) -> str:
    if basis == CONSENT:
        return _("consent (Art. 6 (1) a GDPR)")
    return _("public task (Art. 6 (1) e GDPR with the state's data protection law)")


def category_name(category: str) -> str:
    return {
        "identity": _("Identity"),
        "contact": _("Official contact"),
        "role": _("Role"),
        "skills": _("Topics and competences"),
        "image": _("Picture"),
    }.get(category, category)


def code_name(code: str) -> str:
    """What role profiles, ways to the role and tasks are called."""
    return {
        "VOLUNTARY": _("voluntary"),
        "PART_TIME": _("with part of the working hours"),
        "FULL_TIME": _("full-time"),
        "ASKED": _("asked"),
        "NOMINATED": _("nominated"),
        "APPLIED": _("applied"),
        "CONTACT": _("is there for questions"),
        "ADVISE": _("advises"),
        "INSPIRE_LEADERS": _("wins leaders over"),
        "SHARE_KNOWLEDGE": _("shares knowledge"),
        "SCOUT": _("scouts for new things"),
        "NETWORK": _("builds networks"),
        "DEVELOP_IDEAS": _("develops ideas"),
        "TRY_OUT": _("tries things out"),
        "ASSESS_IDEAS": _("assesses ideas"),
        "SUPPORT_PROJECTS": _("supports projects"),
        "INVOLVE_PUBLIC": _("involves the public"),
    }.get(code, code)


def value_text(name: str, row: NavigatorRow, topics: dict[str, str]) -> str:
    """The value as one text; empty where there is none. `topics` are labels by code."""
    value: Any = getattr(row, name)
    if name == "competences":
        return "; ".join(line for area in AREAS for line in getattr(value, area))
    if isinstance(value, tuple):
        return ", ".join(code_name(one) if name == "tasks" else topics.get(str(one), str(one)) for one in value)
    if isinstance(value, date):
        return value.isoformat()
    if name in {"profile", "recruited"} and value:
        return code_name(value)
    if isinstance(value, bool):
        return _("yes") if value else ""
    return "" if value is None else str(value)


def filled(row: NavigatorRow) -> dict[str, Any]:
    """The published fields that hold something, as JSON has them."""
    plain = msgspec.to_builtins(row)
    wire = dict(zip(NavigatorRow.__struct_fields__, NavigatorRow.__struct_encode_fields__, strict=True))
    return {name: plain[wire[name]] for name in FIELDS if wire[name] in plain and plain[wire[name]]}
