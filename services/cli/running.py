"""Starting servers, binding the port, serving until told to stop."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace

import msgspec
import uvicorn
from litestar import Litestar

from services.cli.monitoring import monitored
from services.cli.serving import Protocol, bind
from services.kit import embedded
from services.kit.errors import Conflict
from services.kit.service import Hub, Service
from services.kit.settings import NAMES, Settings
from services.kit.web import create_app

DRAIN_SECONDS = 10
REST_SECONDS = 150
"""Longer than proxies keep a resting connection (Caddy: 120, nginx: 60): who ends it first must not be the one who is
asked, or a request that has come in already is lost.
"""


class _Addresses(msgspec.Struct):
    """What a running hub leaves in its data folder for other commands."""

    database: str
    redis: str


@contextlib.contextmanager
def servers(settings: Settings, *, share: bool = False) -> Iterator[Settings]:
    """The settings with the addresses of both servers: the operator's, or embedded ones for as long as this lasts.

    With `share`, the embedded servers of a hub that runs on the same data folder are used instead.
    """
    if settings.database_url and settings.redis_url:
        yield settings.with_secret()
        return
    note = settings.data / "servers.json"
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(embedded.folder(settings.data))
        except Conflict:
            if not (share and note.exists()):
                raise
            found = msgspec.json.decode(note.read_bytes(), type=_Addresses)
        else:
            found = _Addresses(
                settings.database_url or stack.enter_context(embedded.postgres(settings.data, guard=True)),
                settings.redis_url or stack.enter_context(embedded.valkey(settings.data, guard=True)),
            )
            note.touch(mode=0o600)
            note.write_bytes(msgspec.json.encode(found))
            stack.callback(note.unlink, missing_ok=True)
        yield replace(
            settings, database_url=found.database, redis_url=found.redis, embedded=settings.database_url is None
        ).with_secret()


def unasked(settings: Settings) -> Settings:
    """For commands that ask no other service: they need no addresses."""
    return replace(settings, urls=dict.fromkeys(NAMES, settings.issuer) | dict(settings.urls), workers=False)


@contextlib.asynccontextmanager
async def running(
    settings: Settings, services: Sequence[Service], made: Callable[[Hub], Litestar] = create_app
) -> AsyncIterator[tuple[Hub, uvicorn.Server]]:
    """A hub that answers at `settings.issuer`; with port 0, at a free port. Stops it at the end."""
    with contextlib.closing(bind(settings.host, settings.port)) as listener:
        hub = Hub(replace(settings, port=listener.getsockname()[1]), services)
        server = _Server(
            hub,
            uvicorn.Config(
                made(hub),
                http=Protocol,
                log_level="warning",
                log_config=None,
                access_log=False,  # addresses of people are personal data
                timeout_graceful_shutdown=DRAIN_SECONDS,
                timeout_keep_alive=REST_SECONDS,
                server_header=False,
                proxy_headers=False,  # it would believe this machine; `rates.address_of` believes the settings
            ),
        )
        await hub.migrate()  # complains here, before anything answers
        async with monitored(hub):
            task = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                while not server.started:
                    if task.done():
                        await task
                        raise RuntimeError("the hub ended before it started")
                    await asyncio.sleep(0.02)
                yield hub, server
            finally:
                server.should_exit = True
                await task


class _Server(uvicorn.Server):
    """Ends cleanly on a signal instead of raising it again: stopping a hub is no failure."""

    def __init__(self, hub: Hub, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.hub.let_go()  # or it would wait for screens that look on for hours
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop, stops = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
        for stop in stops:
            loop.add_signal_handler(stop, self.handle_exit, stop, None)
        try:
            yield
        finally:
            for stop in stops:
                loop.remove_signal_handler(stop)


def set_aside() -> None:
    """Keep what is there now out of the collector's sight, who would look through all of it every ten thousand
    requests: a quarter of a second in which all wait.
    """
    gc.collect()
    gc.freeze()


async def until_stopped(server: uvicorn.Server) -> None:
    """Return once somebody asked the server to stop. What was made until now counts as there for ever."""
    set_aside()
    while not server.should_exit:  # noqa: ASYNC110 - a signal sets it, in no task of ours
        await asyncio.sleep(0.2)
