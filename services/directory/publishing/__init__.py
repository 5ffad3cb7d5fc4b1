"""Publishing: take the city's turn, compare, store the difference, say it. However a snapshot came, it ends here."""

from services.directory.publishing.again import republish
from services.directory.publishing.outcome import ANY_VERSION, Changes, Outcome, Publisher, Report
from services.directory.publishing.planning import add_navigator, changes, plan
from services.directory.publishing.publish import Wish, change, preview, publish, publish_all
from services.directory.publishing.together import publish_now

__all__ = [
    "ANY_VERSION",
    "Changes",
    "Outcome",
    "Publisher",
    "Report",
    "Wish",
    "add_navigator",
    "change",
    "changes",
    "plan",
    "preview",
    "publish",
    "publish_all",
    "publish_now",
    "republish",
]
