"""The locustfile: users who do what a plan says. Locust alone imports it, in an environment of its own.

Its result, a JSON file, has requests, failures and times in milliseconds for each kind of call.
"""

import json
import os
import random
import time
from itertools import count
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, events, task
from locust.exception import StopUser

from tests.load.calls import BEGIN, END, Call, Plan

PLAN = Plan.read(Path(os.environ["LOTSENNETZ_LOAD_PLAN"]))
RESULT = Path(os.environ["LOTSENNETZ_LOAD_RESULT"])


class Run:
    """How far this run is."""

    environment: Any = None
    begun = 0.0
    left = 0
    over = False


class Somebody(FastHttpUser):
    abstract = True
    host = "http://localhost"  # every call has an address of its own
    connection_timeout = network_timeout = 60.0
    numbers = count()

    def on_start(self) -> None:
        self.number = next(self.numbers)
        self.base = PLAN.bases[self.number % len(PLAN.bases)]

    def send(self, call: Call) -> None:
        with self.client.request(
            call.method, self.base[call.at] + call.path, name=call.kind, data=call.body or None,
            headers=dict(call.headers), catch_response=True, allow_redirects=False,
        ) as answer:  # fmt: skip
            if wrong := call.wrong(answer.status_code, answer.content or b""):
                answer.failure(wrong)


class Anybody(Somebody):
    """Asks for this and that, with pauses."""

    abstract = not PLAN.calls

    @task
    def ask(self) -> None:
        gevent.sleep(random.uniform(0, 2 * PLAN.think))
        self.send(random.choice(PLAN.calls))


class Participant(Somebody):
    """Has one script, and leaves."""

    abstract = not PLAN.scripts

    @task
    def play(self) -> None:
        if self.number >= len(PLAN.scripts):  # Locust may send one more for one who left
            raise StopUser
        for call in PLAN.scripts[self.number]:
            gevent.sleep(call.pause)
            self.send(call)
        Run.left += 1
        if Run.left == len(PLAN.scripts):
            gevent.spawn(finish)
        raise StopUser


def begin() -> None:
    Run.environment.stats.reset_all()
    Run.begun = time.perf_counter()
    print(BEGIN, flush=True)


def finish() -> None:
    """Write what was measured, once, and end."""
    if Run.over:
        return
    Run.over = True
    seconds = time.perf_counter() - Run.begun
    print(END, flush=True)
    stats = Run.environment.stats
    kinds = {
        one.name: {
            "requests": one.num_requests, "failures": one.num_failures, "most": one.max_response_time,
            "p50": one.get_response_time_percentile(0.5) or 0, "p99": one.get_response_time_percentile(0.99) or 0,
        }
        for one in (*stats.entries.values(), stats.total)
    }  # fmt: skip
    errors = [f"{one.name}: {one.error} ({one.occurrences}×)" for one in stats.errors.values()]
    if PLAN.scripts and Run.left < len(PLAN.scripts):
        missing = len(PLAN.scripts) - Run.left
        kinds["Aggregated"]["failures"] += missing
        errors.append(f"{missing} did not come to the end")
    RESULT.write_text(json.dumps({"seconds": seconds, "kinds": kinds, "errors": errors[:20]}), encoding="utf-8")
    Run.environment.runner.quit()


@events.init.add_listener
def _found(environment: Any, **_more: Any) -> None:
    Run.environment = environment


@events.test_start.add_listener
def _started(**_more: Any) -> None:
    if PLAN.scripts:
        begin()


@events.spawning_complete.add_listener
def _all_there(**_more: Any) -> None:
    if PLAN.calls and not Run.begun:
        Run.begun = time.perf_counter()
        gevent.spawn_later(PLAN.warm, begin)
        gevent.spawn_later(PLAN.warm + PLAN.seconds, finish)


@events.quitting.add_listener
def _quitting(**_more: Any) -> None:
    finish()
