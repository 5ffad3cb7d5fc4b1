"""A connection to PostgreSQL on which questions follow each other without waiting for the answers in between.

The messages are those of the frontend/backend protocol 3.0 (PostgreSQL manual, „Message Formats“ and „Pipelining“). The
driver opens the connection, because it knows all ways to log in and to encrypt; then this speaks on it. The driver
itself sends a question only when the one before is answered: two context switches and four calls of the kernel each.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice
from struct import Struct
from typing import Any, Final
from uuid import UUID

import asyncpg

STATEMENTS: Final = 500
"""Prepared statements that a connection keeps; the server has as many plans."""
ENDED: Final = "the database ended the connection"
_LENGTH: Final = Struct(">i")
_COUNT: Final = Struct(">h")
_HEAD: Final = 5
"""Bytes before each message's own: its kind, its length without the kind."""
_ANSWER, _PROBLEM, _READY = b"DEZ"
_NULL: Final = _LENGTH.pack(-1)
_AS_BYTES: Final = _COUNT.pack(1) * 2
"""One column is wanted, in its binary form: a `bytea` is nothing but its bytes."""
_AND_END: Final = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\4"
"""Execute, and Sync: each question is a transaction of its own, so that one that fails ends no other."""


class Behind(Exception):
    """Somebody takes long, and this question stands behind; it has to be asked elsewhere."""


@dataclass(slots=True, eq=False)
class Question:
    """A statement that gives one `bytea` or NULL, and its parameters; `until` when it may take, by the loop's clock."""

    statement: str
    values: Sequence[object]
    until: float
    answer: asyncio.Future[bytes | None]


class Pipeline(asyncio.Protocol):
    """Questions leave together at the end of a turn of the loop, and are answered in their order."""

    def __init__(self, connection: Any) -> None:
        """Takes `connection`, which nobody uses otherwise, over from the driver."""
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._transport = connection._transport  # noqa: SLF001 - the driver has no other door
        self._transport.set_protocol(self)
        self._names, self._prepared = count(), dict[str, bytes]()
        self._unsent: list[bytes] = []
        self._pieces: list[bytes] = []
        self._lacking = 0
        self._found: bytes | None = None
        self._problem: Exception | None = None
        self._since = 0.0
        self.waiting: deque[Question] = deque()
        """The first one is being answered."""
        self.late = self.closed = False

    def ask(self, question: Question) -> asyncio.Future[bytes | None]:
        """Where its answer comes. Raises TypeError or UnicodeEncodeError for values that cannot be sent, and
        ConnectionResetError where the connection has ended.
        """
        if self.closed:
            raise ConnectionResetError(ENDED)
        values = b"".join([_value(value) for value in question.values])
        name = self._prepared.get(question.statement)
        if name is None:
            name = self._prepare(question.statement)
        bind = b"\0%b\0\0\0%b%b%b" % (name, _COUNT.pack(len(question.values)), values, _AS_BYTES)
        self._put(b"B%b%b%b" % (_LENGTH.pack(len(bind) + 4), bind, _AND_END))
        if not self.waiting:
            self._since = self._loop.time()
        self.waiting.append(question)
        return question.answer

    def _prepare(self, statement: str) -> bytes:
        """By a name: what has none is planned again each time."""
        if len(self._prepared) >= STATEMENTS:
            old = self._prepared.pop(next(iter(self._prepared)))
            self._put(_message(b"C", b"S%b\0" % old))
        name = self._prepared[statement] = b"answer_%d" % next(self._names)
        self._put(_message(b"P", b"%b\0%b\0\0\0" % (name, statement.encode())))
        return name

    def _put(self, message: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._send)
        self._unsent.append(message)

    def _send(self) -> None:
        sent, self._unsent = self._unsent, []
        if not self.closed:
            self._transport.write(b"".join(sent))

    def data_received(self, data: bytes) -> None:
        if self._pieces:
            self._pieces.append(data)
            self._lacking -= len(data)
            if self._lacking > 0:
                return
            data = b"".join(self._pieces)
            self._pieces.clear()
        at, end, lacking = 0, len(data), 1
        while end - at >= _HEAD:
            after = at + 1 + _LENGTH.unpack_from(data, at + 1)[0]
            if after > end:
                lacking = after - end
                break
            kind = data[at]
            if kind == _ANSWER:
                start = at + _HEAD + 6  # behind the number of columns and the length of the only one
                self._found = None if data[start - 4 : start] == _NULL else data[start:after]
            elif kind == _READY:
                self._answered()
            elif kind == _PROBLEM:
                self._problem = _problem(data[at + _HEAD : after])
            at = after
        if at < end:
            self._pieces.append(data[at:])
            self._lacking = lacking

    def _answered(self) -> None:
        question = self.waiting.popleft()
        found, problem = self._found, self._problem
        self._found = self._problem = None
        if self.waiting:
            self._since = self._loop.time()
        else:
            self.late = False
        if problem is not None:
            self._prepared.pop(question.statement, None)  # perhaps it could not be prepared
            _fail(question, problem)
        elif not question.answer.done():
            question.answer.set_result(found)

    def look(self, now: float, patience: float) -> Question | None:
        """The first question, if it takes longer than `patience` (s): then nobody waits behind it any more, and
        without having an answer in time the connection ends.
        """
        if not self.waiting or now - self._since <= patience:
            return None
        self.late, first = True, self.waiting[0]
        for question in islice(self.waiting, 1, None):
            _fail(question, Behind())
        if now > first.until:
            _fail(first, TimeoutError())
            self.close()
        return first

    def connection_lost(self, _problem: Exception | None) -> None:
        if self.closed:
            return
        self.closed = True
        self._connection.terminate()
        lost, self._problem = self._problem or ConnectionResetError(ENDED), None
        while self.waiting:
            _fail(self.waiting.popleft(), lost)

    def close(self) -> None:
        """End the connection; who still waits learns that it is lost."""
        if not self.closed:
            self._transport.write(_message(b"X", b""))
            self.connection_lost(None)


def _fail(question: Question, problem: Exception) -> None:
    if not question.answer.done():
        question.answer.set_exception(problem)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + _LENGTH.pack(len(body) + 4) + body


def _value(value: object) -> bytes:
    """A parameter in text form, behind its length."""
    if isinstance(value, str):
        text = value.encode()
    elif isinstance(value, bool):
        text = b"t" if value else b"f"
    elif isinstance(value, (int, UUID)):
        text = str(value).encode()
    elif value is None:
        return _NULL
    elif isinstance(value, (list, tuple)):
        text = f"{{{','.join(map(_element, value))}}}".encode()
    else:
        raise TypeError(type(value).__name__)
    return _LENGTH.pack(len(text)) + text


def _element(text: str) -> str:
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def _problem(body: bytes) -> Exception:
    """What the server complains of: fields, each a letter and a text that ends with NUL."""
    fields = {field[:1].decode(): field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
    problem: Exception = asyncpg.PostgresError.new(fields)
    return problem
