"""The other side of `jobs.heavy`: a process that computes one thing and dies with its caller."""

import json
import os
import sys
import threading
from importlib import import_module
from typing import Any


def _die_with_caller() -> None:
    """The caller holds our standard input open for as long as it lives and cares."""
    sys.stdin.buffer.read()
    os._exit(3)


def main() -> None:
    """One JSON line in; `{"progress": …}` lines and one `{"answer": …}` line out."""
    module, name = sys.argv[1].split(":")
    payload = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_die_with_caller, daemon=True).start()
    os.nice(5)  # people on the pages come before the computation

    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a stray print of a library must not break the protocol

    def say(what: str, value: Any) -> None:
        out.write(json.dumps({what: value}) + "\n")
        out.flush()

    say("answer", getattr(import_module(module), name)(payload, lambda value: say("progress", value)))


if __name__ == "__main__":
    main()
