"""Whether a process of the hub on this machine is well; standard library only, because containers ask every few seconds.

    python -m services.kit.probe            the process that answers at LOTSENNETZ_HOST and _PORT: is it ready?
    python -m services.kit.probe work       the process that works jobs and lives in LOTSENNETZ_DATA: does it turn?

Exits with 0 or 1, and says why on stderr.
"""

import asyncio
import contextlib
import http.client
import os
import sys
import time
from pathlib import Path

BEAT_SECONDS = 5.0
SILENT_SECONDS = 60.0
"""After which a worker counts as stuck; long enough for a machine under load."""
ASK_SECONDS = 5.0
BEATS = "working"
"""The file in the data folder that a worker touches as long as its event loop turns."""
READY = "/health/ready"


async def beat(data: Path) -> None:
    """Say that this worker lives, until cancelled; a read-only folder is no reason to stop working."""
    with contextlib.suppress(OSError):
        data.mkdir(parents=True, exist_ok=True)
        while True:
            (data / BEATS).touch()
            await asyncio.sleep(BEAT_SECONDS)


def working(data: Path) -> str:
    """What is wrong with the worker; empty when nothing is."""
    try:
        silent = time.time() - (data / BEATS).stat().st_mtime
    except OSError:
        return "no worker has begun here"
    return "" if silent < SILENT_SECONDS else f"silent for {silent:.0f} s"


def ready(host: str, port: int) -> str:
    """What is wrong with the process that answers there; empty when nothing is."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where it listens, not where we do
    connection = http.client.HTTPConnection(here, port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", READY)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as problem:
        return f"{here}:{port} does not answer: {problem}"
    finally:
        connection.close()
    return "" if status == http.HTTPStatus.OK else f"{READY} answers {status}"


def main(arguments: list[str]) -> int:
    environ = os.environ.get
    if arguments == ["work"]:
        wrong = working(Path(environ("LOTSENNETZ_DATA", "var")))
    else:
        wrong = ready(environ("LOTSENNETZ_HOST", "127.0.0.1"), int(environ("LOTSENNETZ_PORT", "8000")))
    if wrong:
        print(wrong, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
