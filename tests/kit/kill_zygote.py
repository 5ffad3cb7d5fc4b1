"""A process that has imported everything and only forks: one more killed child costs milliseconds, not an import.

It takes orders as JSON lines (`do` names an entry of the module's `ROLES`), lets a child carry out each, and passes on
what the child tells, then how it ended. Ends with its standard input.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHILD_SECONDS = 60
"""A child that hangs fails its test, and does not stay behind."""


def tell(**what: object) -> None:
    """One line to whoever gave the order, in one write: a killed child has told it wholly or not at all."""
    os.write(1, json.dumps(what).encode() + b"\n")


def serve(module: str) -> None:
    roles = importlib.import_module(module).ROLES
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(CHILD_SECONDS)
            try:
                asyncio.run(roles[order["do"]](order))
            except BaseException:  # noqa: BLE001  # a forked child must never return into its parent's loop
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        if order.get("kill_after") is not None:
            time.sleep(order["kill_after"])
            os.kill(child, signal.SIGKILL)  # not yet waited for, so the number is still its own
        tell(ended=os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


class Zygote:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def order(self, do: str, **order: object) -> dict[str, Any]:
        """Everything one child told, by name; `acknowledged` is the list of all it acknowledged, `ended` its status."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
        told: dict[str, Any] = {"acknowledged": []}
        async with asyncio.timeout(CHILD_SECONDS + 10):
            while "ended" not in told:
                line = json.loads(await self.process.stdout.readline() or '{"ended": "the zygote itself"}')
                told["acknowledged"] += [line.pop("acknowledged")] if "acknowledged" in line else []
                told |= line
        return told


@asynccontextmanager
async def zygote(module: str) -> AsyncIterator[Zygote]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.kit.kill_zygote", module,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        yield Zygote(process)
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


if __name__ == "__main__":
    serve(sys.argv[1])
