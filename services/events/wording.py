"""What the planner of an open space finds and why, in words for people."""

from services.events import agenda
from services.kit.i18n import gettext as _
from services.kit.i18n import ngettext


def fault(found: agenda.Fault) -> str:
    """One fault of what was said; of which topic, person or room, is said beside it."""
    values = dict(found.values)
    match found.reason:
        case "apart-itself":
            return _("The topic is kept apart from itself.")
        case "bad-seats":
            return _("{seats} seats: between {least} and {most} are possible.", **values)
        case "bad-times":
            return _("Offered {times} times: between 1 and {most} are possible.", **values)
        case "blank-key":
            return _("A name is missing.")
        case "duplicate":
            return _("„{key}“ is given twice.", **values)
        case "frozen-pin":
            return _("The slot „{slot}“ is running or over: please name the room, too.", **values)
        case "nothing-pinned":
            return _("Name a slot or a room in which the topic stays.")
        case "pinned-too-often":
            return _("The topic is pinned {pins} times and offered {times} times.", **values)
        case "pinned-together":
            return _("The topic is pinned to the slot „{slot}“ twice.", **values)
        case "room-pinned-twice":
            return _("„{one}“ and „{other}“ are both pinned to the room „{room}“ in the slot „{slot}“.", **values)
        case "too-few":
            return _("There is none yet.")
        case "too-many":
            return _("{count} are too many; at most {most}.", **values)
        case "too-many-wishes":
            return _("{count} wishes are too many; at most {most}.", **values)
        case "unknown-convener":
            return _("Nobody of that name hosts a topic.")
        case "unknown-feature":
            return _("No room has „{feature}“.", **values)
        case "unknown-room":
            return _("There is no room „{room}“.", **values)
        case "unknown-slot":
            return _("There is no slot „{slot}“.", **values)
        case "unknown-topic":
            return _("There is no topic „{topic}“.", **values)
        case "weight-out-of-range":
            return _("The weight {weight} is not between {least} and {most}.", **values)
        case "wished-twice":
            return _("The topic „{topic}“ is wished for twice.", **values)
        case unknown:
            raise ValueError(unknown)


def conflict(found: agenda.Conflict) -> str:
    """Why the required topics cannot all be held; which ones, is said beside it."""
    values = dict(found.values)
    match found.reason:
        case "never-there":
            return _("Those who host „{topic}“ are never there at the same time.", **values)
        case "no-room":
            return _("No room has what „{topic}“ needs.", **values)
        case "away":
            return _("Those who host „{topic}“ are not there in the slot „{slot}“.", **values)
        case "unfit":
            return _("The room „{room}“ lacks what „{topic}“ needs.", **values)
        case "closed":
            return _("The room „{room}“, to which „{topic}“ is pinned, cannot be used in the slot „{slot}“.", **values)
        case "no-place":
            return _("Whenever those who host „{topic}“ are there, no room for it is free.", **values)
        case "convener":
            return _("{convener} hosts {topics} sessions and has {slots} slots for them.", **values)
        case "same-slot":
            return _(
                "„{one}“ and „{other}“ may not run at the same time, and both can only be in the slot „{slot}“.",
                **values,
            )
        case "one-place":
            return _("„{one}“ and „{other}“ can both only be in the room „{room}“ in the slot „{slot}“.", **values)
        case "too-few-places":
            return _("{topics} sessions have only {places} places together.", **values)
        case "repeated":
            return _("„{topic}“ is offered {times} times and has {slots} slots.", **values)
        case "together":
            return _("{topics} sessions cannot all be held together.", **values)
        case unknown:
            raise ValueError(unknown)


def apart(shared: agenda.Shared) -> str:
    """A topic that does not run at the same time, and how many people are glad of it."""
    return ngettext(
        "Not at the same time as „{topic}“: one person is interested in both",
        "Not at the same time as „{topic}“: {people} people are interested in both",
        shared.people,
        topic=shared.topic,
        people=shared.people,
    )


def beside(shared: agenda.Shared) -> str:
    """A topic that runs at the same time, and how many people have to choose."""
    return ngettext(
        "At the same time as „{topic}“: one person is interested in both",
        "At the same time as „{topic}“: {people} people are interested in both",
        shared.people,
        topic=shared.topic,
        people=shared.people,
    )
