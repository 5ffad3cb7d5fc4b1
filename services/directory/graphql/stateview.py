"""The state as a whole through GraphQL: numbers for everybody, places and care for those who look after it."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Self

import strawberry
from strawberry import ID, Info

from services.contracts.states import STATES
from services.directory import access
from services.directory.access import Viewer
from services.directory.graphql.types import SERVICE, City, Topic, city_of, topic_of
from services.directory.graphql.words import SizeClass
from services.directory.stateview import care, coverage, gaps, growth, quota, stale
from services.directory.stateview.coverage import By, Which
from services.directory.stateview.ground import checked_state
from services.kit.db import Reader
from services.kit.errors import Refused
from services.kit.graphql import Connection, decode_cursor, encode_cursor, page_size
from services.kit.i18n import gettext as _
from services.kit.resolvers import as_uuid, here, load, read, who

strawberry.enum(Which, name="WhichMunicipalities", description="Which municipalities of a state.")
strawberry.enum(By, name="MunicipalityOrder", description="By name, or from the largest on.")


def _size(size: str | None) -> SizeClass | None:
    return SizeClass(size) if size else None


@strawberry.type(description="How many municipalities take part: in the state, a district, or a size class.")
class Coverage:
    district: str | None
    district_code: ID | None = strawberry.field(description="Five digits.")
    size_class: SizeClass | None
    municipalities: int
    taking_part: int
    with_navigators: int
    navigators: int = strawberry.field(description="As many as you may see.")
    population: int
    reached: int = strawberry.field(description="The population of the municipalities with navigators.")

    @classmethod
    def of(cls, row: coverage.Coverage) -> Self:
        return cls(
            district=row.district,
            district_code=ID(row.district_code) if row.district_code else None,
            size_class=_size(row.size),
            municipalities=row.municipalities,
            taking_part=row.taking_part,
            with_navigators=row.with_navigators,
            navigators=row.people,
            population=row.population,
            reached=row.reached,
        )


@strawberry.type(description="Places that the state pays in a municipality.")
class Places:
    entitled: int | None = strawberry.field(description="Null while the state has no rule.")
    used: int = strawberry.field(description="Navigators that hold one.")
    own: int = strawberry.field(description="Navigators that the municipality pays itself.")
    free: int | None


@strawberry.type(description="A municipality of a state, whether it takes part or not.")
class StateMunicipality:
    row: strawberry.Private[coverage.Place]
    ags: ID
    name: str
    district: str
    population: int | None
    size_class: SizeClass | None
    taking_part: bool
    navigators: int = strawberry.field(description="As many as you may see.")
    confirmed_on: dt.date | None

    @classmethod
    def of(cls, row: coverage.Place) -> Self:
        return cls(
            row=row,
            ags=ID(row.ags),
            name=row.name,
            district=row.district,
            population=row.population,
            size_class=_size(row.size),
            taking_part=row.takes_part,
            navigators=row.people,
            confirmed_on=row.confirmed_on,
        )

    @strawberry.field(description="What it publishes here; null if it does not take part.")
    async def city(self, info: Info[Any, Any]) -> City | None:
        return await city_of(info, self.row.ags)

    @strawberry.field
    def places(self, info: Info[Any, Any]) -> Places:
        access.may_steer(who(info), self.row.ags[:2])
        return Places(entitled=self.row.entitled, used=self.row.used, own=self.row.own, free=self.row.free)


@strawberry.type(description="From `population` inhabitants on, a municipality has `places`.")
class QuotaStep:
    population: int
    places: int


@strawberry.input(description="From `population` inhabitants on, a municipality has `places`.")
class QuotaStepInput:
    population: int
    places: int


@strawberry.type(description="Places of a state or a size class.")
class QuotaCount:
    size_class: SizeClass | None
    municipalities: int
    taking_part: int
    entitled: int = strawberry.field(description="Places of all municipalities by the rule.")
    used: int
    free: int = strawberry.field(description="Places of municipalities that take part, which nobody holds.")
    over: int = strawberry.field(description="Funded navigators beyond what their municipality may have.")
    own: int

    @classmethod
    def of(cls, row: quota.Used) -> Self:
        return cls(
            size_class=_size(row.size),
            municipalities=row.municipalities,
            taking_part=row.taking_part,
            entitled=row.entitled,
            used=row.used,
            free=row.free,
            over=row.over,
            own=row.own,
        )


@strawberry.type(description="The state's rule for places it pays, and what became of it.")
class Quota:
    rule: list[QuotaStep] = strawberry.field(description="Empty while the state has none.")
    total: QuotaCount
    sizes: list[QuotaCount]


@strawberry.type(description="Cities by months since they last said that their entries are true.")
class Stale:
    below3: int
    from3: int
    from6: int
    from12: int
    past_last_day: int = strawberry.field(description="Navigators whose last day has passed.")


@strawberry.type(description="A topic that is sought and not offered in a state, or offered and not sought.")
class TopicGap:
    code: strawberry.Private[str]
    people: int = strawberry.field(description="Of the state, who seek it or offer it.")
    elsewhere: int = strawberry.field(description="Of other states, who offer what is sought or seek what is offered.")

    @strawberry.field
    async def topic(self, info: Info[Any, Any]) -> Topic | None:
        return await topic_of(info, self.code)

    @classmethod
    def of(cls, row: gaps.Gap) -> Self:
        return cls(code=row.code, people=row.people, elsewhere=row.elsewhere)


@strawberry.type(description="What there was on the last counted day of a month; of this month, what there is now.")
class Growth:
    day: dt.date
    cities: int
    navigators: int
    projects: int


@strawberry.type(description="A central navigator and the municipalities they look after.")
class CaseLoad:
    account: ID
    name: str
    active: bool = strawberry.field(description="False where somebody else should take over.")
    municipalities: int
    taking_part: int
    navigators: int


# Through loaders, so that a query that asks for them a hundred times counts each state once.


async def _coverages(session: Reader, keys: Sequence[tuple[str, Viewer]]) -> list[list[coverage.Covered]]:
    return [[await coverage.coverage(session, *key)] for key in keys]


async def _sought(session: Reader, keys: Sequence[tuple[str, Viewer]]) -> list[list[gaps.Gap]]:
    return [await gaps.sought(session, *key) for key in keys]


async def _offered(session: Reader, keys: Sequence[tuple[str, Viewer]]) -> list[list[gaps.Gap]]:
    return [await gaps.offered(session, *key) for key in keys]


async def _growth(session: Reader, keys: Sequence[str]) -> list[list[growth.Growth]]:
    return [await growth.growth(session, state, growth.MOST_MONTHS) for state in keys]


def _months(day: dt.date) -> int:
    return 12 * day.year + day.month


@strawberry.type(description="A state as a whole.")
class State:
    code: ID = strawberry.field(description="Two digits.")
    name: str
    viewer: strawberry.Private[Viewer]

    async def _covered(self, info: Info[Any, Any]) -> coverage.Covered:
        found: list[coverage.Covered] = await load(info, SERVICE, _coverages, (str(self.code), self.viewer))
        return found[0]

    @strawberry.field(description="All of the state. Without the register, only those that take part are known.")
    async def coverage(self, info: Info[Any, Any]) -> Coverage:
        return Coverage.of((await self._covered(info)).total)

    @strawberry.field(description="The coverage of each district, by name.")
    async def districts(self, info: Info[Any, Any]) -> list[Coverage]:
        return [Coverage.of(row) for row in (await self._covered(info)).districts]

    @strawberry.field(description="The coverage of each size class, from the smallest on.")
    async def size_classes(self, info: Info[Any, Any]) -> list[Coverage]:
        return [Coverage.of(row) for row in (await self._covered(info)).sizes]

    @strawberry.field(
        description="Its municipalities, one by one; `district` takes five digits, `caredBy` the account of a central "
        "navigator."
    )
    async def municipalities(
        self,
        info: Info[Any, Any],
        which: Which | None = None,
        district: ID | None = None,
        size_class: SizeClass | None = None,
        by: By = By.NAME,
        cared_by: ID | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> Connection[StateMunicipality]:
        if which in coverage.INTERNAL or cared_by is not None:
            access.may_steer(who(info), str(self.code))
        by_name = by is By.NAME
        place = decode_cursor(after, 2)
        if place is not None and not by_name and not _is_number(place[0]):
            raise Refused(_("„after“ is not a cursor of this list."))
        async with read(info, SERVICE) as session:
            rows = await coverage.municipalities(
                session,
                str(self.code),
                self.viewer,
                page_size(first) + 1,
                which=which,
                district=district,
                size=size_class.value if size_class else None,
                by=by,
                after=place,
                cared_by=None if cared_by is None else as_uuid(str(cared_by)) or uuid.UUID(int=0),
            )

        def cursor(node: StateMunicipality) -> str:
            row = node.row
            return encode_cursor(row.sort_key if by_name else str(-(row.population or 0)), row.ags)

        return Connection.of([StateMunicipality.of(row) for row in rows], cursor, first, after)

    @strawberry.field(description="Topics that somebody seeks and nobody in the state offers, most wanted first.")
    async def sought_only(self, info: Info[Any, Any]) -> list[TopicGap]:
        rows = await load(info, SERVICE, _sought, (str(self.code), self.viewer))
        return [TopicGap.of(row) for row in rows]

    @strawberry.field(description="Topics that somebody offers and nobody in the state seeks, most offered first.")
    async def offered_only(self, info: Info[Any, Any]) -> list[TopicGap]:
        rows = await load(info, SERVICE, _offered, (str(self.code), self.viewer))
        return [TopicGap.of(row) for row in rows]

    @strawberry.field(description="Growth by month, oldest first; navigators as everybody sees them.")
    async def growth(self, info: Info[Any, Any], months: int = 24) -> list[Growth]:
        if not 1 <= months <= growth.MOST_MONTHS:
            raise Refused(_("„months“ takes a number from 1 to {most}.", most=growth.MOST_MONTHS))
        rows = await load(info, SERVICE, _growth, str(self.code))
        shown = [row for row in rows if _months(rows[-1].day) - _months(row.day) < months]
        return [Growth(day=r.day, cities=r.cities, navigators=r.navigators, projects=r.projects) for r in shown]

    @strawberry.field(description="Places that the state pays.")
    async def quota(self, info: Info[Any, Any]) -> Quota:
        access.may_count(who(info), str(self.code))
        async with read(info, SERVICE) as session:
            rule = await quota.rule(session, str(self.code))
            total, sizes = await quota.used(session, str(self.code))
        return Quota(
            rule=[QuotaStep(population=step.population, places=step.places) for step in rule],
            total=QuotaCount.of(total),
            sizes=[QuotaCount.of(row) for row in sizes],
        )

    @strawberry.field(description="What grows old.")
    async def stale(self, info: Info[Any, Any]) -> Stale:
        access.may_count(who(info), str(self.code))
        async with read(info, SERVICE) as session:
            row = await stale.stale(session, str(self.code))
        return Stale(below3=row.below_3, from3=row.from_3, from6=row.from_6, from12=row.from_12, past_last_day=row.past)

    @strawberry.field(description="Registrations that wait for a decision.")
    async def pending(self, info: Info[Any, Any]) -> int:
        access.may_steer(who(info), str(self.code))
        async with read(info, SERVICE) as session:
            return await care.pending(session, str(self.code))

    @strawberry.field(description="The state's central navigators and what each looks after, by name.")
    async def caseload(self, info: Info[Any, Any]) -> list[CaseLoad]:
        access.may_steer(who(info), str(self.code))
        async with read(info, SERVICE) as session:
            rows = await care.caseload(session, str(self.code), self.viewer)
        return [
            CaseLoad(
                account=ID(str(row.account_id)),
                name=row.name,
                active=row.active,
                municipalities=row.municipalities,
                taking_part=row.taking_part,
                navigators=row.people,
            )
            for row in rows
        ]

    @strawberry.field(description="Cities that take part and that nobody looks after.")
    async def without_care(self, info: Info[Any, Any]) -> int:
        access.may_steer(who(info), str(self.code))
        async with read(info, SERVICE) as session:
            return await care.without_care(session, str(self.code), self.viewer)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 10


@strawberry.type
class StateQuery:
    @strawberry.field(description="A state by its two digits, such as 08.")
    def state(self, info: Info[Any, Any], code: ID) -> State:
        return _state(info, checked_state(str(code)))


def _state(info: Info[Any, Any], code: str) -> State:
    return State(code=ID(code), name=STATES[code], viewer=access.viewer(who(info)))


@strawberry.type
class StateMutation:
    @strawberry.mutation(
        description="Replace the state's rule for the places it pays; below the first step there are none, and no "
        "steps take the rule away."
    )
    async def set_quota_rule(self, info: Info[Any, Any], state: ID, steps: list[QuotaStepInput]) -> State:
        code, asking = checked_state(str(state)), who(info)
        access.may_steer(asking, code)
        async with here(info, SERVICE).db.begin(asking.acting) as session:
            wanted = [quota.Step(step.population, step.places) for step in steps]
            await quota.set_rule(session, asking.subject, code, wanted)
        return _state(info, code)

    @strawberry.mutation(description="Give a municipality to a central navigator of its state, by their account.")
    async def assign_care(self, info: Info[Any, Any], ags: ID, account: ID) -> State:
        code, asking = access.checked_ags(str(ags))[:2], who(info)
        access.may_steer(asking, code)
        async with here(info, SERVICE).db.begin(asking.acting) as session:
            await care.assign(session, asking.subject, str(ags), as_uuid(str(account)) or uuid.UUID(int=0))
        return _state(info, code)

    @strawberry.mutation(description="Let nobody look after the municipality any more.")
    async def release_care(self, info: Info[Any, Any], ags: ID) -> State:
        code, asking = access.checked_ags(str(ags))[:2], who(info)
        access.may_steer(asking, code)
        async with here(info, SERVICE).db.begin(asking.acting) as session:
            await care.release(session, asking.subject, str(ags))
        return _state(info, code)
