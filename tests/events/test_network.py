"""The picture of who met whom: the same figures make the same picture, and nothing leaves it."""

from services.events.report.figures import MOST_IN_PICTURE, Contact, Contacts
from services.events.report.network import MOST_ARCS, WIDTH, picture


def network(cities: int) -> Contacts:
    """Everybody met everybody, the first ones more; half of the cities lie in another state."""
    keys = [f"{'08' if number % 2 else '07'}{number:06}" for number in range(cities)]
    pairs = [
        Contact(min(one, other), max(one, other), 2 * cities - number - step)
        for number, one in enumerate(keys)
        for step, other in enumerate(keys[number + 1 :])
    ]
    counted = {key: sum(one.pairs for one in pairs if key in {one.one, one.other}) for key in keys}
    names = {key: f"Stadt mit einem langen Namen {key}" for key in keys}
    return Contacts(sum(one.pairs for one in pairs), counted, tuple(pairs), names)


def test_the_same_figures_make_the_same_picture_in_any_order() -> None:
    found = network(9)
    turned = Contacts(found.total, dict(reversed(found.cities.items())), found.between, found.names)
    assert picture(found, "08") == picture(turned, "08")


def test_everything_stays_within_the_picture() -> None:
    drawn = picture(network(40), "08")
    assert (len(drawn.cities), drawn.left) == (MOST_IN_PICTURE, 40 - MOST_IN_PICTURE)
    assert len(drawn.arcs) == MOST_ARCS
    for city in drawn.cities:
        assert city.radius <= city.y <= drawn.height - city.radius
        assert len(city.short) <= 23
    for arc in drawn.arcs:
        wide, _high = arc.path.split("a")[1].split(" ")[:2]
        assert drawn.x + float(wide) + arc.width / 2 <= WIDTH
    assert [city.own for city in drawn.cities] == sorted((city.own for city in drawn.cities), reverse=True)


def test_more_contacts_are_wider_and_larger() -> None:
    drawn = picture(network(6), "08")
    widths = [arc.width for arc in sorted(drawn.arcs, key=lambda arc: -arc.pairs)]
    assert widths == sorted(widths, reverse=True)
    largest = max(drawn.cities, key=lambda city: city.contacts)
    assert largest.radius == max(city.radius for city in drawn.cities)


def test_nobody_and_two() -> None:
    assert picture(Contacts(0, {}, (), {}), "08").cities == ()
    two = picture(network(2), "08")
    assert (len(two.cities), len(two.arcs)) == (2, 1)
