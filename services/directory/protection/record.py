"""The record of processing activities (Art. 30 GDPR), written from the data that the code itself goes by."""

from datetime import timedelta
from typing import Any

from services.directory import audit
from services.directory.fields import FIELDS, Audience
from services.directory.people import SESSION_SECONDS
from services.directory.protection import person, retention
from services.directory.protection.words import audience_name, basis_name, category_name, field_name
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext
from services.kit.settings import Settings


def record(settings: Settings) -> dict[str, Any]:
    """Shape: `{operator, contact, activities: [{name, purpose, people, data, recipients, kept}], fields, measures}`."""
    return {
        "operator": settings.operator,
        "contact": settings.privacy_contact,
        "controllers": _(
            "Each city for what it publishes; the operator of the hub works for the cities (Art. 28 GDPR)."
        ),
        "activities": [
            _directory(),
            _notices(),
            _candidates(),
            _assessments(),
            _events(),
            _matching(),
            _accounts(),
            _audit(),
        ],
        "fields": fields(),
        "measures": measures(),
    }


def fields() -> list[dict[str, str]]:
    """Every field of a person: who sees it unless told otherwise, who at most may, and on which ground."""
    return [
        {
            "field": field.name,
            "name": field_name(field.name),
            "category": category_name(field.category),
            "default": audience_name(field.default),
            "widest": audience_name(field.widest),
            "basis": basis_name(field.basis),
        }
        for field in FIELDS.values()
    ]


def kept() -> list[dict[str, str]]:
    """What is kept for how long; the numbers are those that the regular task goes by."""
    return [
        {
            "what": _("Entries of people whose last day in the role is over"),
            "how": _("hidden from everybody outside the city after {time}", time=in_words(retention.LEFT_AFTER)),
        },
        {
            "what": _("Entries that neither city nor person confirms"),
            "how": _(
                "the city is reminded after {remind}; hidden from everybody outside the city after {hide}",
                remind=in_words(retention.REMIND_AFTER),
                hide=in_words(retention.HIDE_AFTER),
            ),
        },
        {
            "what": _("Entries that the city withdraws"),
            "how": _("gone from directory, search, rounds and events at once"),
        },
        {
            "what": _("What a city published earlier (only the city sees it)"),
            "how": _("deleted {time} after something newer took its place", time=in_words(retention.SOURCES_KEPT)),
        },
        {
            "what": _("What a person said about an entry that was withdrawn"),
            "how": _("deleted after {time}", time=in_words(retention.OWN_WORD_KEPT)),
        },
        {
            "what": _("Self-assessments of people whom no city publishes any more"),
            "how": _("the shared copy at once, one's own after {time}", time=in_words(retention.OWN_WORD_KEPT)),
        },
        {
            "what": _("People who were asked, nominated or applied"),
            "how": _(
                "deleted {time} after the last word; applications that nobody confirms after {unconfirmed}",
                time=in_words(retention.CANDIDATES_KEPT),
                unconfirmed=in_words(retention.UNCONFIRMED_KEPT),
            ),
        },
        {
            "what": _("Erased people"),
            "how": _("deleted at once everywhere; a number without data stays, so that nobody publishes them again"),
        },
        {
            "what": _("What people need at an event, and their superiors' addresses"),
            "how": _("deleted on the day after the event"),
        },
        {"what": _("Personal links"), "how": _("valid for {time}", time=in_words(person.LINK_LIFE))},
        {
            "what": _("Mails"),
            "how": _("deleted as soon as they are handed over; sealed while they wait"),
        },
        {
            "what": _("Logins"),
            "how": _("end after {time}", time=in_words(timedelta(seconds=SESSION_SECONDS))),
        },
        {
            "what": _("Circulars to coordinators (who wrote them; recipients are not noted)"),
            "how": _("deleted after {time}", time=in_words(audit.KEPT)),
        },
        {
            "what": _("Audit log (names nobody)"),
            "how": _("deleted after {time}", time=in_words(audit.KEPT)),
        },
    ]


def measures() -> list[str]:
    """Technical and organisational measures (Art. 32 GDPR)."""
    return [
        _("Minimal by default: each field has an audience, and most are not public."),
        _("Each city writes its own data only; the database itself refuses the rest (row-level security)."),
        _("Names of the network are for programs and people of cities that were approved."),
        _("People see, correct, hide, object and erase by themselves, without an account."),
        _("Every publication and decision stands in a log that cannot be changed and names nobody."),
        _("Secrets are stored as hashes, mails sealed, connections encrypted; who asks too often is slowed down."),
        _("Logs of the server hold no personal data."),
    ]


def in_words(length: timedelta) -> str:
    """Such as „18 months“."""
    days = length.days
    if days >= 365 and days % 365 == 0:
        return ngettext("{number} year", "{number} years", days // 365)
    if days >= 500:
        return ngettext("{number} month", "{number} months", round(days * 12 / 365))
    if days:
        return ngettext("{number} day", "{number} days", days)
    return ngettext("{number} hour", "{number} hours", int(length.total_seconds() // 3600))


def _activity(name: str, purpose: str, people: str, data: list[str], recipients: list[str], how: str) -> dict[str, Any]:
    return {"name": name, "purpose": purpose, "people": people, "data": data, "recipients": recipients, "kept": how}


def _directory() -> dict[str, Any]:
    data = [
        f"{category_name(category)}: {', '.join(field_name(name) for name in names)}"
        for category, names in _by_category().items()
    ]
    return _activity(
        _("Directory of digital navigators"),
        _("Cities find navigators of other cities by topic and work together on digitalisation."),
        _("employees of cities with the role of a digital navigator"),
        data,
        [audience_name(audience) for audience in Audience if audience is not Audience.PRIVATE],
        _("as long as the city publishes the entry; see the list of periods"),
    )


def _by_category() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field in FIELDS.values():
        found.setdefault(field.category, []).append(field.name)
    return found


def _notices() -> dict[str, Any]:
    return _activity(
        _("Notices and rights of the people concerned"),
        _("People learn that they are published (Art. 14 GDPR) and use their rights (Art. 15 to 21 GDPR)."),
        _("employees of cities with the role of a digital navigator"),
        [_("corrections, choices, consents with their day, objections; a keyed digest of the address")],
        [_("the person; the city decides about objections")],
        _("deleted after {time}", time=in_words(retention.OWN_WORD_KEPT)),
    )


def _candidates() -> dict[str, Any]:
    return _activity(
        _("Winning navigators"),
        _("Cities ask people, note nominations and take applications; everybody says yes or no themselves."),
        _("employees of cities who may become digital navigators"),
        [_("name, official e-mail address, department, who nominated them, expected hours, answer and decision")],
        [_("the person; the city's coordinators")],
        _("deleted {time} after the last word", time=in_words(retention.CANDIDATES_KEPT)),
    )


def _assessments() -> dict[str, Any]:
    return _activity(
        _("Self-assessments"),
        _("Navigators find out where they stand, for themselves; sharing it is their choice (consent)."),
        _("employees of cities with the role of a digital navigator"),
        [_("levels in statements of four areas, a note")],
        [_("the person; while they share it, the city's coordinators")],
        _("until the person erases it"),
    )


def _events() -> dict[str, Any]:
    return _activity(
        _("Events"),
        _("Learning trips and speed-dating days are planned, and their papers printed."),
        _("navigators who take part"),
        [
            _("name, department, city, seats in rounds"),
            _("events that were left, for 90 days; whether one's own calendar was opened"),
            _("registration, release, seat in a bus, attendance; needs on the day, for the organiser alone"),
            _("whom one wants to stay in contact with after sharing a table; the address only where both do"),
            _("that one has voted, while a vote is open (what, nobody knows); what one has taken on"),
        ],
        [_("the organiser and the cities of the event")],
        _("until the entry is withdrawn or erased"),
    )


def _matching() -> dict[str, Any]:
    return _activity(
        _("Rounds of conversation"),
        _("Tables are put together by topics, so that people meet who can help each other."),
        _("navigators who take part"),
        [_("number of the entry, city and topics; no name")],
        [_("the organiser and the cities of the event")],
        _("until the entry is erased"),
    )


def _accounts() -> dict[str, Any]:
    return _activity(
        _("Accounts"),
        _("People of cities and states log in and act for them."),
        _("editors, coordinators, navigators, central navigators, operators"),
        [_("name, official e-mail address, roles, logins, passkeys; whether circulars are wanted")],
        [_("those who look after the people of the same city or state")],
        _("until the account is closed or erased"),
    )


def _audit() -> dict[str, Any]:
    return _activity(
        _("Audit log"),
        _("Who did what for which city can be shown (Art. 5 (2) GDPR)."),
        _("people with accounts, programs of cities"),
        [_("numbers of accounts and entries, what was done and when")],
        [_("coordinators and central navigators, for their own city or state")],
        _("deleted after {time}", time=in_words(audit.KEPT)),
    )
