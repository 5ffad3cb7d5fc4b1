"""How the server hands answers to the kernel."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Protocol(HttpToolsProtocol):
    """Sends the head of an answer with its body: apart, each would be a call of the kernel and a packet."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(_Together(transport, self.loop))  # type: ignore[arg-type]  # all of it that is used


class _Together:
    """A transport on which two pieces written in one turn of the loop leave together; none waits longer than that."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held: bytes | None = None
        self.is_closing, self.resume_reading = transport.is_closing, transport.resume_reading  # at each request

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
