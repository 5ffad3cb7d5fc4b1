"""The keys that sign access tokens and sessions; the hub renews them by itself, every ninety days."""

import argparse
from collections.abc import Callable

from services.app import chosen
from services.cli.running import servers
from services.directory.oauth import keys
from services.kit.db import HUB
from services.kit.i18n import gettext as _
from services.kit.service import Hub
from services.kit.settings import Settings


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The commands of this file."""
    rotate = command(
        "keys", run, "keys rotate makes the next signing key, which signs as soon as everybody has read it"
    )
    rotate.add_argument("action", choices=["rotate"])
    rotate.add_argument("--at-once", action="store_true", help="a key leaked: everything that was signed ends now")


async def run(asked: argparse.Namespace, settings: Settings) -> int:
    with servers(settings, share=True) as found:
        hub = Hub(found, chosen("directory"))
        await hub.migrate()
        try:
            runtime = hub.runtimes["directory"]
            async with runtime.db.begin(HUB) as session:
                seal = runtime.settings.derived("signing")
                await runtime.say(session, await keys.rotate(session, seal, at_once=asked.at_once))
        finally:
            await hub.stop()
    if asked.at_once:
        print(_("There is a new signing key. All sessions and tokens have ended."))
    else:
        minutes = round(keys.LEAD_SECONDS / 60)
        print(_("There is a new signing key. It signs in {minutes} minutes.", minutes=minutes))
    return 0
