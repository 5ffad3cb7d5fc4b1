"""What all answers about a state stand on: its municipalities beside what their cities published."""

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, SQLColumnExpression, Subquery, and_, case, cast, func, select

from services.contracts.states import STATES
from services.directory.access import Viewer
from services.directory.fields import FIELDS, Audience
from services.directory.models import City, Municipality, Navigator, QuotaRule
from services.directory.register import size_of
from services.kit.errors import Refused
from services.kit.i18n import gettext as _

MOST_STATEMENTS = 64
"""That are kept, by state and viewer: to make one takes longer than to run it."""
UNPEOPLED = "Gemeindefreies Gebiet"
"""How kinds begin that are no municipalities: forests, lakes, training areas."""


def checked_state(code: str) -> str:
    """Raises Refused unless `code` is a state's two digits."""
    if code not in STATES:
        raise Refused(_("„{code}“ is no state: two digits from 01 to 16, such as 08.", code=code[:10]))
    return code


def within(column: SQLColumnExpression[Any], state: str) -> ColumnElement[bool]:
    """Keys of the state, as a range that an index can answer under any collation."""
    return and_(column >= state, column < f"{int(state) + 1:02}")


def seen(viewer: Viewer, field: str | None = None) -> ColumnElement[bool]:
    """The navigators that the viewer learns of and, with `field`, sees that field of."""
    flag = FIELDS[field].flag if field else 0

    def shown(mask: SQLColumnExpression[int]) -> ColumnElement[bool]:
        return mask.bitwise_and(flag) == flag

    if viewer.audience is Audience.PUBLIC:
        return and_(Navigator.listed == Audience.PUBLIC, shown(Navigator.shown_public))
    network = and_(Navigator.listed <= Audience.NETWORK, shown(Navigator.shown_network))
    if viewer.city is None:
        return network
    return case((Navigator.ags == viewer.city, shown(Navigator.shown_city)), else_=network)


@lru_cache(maxsize=MOST_STATEMENTS)
def places(state: str, viewer: Viewer) -> Subquery:
    """A row for each municipality of the register, and for each city that publishes without standing there.

    `people` are navigators as far as the viewer sees them. `entitled` is null without a rule. `used` (funded), `own`
    and `total` count everybody.
    """
    books = (
        select(Municipality)
        .where(within(Municipality.ags, state), ~Municipality.ended, ~Municipality.kind.startswith(UNPEOPLED))
        .subquery("books")
    )
    part = select(City).where(within(City.ags, state)).subquery("part")
    people = (
        select(
            Navigator.ags,
            func.count().filter(seen(viewer)).label("people"),
            func.count().label("total"),
            func.count().filter(Navigator.funded).label("used"),
        )
        .where(within(Navigator.ags, state))
        .group_by(Navigator.ags)
        .subquery("people")
    )
    ags = func.coalesce(books.c.ags, part.c.ags)
    population = func.coalesce(books.c.population, part.c.population)
    entitled = (
        select(QuotaRule.places)
        .where(QuotaRule.state == state, QuotaRule.population <= population)
        .order_by(QuotaRule.population.desc())
        .limit(1)
        .scalar_subquery()
    )
    ruled = select(QuotaRule).where(QuotaRule.state == state).exists()

    def number(column: Any) -> Any:
        return func.coalesce(column, 0)

    return (
        select(
            ags.label("ags"),
            func.coalesce(func.split_part(books.c.name, ",", 1), part.c.name).label("name"),
            func.coalesce(books.c.sort_key, part.c.sort_key).label("sort_key"),
            func.left(ags, 5).label("district_code"),
            func.coalesce(books.c.district, part.c.district).label("district"),
            population.label("population"),
            size_of(population).label("size"),
            part.c.ags.is_not(None).label("takes_part"),
            part.c.confirmed_on.label("confirmed_on"),
            number(people.c.people).label("people"),
            number(people.c.total).label("total"),
            number(people.c.used).label("used"),
            (number(people.c.total) - number(people.c.used)).label("own"),
            case((ruled, number(entitled))).label("entitled"),
        )
        .select_from(books.outerjoin(part, part.c.ags == books.c.ags, full=True))
        .outerjoin(people, people.c.ags == ags)
        .subquery("places")
    )


def plain(column: SQLColumnExpression[str]) -> ColumnElement[str]:
    """`kit.text.folded` as SQL, near enough to compare names of departments; it needs no collation of the server."""
    bare = func.pg_catalog.normalize(func.replace(column, "ß", "ss"), "NFKD")
    return func.regexp_replace(func.lower(bare), "[\u0300-\u036f]", "", "g")


def total(column: SQLColumnExpression[Any], where: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    """The sum as a whole number, 0 of nothing."""
    summed = func.sum(column)
    return func.coalesce(cast(summed if where is None else summed.filter(where), BigInteger), 0)
