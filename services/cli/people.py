"""People who run the hub: the first ones are invited here, all others on the pages."""

import argparse
from collections.abc import Callable

from services.app import chosen
from services.cli.running import servers
from services.directory.access import OPERATOR, ROLES, checked_org
from services.directory.login import links, passkeys
from services.directory.people import HUB_ORG
from services.kit.db import HUB
from services.kit.errors import Conflict, NotFound, Refused
from services.kit.i18n import gettext as _
from services.kit.service import Hub
from services.kit.settings import Settings


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The commands of this file."""
    invite = command("invite", run, "invite EMAIL makes an account and prints the link with which its login is set up")
    invite.add_argument("email", metavar="EMAIL")
    invite.add_argument("--name", default="", help="the person's name; needed for a new account")
    invite.add_argument("--role", action="append", choices=tuple(ROLES), help="may be given several times")
    invite.add_argument("--at", default="", metavar="AGS|STATE", help="a city's AGS or a state's two digits")
    invite.add_argument("--again", action="store_true", help="for an account there is: its passkeys and sessions end")


async def run(asked: argparse.Namespace, settings: Settings) -> int:
    roles = tuple(asked.role or ())
    if not asked.at and roles != (OPERATOR,):
        raise Refused(_("Say with --at for which city (AGS) or state (two digits); only an operator has none."))
    org = checked_org(asked.at or HUB_ORG)
    with servers(settings, share=True) as found:
        hub = Hub(found, chosen("directory"))
        await hub.migrate()
        try:
            made = await _invited(hub, asked, org, roles)
        finally:
            await hub.stop()
    print(_("This link works once, within {days} days:", days=links.INVITATION_LIFE.days))
    print(made.url)
    if passkeys.impossible(hub.settings):
        print(
            _(
                "Browsers make passkeys for names only: with LOTSENNETZ_PUBLIC_URL=http://localhost:{port} they work "
                "on this machine. The link then begins with that address.",
                port=hub.settings.port,
            )
        )
    return 0


async def _invited(hub: Hub, asked: argparse.Namespace, org: str, roles: tuple[str, ...]) -> links.Invited:
    runtime = hub.runtimes["directory"]
    by_mail = bool(hub.settings.smtp_url)
    async with runtime.db.begin(HUB) as session:
        account_id = await links.account_with(session, org, asked.email)
        if not asked.again:
            if account_id is not None:
                raise Conflict(_("Somebody there has this e-mail address already. --again invites them anew."))
            made = await links.invite(
                session, runtime, "", org=org, name=asked.name, email=asked.email, roles=roles, by_mail=by_mail
            )
        elif account_id is None:
            raise NotFound(_("There is no such account."))
        else:
            made = await links.invite_again(session, runtime, "", account_id, by_mail=by_mail)
        await runtime.say(session, made.messages)
    return made
