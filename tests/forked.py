"""Processes that need not import the hub or the solvers first: the forkserver of `multiprocessing` has, once for all
tests of a process. Apart from that, commands are what a shell starts and computations what `kit.heavy` starts, in a
session of their own.
"""

import asyncio
import importlib
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

from services.kit import heavy

ROOT = Path(__file__).parents[1]
LOTSENNETZ = "services.cli:main"
"""The command that a user types. Whoever needs another names it in the same way."""

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(
    [
        *("__main__", "services.matching.solving", "services.events.openspace.solving", "services.cli", "tests.warm"),
        *(f"services.{name}.app" for name in ("directory", "matching", "events")),
    ]
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
        file_bytes: int = resource.RLIM_INFINITY,
    ) -> None:
        """It may write files of `file_bytes` at most."""
        said = str(out or os.devnull), str(errors) if errors else None
        self._process = _server.Process(target=_run, args=(command, arguments, dict(env), *said, file_bytes))
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


def _run(
    command: str, arguments: tuple[str, ...], env: dict[str, str], out: str, errors: str | None, file_bytes: int
) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    for number, path in ((1, out), (2, errors)):
        if path is not None:
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.argv[1:] = arguments
    module, _colon, name = command.partition(":")
    sys.exit(getattr(importlib.import_module(module), name)(list(arguments)))


class Computation:
    """A `heavy.Process`."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self._writers: list[asyncio.StreamWriter] = []
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None

    async def connect(self, orders: socket.socket, answers: socket.socket, complaints: socket.socket) -> None:
        """Each way has a socket of its own, as with pipes: an order that comes too late must not tear the answer."""
        limit = heavy.LONGEST_LINE
        _nothing, self.stdin = await asyncio.open_unix_connection(sock=orders, limit=limit)
        self.stdout, silent = await asyncio.open_unix_connection(sock=answers, limit=limit)
        self.stderr, mute = await asyncio.open_unix_connection(sock=complaints, limit=limit)
        self._writers += [self.stdin, silent, mute]

    def kill(self) -> None:
        self._process.kill()

    async def wait(self) -> int:
        await asyncio.to_thread(self._process.join)
        for writer in self._writers:
            writer.close()
        assert self._process.exitcode is not None
        return self._process.exitcode


async def computation(function: str) -> Computation:
    """In place of `heavy.interpreter`."""
    ours, its = zip(*(socket.socketpair() for _each in range(3)), strict=True)
    process = _server.Process(target=_compute, args=(function, its))
    await asyncio.to_thread(process.start)
    for one in its:
        one.close()
    made = Computation(process)
    await made.connect(*ours)
    return made


def _compute(function: str, ends: tuple[socket.socket, ...]) -> None:
    os.setsid()
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin, sys.argv[1:] = open(0, closefd=False), [function]  # noqa: SIM115  # its own for as long as it lives
    heavy.main()
