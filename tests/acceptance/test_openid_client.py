"""npm's openid-client and jose go the whole way of a city's client; the test plays the people on that way."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from services.directory.agreement import VERSION
from services.kit.service import Hub
from tests import router
from tests.acceptance.people import KONSTANZ, approve, decided
from tests.browser_like import Browser, account

FOLDER = Path(__file__).parents[2] / "deploy" / "acceptance"
SECONDS = 60


@pytest.mark.parametrize("method", ["private_key_jwt", "client_secret_basic"])
async def test_a_city_s_client_from_its_registration_to_its_end(hub: Hub, method: str) -> None:
    await asyncio.to_thread(router.ensure_installed, FOLDER)
    coordinator = await account(hub, KONSTANZ, "coordinator")
    person = Browser(hub)
    await person.log_in(coordinator)

    async def answer(question: dict[str, Any]) -> dict[str, Any]:
        if question["ask"] == "approve":
            await approve(hub, question["client_id"])
            return {}
        return {"url": await decided(person, question["url"], question["decision"])}

    try:
        done = await talk(answer, hub.settings.issuer, KONSTANZ, VERSION, method)
    finally:
        await person.close()
    assert done["subject"] == str(coordinator)


async def talk(answer: Any, *arguments: str) -> dict[str, Any]:
    """Let the program ask until it is done; fails with what it printed where it ends otherwise."""
    process = await asyncio.create_subprocess_exec(
        router.node(), FOLDER / "openid_client.mjs", *arguments, env=router.environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(SECONDS):
            async for line in process.stdout:
                said = json.loads(line)
                if "done" in said:
                    assert await process.wait() == 0
                    return dict(said["done"])
                process.stdin.write(json.dumps(await answer(said)).encode() + b"\n")
                await process.stdin.drain()
            raise AssertionError((await process.stderr.read()).decode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        process.stdin.close()
