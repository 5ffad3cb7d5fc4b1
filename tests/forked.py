"""Commands in processes of their own that need not import the hub first: the forkserver of `multiprocessing` has, once
for all tests of a process. Apart from that they are what a shell starts, in a session of their own.
"""

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOTSENNETZ = "services.cli:main"
"""The command that a user types. Whoever needs another names it in the same way."""

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(
    ["__main__", "services.cli", *(f"services.{name}.app" for name in ("directory", "matching", "events"))]
)


class Command:
    """As `subprocess.Popen`, as far as tests ask. What it says goes to the files, else nowhere; errors are shown."""

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str],
        command: str = LOTSENNETZ,
        out: Path | None = None,
        errors: Path | None = None,
    ) -> None:
        said = str(out or os.devnull), str(errors) if errors else None
        self._process = _server.Process(target=_run, args=(command, arguments, dict(env), *said))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("lotsennetz", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(command: str, arguments: tuple[str, ...], env: dict[str, str], out: str, errors: str | None) -> None:
    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    for number, path in ((1, out), (2, errors)):
        if path is not None:
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.argv[1:] = arguments
    module, _colon, name = command.partition(":")
    sys.exit(getattr(importlib.import_module(module), name)(list(arguments)))
