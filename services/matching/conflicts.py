"""Which rules of a plan conflict, in words."""

from collections.abc import Mapping
from typing import Any

from services.kit.i18n import gettext as _
from services.matching import wording
from services.matching.solver.conflict import Conflict
from services.matching.solver.rules import Rule, Sort


def words(found: Conflict, names: Mapping[str, str]) -> str:
    """A sentence or two for organisers; `names` by key of person, and of city or other kind. Whoever is not among them
    is called by their key. Rounds and tables count from 1.
    """

    def word(name: str, value: str) -> str:
        if value in names:
            return names[value]
        return wording.kind(value) if name in {"kind", "other"} else wording.group(value)

    said: dict[str, Any] = {
        name: word(name, value) if isinstance(value, str) else value for name, value in found.values.items()
    }
    if "table" in said:
        said["table"] += 1
    if found.tables:
        said["named"] = ", ".join(str(table + 1) for table in found.tables)
    sentence = _sentence(found.reason, said)
    return (
        sentence if found.round is None else _("In round {round}: {sentence}", round=found.round + 1, sentence=sentence)
    )


def rule_words(rule: Rule, names: Mapping[str, str]) -> str:
    """What one rule demands, with `names` as in `words`."""
    people = [names.get(key, key) for key in rule.people]
    one, other = (*people, "", "")[:2]
    table, number = (0 if part is None else part + 1 for part in (rule.table, rule.round))
    match rule.sort:
        case Sort.MUST:
            return _("{one} and {other} shall meet.", one=one, other=other)
        case Sort.NEVER:
            return _("{one} and {other} shall never meet.", one=one, other=other)
        case Sort.EARLIER:
            return _("{one} and {other} met at an earlier day.", one=one, other=other)
        case Sort.SEAT:
            return _("{one} stays at table {table}.", one=one, table=table)
        case Sort.REACH:
            return _("{one} can use some tables only.", one=one)
        case Sort.AWAY:
            return _("{one} is not there in every round.", one=one)
        case Sort.PAST:
            return _("Round {round} is past and stays as it was.", round=number)
        case Sort.LEAST:
            return _("Table {table} wants so many people at least.", table=table)
        case Sort.MOST:
            return _("Table {table} has only so many places.", table=table)
        case Sort.EVEN:
            return _("Tables differ by one person at most.")
        case Sort.MIXING:
            return _("Tables mix „{kind}“.", kind=wording.kind(rule.kind or ""))
        case Sort.REPEAT:
            return _("Nobody meets twice.")


def _sentence(reason: str, said: dict[str, Any]) -> str:
    return _pairs(reason, said) or _kinds(reason, said) or _places(reason, said)


def _pairs(reason: str, said: dict[str, Any]) -> str | None:
    match reason:
        case "must-and-never":
            return _("{one} and {other} shall meet, and shall never meet.", **said)
        case "must-met-before":
            return _("{one} and {other} shall meet, but met before, and nobody shall meet twice.", **said)
        case "must-never-there-together":
            return _("{one} and {other} shall meet, but are never there in the same round.", **said)
        case "must-no-common-table":
            return _("{one} and {other} shall meet, but can never sit at the same table.", **said)
        case "must-of-one-kind":
            return _("{one} and {other} shall meet, but the mixing of „{kind}“ keeps them apart.", **said)
        case "must-too-many-partners":
            return _("{one} shall meet {partners} people; the places at the same tables do not suffice.", **said)
        case "must-in-one-round":
            return _("{people} people shall meet in the only round; no table is large enough for all.", **said)
        case "must-too-many":
            return _("{pairs} pairs shall meet; rounds and tables do not suffice.", **said)
        case "must-and-kind":
            return _("{pairs} pairs shall meet; that does not fit to the mixing of „{kind}“.", **said)
        case "must-and-never-others":
            return _("{pairs} pairs shall meet and {nevers} shall never; that does not fit together.", **said)
        case "must-and-repeat":
            return _("{pairs} pairs shall meet; in {rounds} rounds others would then meet twice.", **said)
        case "never-at-one-table":
            return _("{one} and {other} shall never meet, but both have to sit at table {table}.", **said)
        case "never-too-few-tables":
            return _("{people} people who must all not meet each other, at {tables} tables.", **said)
        case "never-too-many":
            return _("Among {people} people, {pairs} pairs must not meet; {tables} tables do not suffice.", **said)
    return None


def _kinds(reason: str, said: dict[str, Any]) -> str | None:
    match reason:
        case "kind-too-many":
            return _("{people} people of „{name}“ do not fit: {tables} tables take {places} of them at most.", **said)
        case "kind-too-few":
            return _("Too few people of „{name}“ ({people}): the tables want {places} at least.", **said)
        case "kind-and-never":
            return _("The mixing of „{kind}“ does not fit to who must not meet.", **said)
        case "kind-and-sizes":
            return _("The mixing of „{kind}“ does not fit to the sizes of the tables.", **said)
        case "kind-in-reach":
            return _("The mixing of „{kind}“ does not fit to who can sit where.", **said)
        case "kinds-together":
            return _("The mixings of „{kind}“ and „{other}“ do not fit together.", **said)
    return None


def _places(reason: str, said: dict[str, Any]) -> str:
    match reason:
        case "too-few-places":
            return _("{people} people are there, and the tables have {places} places.", **said)
        case "too-many-places":
            return _("{people} people are there, and the tables want {places} at least.", **said)
        case "too-few-places-in-reach":
            return _("Tables in reach ({named}) have {places} places; {people} people can use no others.", **said)
        case "too-few-people-in-reach":
            return _("Tables ({named}) want {places} people at least; {people} can use them.", **said)
        case "uneven-reach":
            return _("Who can sit where does not allow tables of even size.")
        case "repeats":
            return _("{rounds} rounds at {tables} tables: at least {meetings} meetings are repeated.", **said)
        case "repeats-before":
            return _("After earlier meetings, nobody meets twice in {rounds} rounds: that is not possible.", **said)
        case "repeats-seated":
            return _("Some have fixed seats beside each other more than once, but nobody shall meet twice.")
        case "repeats-with-others":
            return _("That nobody meets twice in {rounds} rounds does not fit to {rules} other rules.", **said)
    return _("{rules} rules cannot hold together.", **said)
