"""The reference implementation's audit of GraphQL over HTTP: all of it, also what a server only should or may do."""

import asyncio
import json
from pathlib import Path

import pytest

from services.kit.service import Hub
from tests import router

FOLDER = Path(__file__).parents[2] / "deploy" / "acceptance"
SECONDS = 60
AUDITS = 61


@pytest.mark.parametrize("path", ["/graphql", "/directory/graphql"])
async def test_every_audit_passes(hub: Hub, path: str) -> None:
    await asyncio.to_thread(router.ensure_installed, FOLDER)
    process = await asyncio.create_subprocess_exec(
        router.node(), FOLDER / "graphql_http.mjs", hub.settings.issuer + path, env=router.environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SECONDS):
            printed, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, complaints.decode()
    audits = json.loads(printed)
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == AUDITS
