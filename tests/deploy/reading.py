"""What stands in `deploy/`, as values."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from services.kit.settings import from_environment
from tests.house.tree import ROOT

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSE = sorted((DEPLOY / "compose").glob("*.yaml"))
IMAGES = {
    "lotsennetz": DEPLOY / "Containerfile",
    "lotsennetz-router": DEPLOY / "router" / "Containerfile",
    "lotsennetz-front": DEPLOY / "caddy" / "Containerfile",
}
"""Those that are built here."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ELSEWHERE = {"HUB_SERVICES", "LOTSENNETZ_LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "NUMBA_CACHE_DIR"}
"""Variables that are read beside the settings."""
HELPERS = {"DATABASE_PASSWORD", "VALKEY_PASSWORD"}
"""Variables that only other variables of the same container are made of."""


class Container(NamedTuple):
    """One container of a manifest."""

    where: str
    spec: dict[str, Any]
    pod: dict[str, Any]
    name: str
    """Of the workload."""


@cache
def manifests() -> list[tuple[str, dict[str, Any]]]:
    """Every resource of the manifests with where it stands; what only kustomize reads is left out."""
    return [
        (f"{path.relative_to(KUBERNETES)}: {one['kind']} {one['metadata']['name']}", one)
        for path in sorted(KUBERNETES.rglob("*.yaml"))
        if path.name != "kustomization.yaml"
        for one in yaml.load_all(path.read_text(encoding="utf-8"), LOADER)
    ]


def kinds(kind: str) -> list[dict[str, Any]]:
    return [one for _, one in manifests() if one["kind"] == kind]


def containers() -> list[Container]:
    found = []
    for where, one in manifests():
        spec = one.get("spec", {})
        if pod := spec.get("jobTemplate", {}).get("spec", spec).get("template", {}).get("spec"):
            every = [*pod["containers"], *pod.get("initContainers", ())]
            found += [Container(f"{where}/{each['name']}", each, pod, one["metadata"]["name"]) for each in every]
    return found


def compose(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def composed() -> list[tuple[str, dict[str, Any]]]:
    """Every service of the compose files with where it stands."""
    return [(f"{path.name}: {name}", one) for path in COMPOSE for name, one in compose(path)["services"].items()]


def instructions(path: Path) -> list[tuple[str, str]]:
    """A Containerfile as its instructions, such as `("USER", "10001:10001")`."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    return [(word, rest.strip()) for line in text.splitlines() if line for word, _, rest in [line.partition(" ")]]


def variables(path: Path) -> dict[str, str]:
    """What ENV sets in the last stage of a Containerfile."""
    lines = instructions(path)
    last = max(index for index, (word, _) in enumerate(lines) if word == "FROM")
    pairs = " ".join(rest for word, rest in lines[last:] if word == "ENV").split()
    return dict(pair.split("=", 1) for pair in pairs)


def env_file(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class _Asked(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return default


@cache
def known() -> frozenset[str]:
    """Every variable that the hub reads."""
    asked: _Asked = _Asked()
    from_environment(asked)
    return frozenset(asked.names | ELSEWHERE)


@cache
def known_to_router() -> frozenset[str]:
    text = "".join(
        (DEPLOY / "router" / name).read_text(encoding="utf-8") for name in ("gateway.config.mjs", "probe.mjs")
    )
    return frozenset(re.findall(r"env\.(ROUTER_[A-Z_]+)", text)) | {"NODE_ENV"}


@cache
def known_to_front() -> frozenset[str]:
    return frozenset(
        name
        for path in (DEPLOY / "caddy").glob("*.Caddyfile")
        for name in re.findall(r"\{\$([A-Z_]+)", path.read_text(encoding="utf-8"))
    )


def known_of(image: str) -> frozenset[str] | None:
    """The variables that one of our images knows; None for those of others."""
    name = image.split(":", maxsplit=1)[0].rpartition("/")[2]
    return {"lotsennetz": known, "lotsennetz-router": known_to_router, "lotsennetz-front": known_to_front}.get(
        name, lambda: None
    )()


def unknown(image: str, names: Mapping[str, Any]) -> list[str]:
    """Which of the variables a container of ours is given without reading them."""
    there = known_of(image)
    return [] if there is None else sorted(names.keys() - there - HELPERS)


def executable(path: Path) -> bool:
    return os.access(path, os.X_OK)


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key, one
            yield from walk(one)
    elif isinstance(value, list):
        for one in value:
            yield from walk(one)
