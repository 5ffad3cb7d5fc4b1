"""A process that computes one thing and dies with its caller: both sides of it."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, Protocol

ONE_CORE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Several computations share the machine's cores; none takes them all for its linear algebra."""

LONGEST_LINE = 1 << 28


class Process(Protocol):
    """What `heavy` asks of `asyncio.subprocess.Process`."""

    stdin: asyncio.StreamWriter | None
    stdout: asyncio.StreamReader | None
    stderr: asyncio.StreamReader | None

    def kill(self) -> None: ...
    async def wait(self) -> int: ...


async def interpreter(function: str) -> Process:
    """A Python of its own that computes `function`."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.kit.heavy", function,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE, start_new_session=True, env={**os.environ, **ONE_CORE},
    )  # fmt: skip


start: Callable[[str], Awaitable[Process]] = interpreter
"""How processes begin; tests that start hundreds fork theirs from one that has imported the solver."""


async def heavy(function: str, payload: Any, on_progress: Callable[[Any], Awaitable[bool | None]]) -> Any:
    """Call `function(payload, tell)` in a Python process of its own and return its answer.

    `function` is `module:name`; payload, progress and answer are JSON values. Once `on_progress` gave False, `tell`
    returns False: the function should come to its answer. The process ends with its caller, however that ends: it
    watches its standard input. Raises RuntimeError with the last lines it wrote when it fails.
    """
    process = await start(function)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    complaint = asyncio.create_task(process.stderr.read())
    try:
        with suppress(ConnectionError):  # it ended before it had read everything: its last lines say why
            process.stdin.write(json.dumps(payload).encode() + b"\n")
            await process.stdin.drain()
        async for line in process.stdout:
            said = json.loads(line)
            if "answer" in said:
                return said["answer"]
            if await on_progress(said["progress"]) is False:
                with suppress(ConnectionError):
                    process.stdin.write(b".")
                    await process.stdin.drain()
        said, status = (await complaint).decode(errors="replace")[-2000:], await process.wait()
        raise RuntimeError(f"{function} ended with {status} and without an answer: {said}")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        complaint.cancel()


def _hear_caller(enough: threading.Event) -> None:
    """The caller holds our standard input open for as long as it lives and cares; a byte says that it has enough."""
    while os.read(0, 1):  # not through sys.stdin, whose lock would be missing when the interpreter ends
        enough.set()
    os._exit(3)


def main() -> None:
    """One JSON line in; `{"progress": …}` lines and one `{"answer": …}` line out."""
    module, name = sys.argv[1].split(":")
    payload = json.loads(sys.stdin.buffer.readline())
    enough = threading.Event()
    threading.Thread(target=_hear_caller, args=(enough,), daemon=True).start()
    os.nice(5)  # people on the pages come before the computation

    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a stray print of a library must not break the protocol

    def say(what: str, value: Any) -> None:
        out.write(json.dumps({what: value}) + "\n")
        out.flush()

    def tell(value: Any) -> bool:
        say("progress", value)
        return not enough.is_set()

    say("answer", getattr(import_module(module), name)(payload, tell))


if __name__ == "__main__":
    main()
