"""Known weaknesses of the packages in the locks, from a local copy of the advisories; no network is asked.

    python -m deploy.supply.audit PLACE…       folders or zip files of OSV records (JSON or YAML); see docs/release.md

Exits with 1 where a package has a weakness, with 2 where there are no advisories to look at.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from deploy.supply import locks
from deploy.supply.locks import Package

SUFFIXES = {".json", ".yaml", ".yml"}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Finding(NamedTuple):
    package: Package
    id: str
    fixed: tuple[str, ...]
    """Versions without it."""
    about: str


def findings(packages: Iterable[Package], records: Iterable[dict[str, Any]]) -> list[Finding]:
    """Each package with each advisory that concerns its version; withdrawn ones do not count. Sorted."""
    by: dict[tuple[str, str], list[Package]] = {}
    for one in packages:
        by.setdefault((one.ecosystem, _name(one.name, one.ecosystem)), []).append(one)
    found = set()
    for record in records:
        if record.get("withdrawn"):
            continue
        for affected in record.get("affected", ()):
            named = affected.get("package", {})
            kind = named.get("ecosystem", "")
            for one in by.get((kind, _name(named.get("name", ""), kind)), ()):
                if concerns(affected, one):
                    about = record.get("summary") or record.get("details", "").strip().split("\n")[0]
                    found.add(Finding(one, record["id"], tuple(_fixed(affected)), about[:160]))
    return sorted(found)


def concerns(affected: dict[str, Any], package: Package) -> bool:
    """Whether OSV's `affected` names the package's version, or a range that has it (OSV's own algorithm)."""
    if package.version in affected.get("versions", ()):
        return True
    here = _key(package.version, package.ecosystem)
    for one in affected.get("ranges", ()):
        if one.get("type") not in {"ECOSYSTEM", "SEMVER"}:
            continue
        inside = False
        events = [(_key(at, package.ecosystem), what) for event in one.get("events", ()) for what, at in event.items()]
        for at, what in sorted(events, key=lambda event: event[0]):
            if what == "introduced" and here >= at:
                inside = True
            elif (what == "fixed" and here >= at) or (what == "last_affected" and here > at):
                inside = False
        if inside:
            return True
    return False


def _fixed(affected: dict[str, Any]) -> Iterator[str]:
    for one in affected.get("ranges", ()):
        if one.get("type") != "GIT":
            yield from (event["fixed"] for event in one.get("events", ()) if "fixed" in event)


def _name(name: str, ecosystem: str) -> str:
    return canonicalize_name(name) if ecosystem == "PyPI" else name


def _key(version: str, ecosystem: str) -> Any:
    """By which versions are compared; one that nobody can read comes before all others."""
    if ecosystem == "PyPI":
        try:
            return Version(version)
        except InvalidVersion:
            return Version("0")
    numbers, _, pre = version.partition("+")[0].partition("-")
    counted = tuple(int(part) for part in re.findall(r"\d+", numbers)[:3])
    parts = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in pre.split(".")) if pre else ()
    return (*counted, 0, 0, 0)[:3], not pre, parts


def records(place: Path, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The OSV records in a folder or a zip file that could be about one of `names`; others are not even parsed."""
    either = "|".join(re.escape(name) for name in sorted(set(names)))
    wanted = re.compile(rf"""name["']?: *["']?(?:{either})["']?\s*[,}}\n]""".encode(), re.IGNORECASE)
    for suffix, content in _files(place):
        if wanted.search(content):
            found = json.loads(content) if suffix == ".json" else yaml.load(content, LOADER)  # noqa: S506 - a safe one
            if isinstance(found, dict) and "id" in found:
                yield found


def _files(place: Path) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for path in sorted(one for one in place.rglob("*") if one.suffix in SUFFIXES):
            yield path.suffix, path.read_bytes()
        return
    with zipfile.ZipFile(place) as archive:
        for name in archive.namelist():
            if Path(name).suffix in SUFFIXES:
                yield Path(name).suffix, archive.read(name)


def spellings(packages: Iterable[Package]) -> set[str]:
    """How advisories may write the names: with `-`, `_` or `.`."""
    return {one.name.replace("-", sign) for one in packages for sign in "-_."}


def main(places: list[str]) -> int:
    missing = [place for place in places if not Path(place).exists()]
    if missing or not places:
        print(
            f"no advisories at {', '.join(missing) or 'hand'}: docs/release.md says how to fetch them", file=sys.stderr
        )
        return 2
    python = {one for lock in (locks.EVERYTHING, locks.LOAD) for one in locks.python(lock)}
    packages = [*sorted(python), *locks.npm(locks.PAGES), *locks.npm(locks.ROUTER)]
    seen = [record for place in places for record in records(Path(place), spellings(packages))]
    if not seen:
        print(f"no advisory at {', '.join(places)} is about any of our packages: that cannot be", file=sys.stderr)
        return 2
    found = findings(packages, seen)
    for one in found:
        print(
            f"{one.package.name} {one.package.version}: {one.id}, fixed in {', '.join(one.fixed) or '–'}: {one.about}"
        )
    print(f"{len(packages)} packages, {len(seen)} advisories by their names, {len(found)} that concern their versions")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
