"""The rest of a running day: from a plan and from who stayed away or came late, what to ask the solver."""

from collections.abc import Sequence

import msgspec

from services.kit.errors import Conflict, Refused
from services.kit.errors import Problem as Complaint
from services.kit.i18n import gettext as _
from services.matching.models import Plan
from services.matching.question import Day, Host, Person, Question
from services.matching.rounds import ABSENT


class Today(msgspec.Struct, frozen=True):
    """What has happened: `over` rounds are past, `missing` are not there from now on, `new` are from now on (None: all
    who take part and had no seat so far). Whose absence was noted (`gone`) is missing, unless they are `new`.
    `most_moved` seats may change, `pinned` keep theirs.
    """

    over: int
    missing: tuple[str, ...] = ()
    new: tuple[str, ...] | None = None
    most_moved: int | None = None
    pinned: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset()


def rest(plan: Plan, people: Sequence[Person], today: Today, wanted: Question) -> Question:
    """The question for the rounds to come; seed and budget are those of `wanted`.

    `people` take part now; who was planned and takes no longer part counts as missing. The topics on the tables and the
    hosts' tables stay. Rules that want somebody who is missing go. Raises Conflict while the plan has no answer, and
    Refused where `today` does not fit to it.
    """
    if plan.answer is None:
        raise Conflict(_("This plan is not finished yet."))
    asked = msgspec.convert(plan.question, Question)
    taking_part = {one.id: one for one in people}
    planned = {one.id for one in asked.people}
    new = set(taking_part.keys() - planned - today.gone if today.new is None else today.new)
    missing = set(today.missing) | (planned - taking_part.keys()) | ((today.gone & planned) - new)
    _fit(asked, today, missing, new, planned, set(taking_part))
    ahead, every = tuple(range(today.over, asked.rounds)), tuple(range(asked.rounds))
    everybody = [*asked.people, *(taking_part[key] for key in sorted(new - planned))]

    def there(one: Person) -> Person:
        rounds = set(() if one.id not in planned else every if one.rounds is None else one.rounds)
        rounds = rounds - set(ahead) if one.id in missing else rounds | set(ahead) if one.id in new else rounds
        return msgspec.structs.replace(one, rounds=None if len(rounds) == len(every) else tuple(sorted(rounds)))

    # Who is there in no round at all, such as somebody missing from the first one on, is no longer asked about.
    now = tuple(one for one in (there(one) for one in everybody) if one.rounds != ())
    left = {one.id for one in now}
    seats = dict(zip(plan.answer["keys"], zip(*plan.answer["plan"], strict=True), strict=True))
    nowhere = (ABSENT,) * asked.rounds
    pinned = {str(one) for one in plan.pinned} | set(today.pinned)
    hosts = tuple(
        Host(one.id, seats[one.id][today.over]) for one in asked.hosts if one.id in seats and one.id not in missing
    )
    topics = tuple(topic for topic in plan.answer["table_topics"] if topic is not None)
    return msgspec.structs.replace(
        asked,
        people=now,
        table_topics=topics if len(topics) == asked.tables else asked.table_topics,
        hosts=tuple(one for one in hosts if one.table != ABSENT),
        must=tuple(two for two in asked.must if not missing & {two.one, two.other}),
        never=tuple(two for two in asked.never if left >= {two.one, two.other}),
        earlier=tuple(two for two in asked.earlier if left >= {two.one, two.other}),
        seed=wanted.seed,
        seconds=wanted.seconds,
        iterations=wanted.iterations,
        day=Day(
            plan=tuple(zip(*(seats.get(one.id, nowhere) for one in now), strict=True)),
            over=today.over,
            most_moved=today.most_moved,
            pinned=tuple(sorted(pinned & left)),
            gone=len(planned - left),
        ),
    )


def _fit(
    asked: Question, today: Today, missing: set[str], new: set[str], planned: set[str], taking_part: set[str]
) -> None:
    complaints = []
    if not 0 <= today.over < asked.rounds:
        complaints.append(Complaint(_("Choose 0 to {most} rounds.", most=asked.rounds - 1), field="over"))
    if today.most_moved is not None and today.most_moved < 0:
        complaints.append(Complaint(_("Choose a number from 0 on."), field="mostMoved"))
    for field, named, known in (
        ("missing", today.missing, planned), ("pinned", today.pinned, planned), ("new", sorted(new), taking_part),
    ):  # fmt: skip
        complaints += [
            Complaint(_("The person is not among the participants."), row=f"participants[{one}]", field=field)
            for one in named
            if one not in known
        ]
    complaints += [
        Complaint(_("Nobody is missing and new at once."), row=f"participants[{one}]", field="new")
        for one in sorted(missing & new)
    ]
    if complaints:
        raise Refused(_("The rounds cannot be planned like this."), complaints)
