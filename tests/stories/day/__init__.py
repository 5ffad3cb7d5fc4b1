"""The #KNmeetsHN day of 1 October 2019 from the invitation to what came of it, as a city's own programs play it.

Source: annual report 2019 of Konstanz's navigators, sections 2.4.4 to 2.8 and figure 13. Agenda and cities are those
of the day; all persons are invented. Everything goes through what the hub shows to the outside: GraphQL and HTTP,
tokens of OAuth clients, links in mails that a mail server took, event streams. One module is one part of the day;
`state.Day` knows what has happened so far, and `state.Day.changed` which of the `CHANGES` were injected.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from tests.stories.day import after, afternoon, arriving, following, inviting, morning, preparing, registering
from tests.stories.day.state import Day

CHANGES: Final = {
    "a superior refuses", "a registration is cancelled", "the day is brought forward", "the start moves by 15 minutes",
    "the bus is late", "two do not come", "a substitute at the last minute", "somebody comes late",
    "a round takes 5 minutes longer", "the hub loses power between two rounds", "the wifi is gone",
    "somebody wants to be erased", "a room is booked twice", "a person is booked twice", "a room is lost",
    "a convener leaves", "a topic is merged late",
}  # fmt: skip
"""What goes wrong on the day."""

PARTS: Final[tuple[Callable[[Day], Awaitable[None]], ...]] = (
    inviting.cities_publish,
    inviting.an_event_from_the_template,
    inviting.everybody_is_invited,
    registering.places_are_taken,
    registering.superiors_decide,
    registering.a_cancelled_registration_moves_the_list,
    registering.needs_and_seats,
    preparing.calendars,
    preparing.brought_forward,
    preparing.groups,
    preparing.papers,
    arriving.the_start_moves,
    arriving.the_bus_is_late,
    arriving.a_substitute,
    arriving.two_do_not_come,
    morning.the_first_round,
    morning.without_power,
    morning.without_wifi,
    morning.erased,
    following.announced,
    afternoon.topics,
    afternoon.the_plan,
    afternoon.booked_twice,
    afternoon.a_lost_room,
    afternoon.a_convener_leaves,
    afternoon.merged_late,
    afternoon.the_harvest,
    after.who_was_there,
    after.what_people_say,
    following.a_vote,
    following.a_project_of_two_cities,
    following.certificates,
    following.wishes_by_mail,
    following.papers_of_the_day,
    following.reports,
    after.the_follow_up,
    after.what_calendars_show,
)
"""In their order; each begins where the one before ended."""
