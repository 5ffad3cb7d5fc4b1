"""Functions for `jobs.heavy`: what its process may do to its caller. Imports nothing, so that it starts at once."""

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

Tell = Callable[[Any], Any]


def count(payload: dict[str, int], tell: Tell) -> dict[str, int]:
    for number in range(payload["to"]):
        tell({"at": number})
    return {"counted": payload["to"]}


def go_on(payload: dict[str, int], tell: Tell) -> str:
    for number in range(payload["at_most"]):
        if not tell(number):
            return "had enough"
        time.sleep(0.01)
    return "was never stopped"


def chatter(payload: Any, tell: Tell) -> str:
    print("a library says hello", flush=True)
    print('{"answer": "forged"}', flush=True)
    os.write(1, b"and so does its C code\n")
    sys.stderr.write("x" * 1_000_000)
    return "said"


def stumble(payload: dict[str, str], tell: Tell) -> None:
    raise ValueError("the tables have no legs")


def die(payload: Any, tell: Tell) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def weigh(payload: dict[str, str], tell: Tell) -> dict[str, Any]:
    """Both ways of a large text."""
    tell(len(payload["text"]))
    return {"digest": hashlib.sha256(payload["text"].encode()).hexdigest(), "text": payload["text"]}


def linger(payload: dict[str, float], tell: Tell) -> int:
    """Tell the process id, then compute for a while without asking anybody."""
    tell({"pid": os.getpid()})
    end = time.monotonic() + payload["seconds"]
    while time.monotonic() < end:
        sum(range(10_000))
    return os.getpid()
