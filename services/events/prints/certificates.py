"""Certificates of attendance with a code that anybody can check."""

from services.events.day import Day, long_date
from services.events.onsite import Certificate
from services.events.prints.codes import qr
from services.events.prints.common import line, lines, paper
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext

_MOST_CONTENTS = 8


def certificates(day: Day) -> bytes:
    """A page for each certificate, in their order; PDF/UA-1 and PDF/A-2a in one file."""
    labels = {
        "certificate": _("Certificate of attendance"),
        "attended": _("took part in"),
        "kind": _("Kind of event"),
        "date": _("Date"),
        "venue": _("Venue"),
        "duration": _("Duration"),
        "contents": _("Contents"),
        "check": _("Check code"),
        "code": _("QR code: check whether this certificate is genuine"),
        "how": _("Is this certificate genuine? Anybody can check it with the code here:"),
        "empty": _("No certificates have been issued yet."),
    }
    items = [item.title for item in sorted(day.agenda, key=lambda item: item.starts) if item.ends and not item.audience]
    return paper(
        "certificates",
        day,
        labels["certificate"],
        labels,
        kept=True,
        issuer=line(day.host),
        address=next((one.url.rpartition("/")[0] for one in day.certificates), ""),
        contents=lines(day.goals or items)[:_MOST_CONTENTS],
        certificates=[_certificate(day, one) for one in day.certificates],
    )


def _certificate(day: Day, one: Certificate) -> dict[str, str]:
    return {
        "name": line(one.name) or "–",
        "city": line(one.city),
        "duration": duration(one.minutes),
        "code": one.code,
        "qr": qr(one.url),
        "issued": _("Issued on {date}. Valid without a signature.", date=long_date(day, one.issued)),
    }


def duration(minutes: int | None) -> str:
    """`6 Stunden 15 Minuten`; empty for None."""
    hours, rest = divmod(minutes or 0, 60)
    said = ngettext("{number} hour", "{number} hours", hours) if hours else ""
    left = ngettext("{number} minute", "{number} minutes", rest) if rest else ""
    return " ".join(filter(None, (said, left)))
