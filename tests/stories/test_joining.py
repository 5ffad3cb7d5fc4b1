"""The demo's cities join: through the registration endpoint, the pages, the mailed invitation and their own logins."""

from dataclasses import replace
from pathlib import Path

from services.app import chosen
from services.cli import joining
from services.kit.settings import Settings
from tests.conftest import Servers
from tests.running import running


async def test_cities_register_are_approved_and_log_in(
    servers: Servers, database: str, settings: Settings, tmp_path: Path
) -> None:
    own = replace(settings, database_url=database, redis_url=servers.redis, data=tmp_path, outbound_local=True)
    said: list[str] = []
    async with running(own, chosen()) as (hub, _server):
        joined = await joining.join(hub, said.append)
        me = "{ me { ags person scopes } }"
        for client, ags in ((joined.konstanz, joining.KONSTANZ), (joined.heilbronn, joining.HEILBRONN)):
            seen = (await client.ask(me))["me"]
            assert (seen["ags"], seen["person"]) == (ags, False)
            await client.close()
        assert (await joined.organiser.ask(me))["me"]["ags"] == joining.KONSTANZ
        await joined.organiser.close()
    assert len(said) == 7
