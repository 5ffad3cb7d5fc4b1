"""The hub's command with its waits cut short, and nothing else changed: mails that would follow a change within a
minute follow within a second, and those of the next day on the same, so that a day can be played while somebody waits
for it.
"""

import datetime as dt

from services import cli
from services.directory.protection import notices
from services.events.registration import keeping, telling

COMMAND = f"{__spec__.name}:main"


def main(arguments: list[str]) -> int:
    notices.LOOK_SECONDS = 1.0
    keeping.TELL_SECONDS, keeping.SETTLE_SECONDS, keeping.DAILY_SECONDS = 0.5, 1.0, 1.0
    keeping.ASK_AFTER = dt.timedelta()
    telling.QUIET = dt.timedelta(seconds=0.3)
    return cli.main(arguments)
