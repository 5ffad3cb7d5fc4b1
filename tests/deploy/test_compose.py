"""The compose files: valid for the Compose Specification, careful, and about the code that there is."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.app import SERVICES
from services.cli import _parser
from services.kit import probe, settings
from tests.deploy.reading import COMPOSE, DEPLOY, IMAGES, compose, composed, env_file, executable, unknown, variables

SERVED = dict(composed())
MIGRATING = "split.yaml: migrate"
each_service = pytest.mark.parametrize("one", SERVED.values(), ids=SERVED)


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_the_specification_takes_the_file(path: Path) -> None:
    schema = json.loads((files("check_jsonschema.builtin_schemas.vendor") / "compose-spec.json").read_text("utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(compose(path))


@each_service
def test_a_container_is_careful(one: dict[str, Any]) -> None:
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert int(one["user"].split(":")[0]) > 0
    assert one["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    if one is SERVED[MIGRATING]:
        assert one["restart"] == "no"
    else:
        assert one["healthcheck"]["test"][0] == "CMD"
        assert one["restart"] == "unless-stopped"
    assert one["logging"]["options"].keys() == {"max-size", "max-file"}
    assert re.fullmatch(r"[a-z/.-]+:\d+([.-][\w.-]+)+", one["image"]), "an image of one version"
    assert "privileged" not in one
    assert not {"pid", "ipc", "network_mode"} & one.keys()


@each_service
def test_a_container_is_given_what_it_reads(one: dict[str, Any]) -> None:
    assert unknown(one["image"], one.get("environment", {})) == []
    name = one["image"].split(":")[0]
    if name in IMAGES:
        assert (DEPLOY / "compose" / one["build"]["context"] / one["build"]["dockerfile"]).resolve() == IMAGES[name]
        user = next(rest for word, rest in reversed(_instructions(name)) if word == "USER")
        assert one["user"] == user
    if name == "lotsennetz":
        asked = _parser().parse_args(one["command"])
        assert set(getattr(asked, "service", ())) <= SERVICES.keys()
        assert one["healthcheck"] == {"disable": True} or one["healthcheck"]["test"][1:] == [
            "python",
            "-m",
            probe.__name__,
        ]
    for volume in one.get("volumes", ()):
        place, _, inside = volume.partition(":")
        if place.startswith("."):
            assert (DEPLOY / "compose" / place).is_file()
            assert inside.endswith(":ro")


def _instructions(name: str) -> list[tuple[str, str]]:
    from tests.deploy.reading import instructions

    return instructions(IMAGES[name])


def test_the_split_has_every_service_and_its_workers() -> None:
    there = compose(DEPLOY / "compose" / "split.yaml")["services"]
    commands = {name: one["command"] for name, one in there.items() if one["image"].startswith("lotsennetz:")}
    assert commands.pop("migrate") == ["migrate"]
    assert commands == {
        f"{name}{part}": [verb, name] for name in SERVICES for part, verb in (("", "serve"), ("-work", "work"))
    }
    said = there["directory"]["environment"]
    assert {said[f"LOTSENNETZ_INSIDE_{name.upper()}_URL"] for name in SERVICES} == {
        f"http://{n}:8000" for n in SERVICES
    }
    assert said["LOTSENNETZ_WORKERS"] == "none"
    assert variables(IMAGES["lotsennetz"])["LOTSENNETZ_PORT"] == "8000"
    users = (DEPLOY / "compose" / "postgres" / "first.sh").read_text(encoding="utf-8")
    for name, one in there.items():
        if one["image"].startswith("lotsennetz:") and name != "migrate":
            service = name.removesuffix("-work")
            for variable in ("DATABASE", "REPLICA"):
                user, password = re.findall(r"//(\w+):\$\{(\w+):", one["environment"][f"LOTSENNETZ_{variable}_URL"])[0]
                assert user == f"{service}_process"
                assert f'service {service} "${password}"' in users


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_the_example_names_what_the_file_asks_for(path: Path) -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", path.read_text(encoding="utf-8")))
    example = env_file(DEPLOY / "compose" / "example.env")
    assert asked - {"ROUTER_DOCUMENTS_POLICY"} <= example.keys()
    must = set(re.findall(r"\$\{([A-Z_]+):\?", path.read_text(encoding="utf-8")))
    secret = {name for name in example if re.search(r"SECRET|PASSWORD|SMTP_URL", name)}
    assert not any(example[name] for name in secret), "a secret in a file that everybody has"
    assert {"LOTSENNETZ_SECRET", "LOTSENNETZ_DATABASE_PASSWORD", "LOTSENNETZ_NAME"} <= must


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_the_settings_can_be_read(path: Path) -> None:
    for name, one in compose(path)["services"].items():
        if one["image"].startswith("lotsennetz:"):
            given = {name: re.sub(r"\$\{\w+:[?-]\}", "x", value) for name, value in one["environment"].items()}
            given |= {"LOTSENNETZ_SMTP_URL": "", "LOTSENNETZ_MAIL_FROM": ""}
            read = settings.from_environment({**variables(IMAGES["lotsennetz"]), **given})
            assert re.fullmatch(r"postgresql://(lotsennetz|\w+_process):x@postgres/lotsennetz", read.database_url or "")
            front = compose(path)["networks"]["front"]["ipam"]["config"][0]["subnet"]
            assert read.trusted_proxies == ((front,) if name != "migrate" else ())


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_the_database_is_not_reached_from_outside(path: Path) -> None:
    found = compose(path)
    assert found["networks"]["back"]["internal"] is True
    for name, one in found["services"].items():
        assert ("ports" in one) == (name == "caddy")
        if name in {"postgres", "postgres-replica", "valkey"}:
            assert one["networks"] == ["back"]


def test_the_database_s_scripts_can_run() -> None:
    for name in ("first.sh", "replica.sh"):
        assert executable(DEPLOY / "compose" / "postgres" / name)
