"""Schemathesis reads the published description and sends what it allows, and what it does not: nothing is a 5xx.

It makes a 120th of `LOTSENNETZ_FUZZ` examples of each operation; in `make soak` its coverage phase also makes those at
every limit.
"""

import asyncio
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from services.directory.access import CLIENT_SCOPES
from services.directory.agreement import VERSION
from services.directory.oauth import clients
from services.kit.db import HUB
from services.kit.openapi import BEARER, CLIENT, FEED, MANAGEMENT
from services.kit.service import Hub
from tests.conftest import SOAK, soak

EXAMPLES = int(os.environ.get("LOTSENNETZ_FUZZ", "120")) // 120 or 1
KONSTANZ = "08335043"
RUN = """
import json, schemathesis, schemathesis.core.loaders
from schemathesis.cli import schemathesis as run
schemathesis.serializer("application/jsonl")(lambda _context, value: json.dumps(value).encode())
schemathesis.core.loaders.DEFAULT_RESPONSE_TIMEOUT = 60
run()
"""
"""JSON Lines are no media type that it knows, and a busy machine tells its schema in more than ten seconds."""
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)


async def fuzz(
    hub: Hub, folder: Path, *options: str, config: str = "", path: str = "/openapi.json", checks: str = CHECKS
) -> None:
    """Fails the test with what schemathesis prints where it finds anything."""
    (folder / "schemathesis.toml").write_text(config, encoding="utf-8")
    command = [
        sys.executable, "-c", RUN,
        "--config-file", str(folder / "schemathesis.toml"), "run", hub.settings.issuer + path,
        "--checks", checks, "--max-examples", str(EXAMPLES), *options,
        "--workers", "1", "--seed", "1", "--continue-on-failure", "--no-color", "--no-shrink",
        "--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "30",
        "--max-redirects", "0",
    ]  # fmt: skip
    found = {"SCHEMATHESIS_HOOKS": "graphql_check", "PYTHONPATH": str(Path(__file__).parent)}
    env = {**os.environ, **found, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _nothing = await process.communicate()
    text = printed.decode()
    assert process.returncode == 0, text[-20_000:]
    passed = re.search(r"(\d+) generated, \1 passed", text)
    assert passed is not None, text
    assert int(passed[1]) >= 10 * EXAMPLES, text


@soak
async def test_nobody_in_particular_finds_no_fault(hub: Hub, tmp_path: Path) -> None:
    await fuzz(hub, tmp_path, "--phases", "fuzzing")


@pytest.mark.slow
async def test_those_who_are_let_in_find_no_fault(hub: Hub, tmp_path: Path) -> None:
    """Each operation with the credentials it asks for; a registration is read and changed with its own token."""
    async with hub.runtimes["directory"].db.begin(HUB) as session:
        client = await clients.add(session, "fuzzed", KONSTANZ, CLIENT_SCOPES)
    body = {"client_name": "Digitalbüro", "ags": KONSTANZ, "agreement": VERSION,
            "token_endpoint_auth_method": "client_secret_basic"}  # fmt: skip
    async with httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False) as http:
        form = {"grant_type": "client_credentials"}
        token = (await http.post("/oauth/token", data=form, auth=(client.client_id, client.client_secret))).json()
        made = (await http.post("/oauth/register", json=body)).json()
    config = f"""
[auth.openapi.{BEARER}]
bearer = {json.dumps(token["access_token"])}
[auth.openapi.{CLIENT}]
username = {json.dumps(client.client_id)}
password = {json.dumps(client.client_secret)}
[auth.openapi.{FEED}]
bearer = {json.dumps(hub.feed_token)}
[auth.openapi.{MANAGEMENT}]
bearer = {json.dumps(made["registration_access_token"])}
[parameters]
"path.client_id" = {json.dumps(made["client_id"])}
"""
    # The registration has to stay for the others.
    phases = "coverage,fuzzing" if SOAK else "fuzzing"
    await fuzz(hub, tmp_path, "--phases", phases, "--exclude-method", "DELETE", config=config)


@pytest.mark.slow
@pytest.mark.parametrize("scopes", [pytest.param((), marks=soak), CLIENT_SCOPES])
async def test_whatever_the_graph_is_asked_nothing_breaks(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scopes: tuple[str, ...]
) -> None:
    """Documents made from the schema, by nobody in particular and by a city's program with all its scopes."""
    monkeypatch.setattr(hub, "settings", replace(hub.settings, introspection="everybody"))
    options = ["--phases", "fuzzing"]
    if scopes:
        async with hub.runtimes["directory"].db.begin(HUB) as session:
            client = await clients.add(session, "fuzzed", KONSTANZ, scopes)
        async with httpx.AsyncClient(base_url=hub.settings.issuer, trust_env=False) as http:
            form = {"grant_type": "client_credentials"}
            token = (await http.post("/oauth/token", data=form, auth=(client.client_id, client.client_secret))).json()
        options += ["--header", f"Authorization: Bearer {token['access_token']}"]
    await fuzz(hub, tmp_path, *options, path="/graphql", checks="nothing_broke")
