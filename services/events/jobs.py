"""The events' jobs: each feature's own."""

from collections.abc import Sequence

from services.events.registration import keeping
from services.kit.jobs import Every, Job
from services.kit.service import Runtime


def duties(runtime: Runtime) -> Sequence[Job | Every]:
    return [*keeping.duties(runtime)]
