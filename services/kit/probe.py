"""Whether a process of the hub on this machine is well; standard library only, as containers ask every few seconds.

    python -m services.kit.probe

Asks where the process tells of itself (LOTSENNETZ_METRICS), as workers do too, else where it answers everybody
(LOTSENNETZ_HOST, LOTSENNETZ_PORT). Exits with 0 or 1, and says why on stderr.
"""

import http.client
import os
import sys
from collections.abc import Mapping

ASK_SECONDS = 5.0
READY = "/health/ready"
ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where it listens, not where we do


def address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Whom to ask, as `settings.from_environment` reads it."""
    host, _colon, port = environ.get("LOTSENNETZ_METRICS", "").strip().rpartition(":")
    if not port:
        host, port = environ.get("LOTSENNETZ_HOST", "").strip(), environ.get("LOTSENNETZ_PORT", "").strip() or "8000"
    host = host.strip("[]")
    return ANYWHERE.get(host, host), int(port)


def wrong(host: str, port: int) -> str:
    """What is wrong with the process that answers there; empty when nothing is."""
    connection = http.client.HTTPConnection(host, port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", READY)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as problem:
        return f"{host}:{port} does not answer: {problem}"
    finally:
        connection.close()
    return "" if status == http.HTTPStatus.OK else f"{READY} answers {status}"


if __name__ == "__main__":
    found = wrong(*address(os.environ))
    sys.exit(found or 0)
