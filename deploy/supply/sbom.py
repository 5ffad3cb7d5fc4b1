"""The bill of materials as CycloneDX 1.6 JSON: what runs, from the locks, with licences and who needs whom.

    python -m deploy.supply.sbom [FILE]        writes out/lotsennetz.cdx.json

The same locks give the same bytes; SOURCE_DATE_EPOCH, which a release sets, adds the time.
"""

import json
import os
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.supply import locks
from deploy.supply.licences import licence_of
from deploy.supply.locks import Package

SPEC = "1.6"
OURS = "EUPL-1.2"
EXTRAS = ("exact", "tracing")
"""Of our own, that the images have."""
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:lotsennetz:sbom")


def bill() -> dict[str, Any]:
    """The document, with everything that is delivered: the hub, its pages and the router."""
    project = tomllib.loads((locks.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    hub, pages, router = locks.hub(), locks.npm(locks.PAGES), locks.npm(locks.ROUTER)
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    packages = sorted({*hub, *pages, *router})
    by_name = {one.name: one.purl for one in hub}
    needs = {one.purl: _needs(one.name, by_name) for one in hub} | {one.purl: [] for one in (*pages, *router)}
    asked = [*project["dependencies"], *(one for extra in EXTRAS for one in project["optional-dependencies"][extra])]
    first = sorted({by_name[name] for name in _named(asked, set()) if name in by_name})
    needs[own] = sorted({*first, *(one.purl for one in (*locks.python(locks.BACKUP), *pages, *router))})
    found: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application", "bom-ref": own, "name": project["name"], "version": project["version"],
                "description": project["description"], "purl": own, "licenses": [{"license": {"id": OURS}}],
            },
            "supplier": {"name": project["authors"][0]["name"]},
        },
        "components": [_component(one) for one in packages],
        "dependencies": [{"ref": ref, "dependsOn": needs[ref]} for ref in sorted(needs)],
    }  # fmt: skip
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        found["metadata"]["timestamp"] = datetime.fromtimestamp(int(epoch), UTC).isoformat()
    found["serialNumber"] = f"urn:uuid:{uuid.uuid5(NAMESPACE, json.dumps(found, sort_keys=True))}"
    return found


def _component(package: Package) -> dict[str, Any]:
    group, _, name = package.name.rpartition("/")
    found: dict[str, Any] = {
        "type": "library", "bom-ref": package.purl, "name": name, "version": package.version, "purl": package.purl,
    }  # fmt: skip
    if group:
        found["group"] = group
    if licence := licence_of(package):
        found["licenses"] = [{"expression": licence.strip("()")} if " " in licence else {"license": {"id": licence}}]
    if package.ecosystem == "npm":
        found["hashes"] = [{"alg": "SHA-512", "content": one} for one in package.hashes]
    else:  # of files for all platforms: a component's own hash could be one only
        found["properties"] = [{"name": "lotsennetz:file:sha256", "value": one} for one in package.hashes]
    return found


def _needs(name: str, known: dict[str, str]) -> list[str]:
    """The packages of the lock that an installed one asks for, whatever the platform."""
    try:
        asked = requires(name) or []
    except PackageNotFoundError:
        return []
    return sorted({known[one] for one in _named(asked, set()) if one in known and one != name})


def _named(requirements: list[str], extras: set[str]) -> set[str]:
    """Their names, without those that only an extra asks for which is not among `extras`."""
    parsed = [Requirement(one) for one in requirements]
    return {
        canonicalize_name(one.name)
        for one in parsed
        if "extra ==" not in str(one.marker) or any(f'extra == "{extra}"' in str(one.marker) for extra in extras)
    }


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else locks.ROOT / "out" / "lotsennetz.cdx.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")
    print(path)
