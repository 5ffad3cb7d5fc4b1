"""The packages of the locks: Python's with their hashes, npm's with their integrity."""

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = ROOT / "requirements.lock"
RUNTIME = ROOT / "deploy" / "runtime.lock"
BACKUP = ROOT / "deploy" / "backup.lock"
BUILD = ROOT / "deploy" / "build.lock"
LOAD = ROOT / "deploy" / "load.lock"
"""What `make load` measures with, in an environment of its own."""
PAGES = ROOT / "deploy" / "assets" / "package-lock.json"
ROUTER = ROOT / "deploy" / "router" / "package-lock.json"
ENTRY = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;\\]+)(?P<rest>(?:.*\\\n)*.*)$", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
MODULES = "node_modules/"


@dataclass(frozen=True, order=True)
class Package:
    """`hashes` are SHA-256 of its files for all platforms (Python), or SHA-512 of its one file (npm); hexadecimal."""

    name: str
    version: str
    ecosystem: str = "PyPI"
    hashes: tuple[str, ...] = ()
    licence: str = ""
    """As npm's lock says it; Python's packages say it themselves, once installed."""

    @property
    def purl(self) -> str:
        kind = {"PyPI": "pypi", "npm": "npm"}[self.ecosystem]
        return f"pkg:{kind}/{self.name.replace('@', '%40')}@{self.version}"


def python(lock: Path) -> list[Package]:
    """All packages of a `requirements.lock`, those of other platforms too; sorted."""
    found = ENTRY.finditer(lock.read_text(encoding="utf-8"))
    return sorted(Package(one["name"], one["version"], "PyPI", tuple(HASH.findall(one["rest"]))) for one in found)


def hub() -> list[Package]:
    """What the hub's image has."""
    return sorted({*python(RUNTIME), *python(BACKUP)})


def npm(lock: Path) -> list[Package]:
    """What a `package-lock.json` installs without its development's part; sorted, each version once."""
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return sorted(
        {
            Package(
                one.get("name") or path.rpartition(MODULES)[2],
                one["version"],
                "npm",
                (base64.b64decode(one["integrity"].removeprefix("sha512-")).hex(),),
                one.get("license", ""),
            )
            for path, one in packages.items()
            if path and not one.get("dev") and not one.get("link")
        }
    )
