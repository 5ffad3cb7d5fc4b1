"""How the server listens, and hands answers to the kernel."""

import asyncio
import socket
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from services.kit.errors import Conflict
from services.kit.graphql.answers import WHOLE
from services.kit.i18n import gettext as _


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises Conflict, in words, when the port is taken."""
    # With the protocol named, or asyncio leaves Nagle's algorithm on: 40 ms more for every answer in two parts.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise Conflict(
            _(
                "{host}:{port} cannot be used ({reason}). Stop what runs there, or choose another port with "
                "LOTSENNETZ_PORT.",
                host=host,
                port=port,
                reason=problem.strerror,
            )
        ) from problem
    return listener


class Protocol(HttpToolsProtocol):
    """Sends the head of an answer with its body: apart, each would be a call of the kernel and a packet.

    Answers that come whole (`WHOLE`) are spared what the server checks of others, as heads are ours and lengths right.
    """

    def connection_made(self, transport: Any) -> None:
        super().connection_made(_Together(transport, self.loop))  # type: ignore[arg-type]  # all of it that is used

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope["extensions"] = {WHOLE: partial(self._whole, cycle)}  # type: ignore[dict-item]  # one of our own
        super()._start_asgi_task(cycle, app)

    def _whole(self, cycle: RequestResponseCycle, lines: bytes, body: bytes) -> bool:
        """See `Whole`."""
        if not cycle.keep_alive or cycle.disconnected or cycle.waiting_for_100_continue or self.flow.write_paused:
            return False
        ours = b"".join([b"%b: %b\r\n" % header for header in self.server_state.default_headers])
        head = b"HTTP/1.1 200 OK\r\n%b%bcontent-length: %d\r\n\r\n" % (ours, lines, len(body))
        self.transport.writelines((head, body))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        cycle.on_response()
        return True


class _Together:
    """A transport on which two pieces written in one turn of the loop leave together; none waits longer than that."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held: bytes | None = None
        self.is_closing, self.resume_reading = transport.is_closing, transport.resume_reading  # at each request
        self.writelines = transport.writelines

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._held = data
            self._loop.call_soon(self._leave)
        else:
            held, self._held = self._held, None
            self._transport.writelines((held, data))

    def _leave(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._transport.write(held)

    def close(self) -> None:
        self._leave()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
