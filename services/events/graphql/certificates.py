"""Certificates: issued and revoked by the organiser, had by those who attended, checked by anybody."""

import datetime as dt
from typing import Any

import strawberry
from strawberry import ID, Info

from services.events import access, certificates
from services.events import models as m
from services.events.graphql.changing import unit
from services.events.graphql.linked import whose
from services.events.graphql.parts import Navigator
from services.events.graphql.types import SERVICE, Event
from services.kit.db import HUB
from services.kit.resolvers import here, load, who

_MINUTES = "How long the person took part; null where the certificate says nothing of it."


@strawberry.type(description="That somebody attended an event.")
class Certificate:
    navigator: Navigator
    code: str = strawberry.field(description="As it stands on the paper; whoever has it can check the certificate.")
    check_url: str
    url: str = strawberry.field(description="The paper itself (with an access token).")
    minutes: int | None = strawberry.field(description=_MINUTES)
    issued_at: dt.datetime


@strawberry.type(description="One's own certificate.")
class MyCertificate:
    event: ID
    title: str
    date: dt.date
    code: str
    check_url: str
    url: str = strawberry.field(description="The paper itself, by the same link.")
    minutes: int | None = strawberry.field(description=_MINUTES)


@strawberry.type(description="What anybody sees of a certificate whose code they have.")
class CheckedCertificate:
    title: str = strawberry.field(description="Of the event.")
    date: dt.date
    last_day: dt.date
    minutes: int | None = strawberry.field(description=_MINUTES)
    initials: str = strawberry.field(description="Of the person, to compare with the paper.")
    issued_at: dt.datetime


async def certificates_of(info: Info[Any, Any], event: m.Event) -> list[Certificate]:
    if not access.organises(who(info), event):
        return []
    settings = here(info, SERVICE).settings
    paper = f"{settings.url_of(SERVICE)}/events/{event.id}/papers/certificates.pdf?navigator="
    return [
        Certificate(
            navigator=Navigator(id=ID(str(person.id))),
            code=certificates.written(row.code),
            check_url=certificates.url(settings, row.code),
            url=f"{paper}{person.id}",
            minutes=row.minutes,
            issued_at=row.issued_at,
        )
        for row, person in await load(info, SERVICE, certificates.of_events, event.id)
    ]


@strawberry.type
class CertificateQuery:
    @strawberry.field(description="Whether a certificate is genuine, for whoever has its code; null where it is not.")
    async def certificate(self, info: Info[Any, Any], code: str) -> CheckedCertificate | None:
        async with here(info, SERVICE).db.read(HUB) as session:
            found = await certificates.check(session, code)
        if found is None:
            return None
        event, row = found.event, found.certificate
        return CheckedCertificate(
            title=event.title, date=event.date, last_day=event.last_day, minutes=row.minutes, initials=row.initials,
            issued_at=row.issued_at,
        )  # fmt: skip

    @strawberry.field(description="One's own certificates, newest first; `link` is the person's own.")
    async def my_certificates(self, info: Info[Any, Any], link: str) -> list[MyCertificate]:
        mine, runtime = await whose(info, link), here(info, SERVICE)
        token = link.rstrip("/").rpartition("/")[2]
        base = f"{runtime.settings.url_of(SERVICE)}/events"
        await runtime.refresh()
        async with runtime.db.read(HUB) as session:
            found = await certificates.of_person(session, mine.person)
        return [
            MyCertificate(
                event=ID(str(one.event.id)),
                title=one.event.title,
                date=one.event.date,
                code=certificates.written(one.certificate.code),
                check_url=certificates.url(runtime.settings, one.certificate.code),
                url=f"{base}/{one.event.id}/certificates/{token}",
                minutes=one.certificate.minutes,
            )
            for one in found
            if mine.event in {None, one.event.id}
        ]


@strawberry.type
class CertificateMutation:
    @strawberry.mutation(
        description="Certificates for everybody who came (or for those named); who has one keeps the code. `minutes` "
        "say how long they took part; without, the agenda does."
    )
    async def issue_certificates(
        self, info: Info[Any, Any], event: ID, navigators: list[ID] | None = None, minutes: int | None = None
    ) -> Event:
        done = await unit(
            info, event, lambda session, row: certificates.issue(session, row, navigators, minutes), say=False
        )
        return Event.of(done)

    @strawberry.mutation(description="These people's certificates do not count any more.")
    async def revoke_certificates(self, info: Info[Any, Any], event: ID, navigators: list[ID]) -> Event:
        done = await unit(info, event, lambda session, row: certificates.revoke(session, row, navigators), say=False)
        return Event.of(done)
