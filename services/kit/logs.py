"""How the log is written: in words for whoever sits before it, or as JSON for programs that collect it.

As JSON, a line says which exception there was and where, never its message: that may quote what a person wrote. Of
other people's libraries it takes the message as they wrote it, without what they put into it.
"""

import logging
import traceback
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from services.kit import tracing

Format = Literal["text", "json"]
TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
OURS: Final = "services."
MOST_FRAMES: Final = 20


def configure(form: Format = "text") -> None:
    """Write the log to the standard error, in place of how it was written before."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class Lines(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `message`, `trace`, and of exceptions `error`, `at`."""

    def format(self, record: logging.LogRecord) -> str:
        told = record.getMessage() if record.name.startswith(OURS) else str(record.msg).partition("\n")[0]
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": told,
        }
        if trace := tracing.carried():
            line["trace"] = trace.split("-")[1]
        if record.exc_info and (problem := record.exc_info[1]) is not None:
            frames = traceback.extract_tb(problem.__traceback__)[-MOST_FRAMES:]
            line["error"] = type(problem).__name__
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return msgspec.json.encode(line).decode()
