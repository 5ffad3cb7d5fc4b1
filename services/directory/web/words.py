"""What the graph calls by a name in capitals, in the words of people."""

from datetime import date
from typing import Any

from babel.dates import format_date

from services.kit import i18n
from services.kit.i18n import gettext as _


def kind(value: str) -> str:
    return {
        "NAVIGATOR": _("Navigators"),
        "PROJECT": _("Projects"),
        "CITY": _("Cities and municipalities"),
        "TOPIC": _("Topics"),
    }[value]


def stage(value: str) -> str:
    return {
        "IDEA": _("an idea"),
        "PLANNED": _("planned"),
        "RUNNING": _("running"),
        "DONE": _("completed"),
        "STOPPED": _("stopped"),
    }[value]


def profile(value: str) -> str:
    return {
        "VOLUNTARY": _("beside the post"),
        "PART_TIME": _("with a share of the post"),
        "FULL_TIME": _("as the whole post"),
    }[value]


def task(value: str) -> str:
    return {
        "CONTACT": _("is the contact for questions"),
        "ADVISE": _("advises colleagues"),
        "INSPIRE_LEADERS": _("wins leaders over"),
        "SHARE_KNOWLEDGE": _("shares knowledge"),
        "SCOUT": _("looks out for what is new"),
        "NETWORK": _("brings people together"),
        "DEVELOP_IDEAS": _("develops ideas"),
        "TRY_OUT": _("tries things out"),
        "ASSESS_IDEAS": _("assesses ideas"),
        "SUPPORT_PROJECTS": _("supports projects"),
        "INVOLVE_PUBLIC": _("involves the public"),
    }[value]


def who(person: dict[str, Any]) -> str:
    """A navigator's name; for those who may not see it, where they work."""
    return str(person["name"] or person["department"] or person["title"] or _("Navigator"))


def day(value: str | None) -> str:
    return format_date(date.fromisoformat(value), "long", locale=i18n.locale()) if value else "–"
