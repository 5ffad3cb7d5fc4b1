"""What organisers write of registration: rules, invitations, exceptions, substitutes, attendance, follow-up."""

import datetime as dt
from collections.abc import Awaitable
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import models as m
from services.events.graphql.changing import changed, unit
from services.events.graphql.registration.types import AttendanceState
from services.events.graphql.types import Event
from services.events.registration import attendance as coming
from services.events.registration import inviting, organising
from services.events.registration.rules import OFFER_HOURS, Draft
from services.kit.db import Writer


@strawberry.input(description="From so many inhabitants on, a city gets so many places.")
class SizeStepInput:
    population: int
    places: int


@strawberry.input
class PartyInput:
    city: ID
    places: int


@strawberry.input(description="How an event gives its places; what is not given does not limit.")
class RegistrationInput:
    opens_at: dt.datetime | None = None
    closes_at: dt.datetime | None = None
    places: int | None = strawberry.field(default=None, description="Of the event as a whole.")
    sizes: list[SizeStepInput] = strawberry.field(default_factory=list, description="Rising by population.")
    parties: list[PartyInput] = strawberry.field(default_factory=list, description="Before the rule by size.")
    release_needed: bool | None = strawberry.field(
        default=None, description="Whether a superior's release is needed; if not given, for learning trips."
    )
    offer_hours: int = strawberry.field(
        default=OFFER_HOURS, description="How long a place from the waiting list stays offered."
    )

    def as_draft(self) -> Draft:
        return Draft(
            self.opens_at, self.closes_at, self.places, tuple((step.population, step.places) for step in self.sizes),
            tuple((str(one.city), one.places) for one in self.parties), self.release_needed, self.offer_hours,
        )  # fmt: skip


@strawberry.input(description="Whom to invite: people of cities (with topics, if named), and single people.")
class InvitationInput:
    cities: list[ID] = strawberry.field(default_factory=list, description="AGS.")
    topics: list[ID] = strawberry.field(
        default_factory=list,
        description="Who has to do with one of them or what lies below; in all cities if none are named.",
    )
    navigators: list[ID] = strawberry.field(default_factory=list)
    contact_points: bool = strawberry.field(default=False, description="Tell the cities' contact points as well.")
    words: str = strawberry.field(default="", description="The organiser's own words, in plain text.")
    language: str = strawberry.field(default="de", description="Of the mails: de or en.")


@strawberry.type(description="What came of an invitation; who was invited before gets no second mail.")
class Invited:
    invited: int
    already: int
    unreachable: int = strawberry.field(description="Of those invited now: without an address, or want no invitations.")
    contact_points: int


@strawberry.type
class Mutation:
    @strawberry.mutation(description="Open registration, or change how places are given; who has one keeps it.")
    async def set_registration(self, info: Info[Any, Any], event: ID, registration: RegistrationInput) -> Event:
        draft = registration.as_draft()
        return await changed(info, event, lambda session, row: organising.set_rules(session, row, draft))

    @strawberry.mutation(description="Invite people; each gets one mail with a link of their own.")
    async def invite_to_event(self, info: Info[Any, Any], event: ID, invitation: InvitationInput) -> Invited:
        wanted = inviting.Wanted(
            tuple(map(str, invitation.cities)), tuple(map(str, invitation.topics)),
            tuple(map(str, invitation.navigators)), invitation.contact_points, invitation.words, invitation.language,
        )  # fmt: skip
        done = await unit(info, event, lambda session, row: inviting.invite(session, row, wanted), say=False)
        return Invited(
            invited=done.invited, already=done.already, unreachable=done.unreachable, contact_points=done.contacts
        )

    @strawberry.mutation(
        description="Give people places. Against quota, capacity or order it takes a reason, kept. So it does "
        "`withoutRelease`: the place counts although a superior has not answered."
    )
    async def admit_to_event(
        self, info: Info[Any, Any], event: ID, navigators: list[ID], reason: str = "", without_release: bool = False
    ) -> Event:
        def admit(session: Writer, row: m.Event) -> Awaitable[m.Event]:
            return organising.admit(session, row, navigators, reason, without_release=without_release)

        return await changed(info, event, admit)

    @strawberry.mutation(description="A colleague of the same city takes over a place.")
    async def substitute_participant(self, info: Info[Any, Any], event: ID, leaves: ID, comes: ID) -> Event:
        return await changed(info, event, lambda session, row: organising.substitute(session, row, leaves, comes))

    @strawberry.mutation(description="Note of many participants whether they came.")
    async def set_attendance(
        self, info: Info[Any, Any], event: ID, navigators: list[ID], attendance: AttendanceState
    ) -> Event:
        state = attendance.value
        return Event.of(await unit(info, event, lambda session, row: coming.note(session, row, navigators, state)))

    @strawberry.mutation(description="Write to those who took part, on the day or later; returns how many they are.")
    async def send_follow_up(self, info: Info[Any, Any], event: ID, message: str = "") -> int:
        return await unit(info, event, lambda session, row: organising.follow_up(session, row, message), say=False)
