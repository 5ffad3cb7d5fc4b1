"""The hub's command with its waits cut short, and nothing else changed: mails that would follow a change within a
minute follow within a second, and those of the next day on the same, so that a day can be played while somebody waits
for it.
"""

import datetime as dt
import sys

from services.cli import main
from services.directory.protection import notices
from services.events.registration import keeping, telling

COMMAND = ("-m", __spec__.name)

if __name__ == "__main__":
    notices.LOOK_SECONDS = 0.5
    keeping.TELL_SECONDS, keeping.SETTLE_SECONDS, keeping.DAILY_SECONDS = 0.2, 0.5, 0.5
    keeping.ASK_AFTER = dt.timedelta()
    telling.QUIET = dt.timedelta(seconds=0.3)
    sys.exit(main())
