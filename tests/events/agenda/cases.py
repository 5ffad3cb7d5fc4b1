"""Small open spaces with rules of every sort, from a seed."""

from __future__ import annotations

from random import Random

from services.events.agenda import Model, Weights

FEATURES = ("step-free", "hearing loop")


def case(seed: int, *, required: float = 0.0, topics: tuple[int, int] = (3, 6)) -> Model:
    """Two or three slots, one to three rooms, some people; every rule now and then."""
    rnd = Random(f"case {seed}")
    weights = Weights(rnd.choice((0, 0, 2)), rnd.choice((0, 0, 1)))
    model = Model(weights=weights, hosting=rnd.random() < 0.2)
    slots = [f"t{t}" for t in range(rnd.randint(2, 3))]
    for slot in slots:
        model.slot(slot)
    rooms = [f"r{r}" for r in range(rnd.randint(1, 3))]
    for room in rooms:
        model.room(room, seats=rnd.choice((None, 2, 3, 5)), features=rnd.sample(FEATURES, rnd.randint(0, 2)))
    model.room("hall", seats=9, features=FEATURES)
    names = [f"s{s}" for s in range(rnd.randint(*topics))]
    people = [f"p{p}" for p in range(rnd.randint(3, 12))]
    for name in names:
        model.topic(
            name,
            conveners=rnd.sample(people, rnd.choice((0, 1, 1, 2))),
            needs=rnd.sample(FEATURES, rnd.choice((0, 0, 0, 1))),
            seats=rnd.choice((0, 0, 0, 3)),
            times=rnd.choice((1, 1, 1, 2)),
            required=rnd.random() < required,
        )
    for person in people:
        wished = rnd.sample(names, rnd.randint(0, min(4, len(names))))
        cut = rnd.randint(0, len(wished))
        model.person(person, likes=wished[:cut], must=wished[cut:])
    if rnd.random() < 0.5:
        model.available(rnd.choice(people), rnd.sample(slots, 1))
    if rnd.random() < 0.5:
        model.closed(rnd.choice(rooms), rnd.sample(slots, 1))
    if rnd.random() < 0.3:
        model.apart(*rnd.sample(names, 2))
    if rnd.random() < 0.3:
        model.pin(rnd.choice(names), rnd.choice(slots), rnd.choice((None, "hall")))
    return model
