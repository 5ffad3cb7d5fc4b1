"""The split's door: every address of the code leads to the service that answers it."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from services.app import SERVICES
from tests.deploy.reading import DEPLOY, containers, kinds
from tests.stories.caddy import CADDY

CADDYFILE = DEPLOY / "caddy" / "split.Caddyfile"
TEXT = CADDYFILE.read_text(encoding="utf-8")


def leads_to(path: str) -> str:
    """The upstream of an address, as the Caddyfile's `handle`s decide in their order."""
    matchers = dict(re.findall(r"^\t@(\w+) (path(?:_regexp)? .+)$", TEXT, re.MULTILINE))
    for matcher, what in re.findall(r"handle (?:@(\w+) )?\{\s+(import service \w+:\d+|respond \d+)", TEXT):
        kind, _, pattern = matchers.get(matcher, "path_regexp ^").partition(" ")
        if path in pattern.split() if kind == "path" else re.search(pattern, path):
            return str(what.removeprefix("import service "))
    raise AssertionError(path)


def addresses(name: str) -> Iterator[str]:
    """One address for each route of a service."""
    values = {"uuid": "0b5c0c4e-8f0c-4a0e-9d59-6d8f8d1c2f10", "int": "3", "str": "08335043", "path": "a/b"}
    for path in sorted({path for route in SERVICES[name].routes for path in route.paths} | {f"/{name}/graphql"}):
        yield re.sub(r"\{\w+:(\w+)\}", lambda found: values[found[1]], path)


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_leads_to_its_service(name: str) -> None:
    found = list(addresses(name))
    assert len(found) > 5
    assert [path for path in found if leads_to(path) != f"{name}:8000"] == []


def test_what_belongs_to_no_service() -> None:
    assert {leads_to(path) for path in ("/graphql", "/schema.graphql", "/schema.json")} == {"router:4000"}
    assert {leads_to(f"/{name}/feed") for name in SERVICES} == {"respond 404"}
    assert {leads_to(path) for path in ("/", "/hilfe", "/static/x.css", "/health/ready", "/openapi.json")} == {
        "directory:8000"
    }


def test_the_upstreams_are_those_of_the_manifests() -> None:
    there = {f"{one['metadata']['name']}:{one['spec']['ports'][0]['port']}" for one in kinds("Service")}
    assert set(re.findall(r"import service (\w+:\d+)", TEXT)) <= there


def test_the_front_s_probes_ask_what_it_answers() -> None:
    front = next(one.spec for one in containers() if one.name == "front")
    ports = {port["name"]: port["containerPort"] for port in front["ports"]}
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = front[kind]["httpGet"]
        assert f":{ports[asked['port']]} {{\n\trespond {asked['path']} 200" in TEXT
    assert f":{ports['http']}" in {variable["value"] for variable in front["env"]}


@pytest.mark.parametrize("name", ["hub", "split"])
def test_caddy_takes_the_file(name: str) -> None:
    given = {
        "LOTSENNETZ_NAME": "lotsennetz.example.org",
        "LOTSENNETZ_SITE": ":8080",
        "LOTSENNETZ_ACME": "x@example.org",
    }
    file = DEPLOY / "caddy" / f"{name}.Caddyfile"
    command = [str(CADDY), "adapt", "--adapter", "caddyfile", "--config", str(file)]
    done = subprocess.run(command, env={"PATH": "", **given}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
