"""What the hub is made of: locks that agree, licences that fit, a valid bill of materials, weaknesses found."""

import json
import re
import zipfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator

from deploy.supply import audit, licences, locks, sbom
from deploy.supply.locks import Package
from tests.house.tree import ROOT

EVERYTHING = locks.python(locks.EVERYTHING)
RUNTIME = locks.hub()
DELIVERED = {one.name for one in RUNTIME}
NPM = [*locks.npm(locks.PAGES), *locks.npm(locks.ROUTER)]


@pytest.mark.parametrize("lock", [locks.RUNTIME, locks.BACKUP, locks.BUILD], ids=lambda path: path.name)
def test_the_parts_are_parts_of_the_lock(lock: Path) -> None:
    assert set(locks.python(lock)) <= set(EVERYTHING), "make lock"
    assert all(one.hashes for one in locks.python(lock))
    assert "://" not in lock.read_text(encoding="utf-8")


def test_what_runs_is_what_the_project_asks_for() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {re.split(r"[^a-z0-9-]", one)[0] for one in project["project"]["dependencies"]}
    assert asked <= DELIVERED
    tools = {re.split(r"[^a-z0-9-]", one)[0] for one in project["dependency-groups"]["dev"] if isinstance(one, str)}
    assert tools & DELIVERED <= {"packaging", "pyyaml"}, "which others bring along, too"
    built = {re.split(r"[^a-z0-9-]", one)[0] for one in project["build-system"]["requires"]}
    assert built <= {one.name for one in locks.python(locks.BUILD)}


@pytest.mark.parametrize("folder", [locks.PAGES.parent, locks.ROUTER.parent], ids=lambda path: path.name)
def test_npm_s_versions_are_pinned(folder: Path) -> None:
    said = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in said["dependencies"].values())
    assert all(len(one.hashes[0]) == 128 for one in locks.npm(folder / "package-lock.json"))


# Licences


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("MIT", True),
        ("(MIT OR GPL-3.0-or-later)", True),
        ("MIT AND GPL-3.0-or-later", False),
        ("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("Elastic-2.0", False),
        ("AGPL-3.0-only OR Elastic-2.0", False),
        ("", False),
    ],
)
def test_an_expression_fits_if_one_choice_does(expression: str, fits: bool) -> None:
    assert licences.accepted(expression) is fits


def test_every_licence_is_one_that_we_accept() -> None:
    wrong = {}
    for one in (*EVERYTHING, *NPM):
        tool = one.ecosystem == "PyPI" and one.name not in DELIVERED
        licence = licences.licence_of(one)
        if not licences.accepted(licence, licences.TOOLS if tool else licences.DELIVERED) and _here(one):
            wrong[f"{one.name} {one.version}"] = licence
    assert wrong == {}


def test_the_list_of_licences_is_the_code_s() -> None:
    written = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    told = re.findall(r"^- \*\*(.+)\*\*: (.+)$", written, re.MULTILINE)
    listed = {(name, licence) for licence, names in told for name in names.split(", ")}
    assert {(one.name, licences.licence_of(one)) for one in (*EVERYTHING, *NPM) if _here(one)} <= listed, (
        "make licences"
    )


def test_what_is_said_by_hand_is_needed() -> None:
    assert licences.READ.keys() <= {one.name for one in (*EVERYTHING, *NPM)}
    assert all(licences.known(one) for one in licences.READ.values())


@cache
def _here(package: Package) -> bool:
    """Whether the package can tell of itself; some are for other platforms or versions of Python."""
    try:
        return package.ecosystem == "npm" or bool(distribution(package.name))
    except PackageNotFoundError:
        return False


# The bill of materials


def test_the_bill_is_valid_and_complete() -> None:
    found = sbom.bill()
    problem = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_6).validate_str(json.dumps(found))
    assert problem is None
    assert {one["purl"] for one in found["components"]} == {one.purl for one in (*RUNTIME, *NPM)}
    without = [one["purl"] for one in found["components"] if "licenses" not in one]
    assert all(not _here(one) for one in RUNTIME if one.purl in without)
    refs = [one["ref"] for one in found["dependencies"]]
    assert len(refs) == len(set(refs)) == len(found["components"]) + 1
    assert {needed for one in found["dependencies"] for needed in one["dependsOn"]} <= set(refs)


def test_the_same_locks_give_the_same_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    first = sbom.bill()
    assert sbom.bill() == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    assert sbom.bill()["metadata"]["timestamp"] == "2027-01-15T08:00:00+00:00"


def test_the_hub_needs_what_it_imports() -> None:
    needs = {one["ref"].split("@")[0]: one["dependsOn"] for one in sbom.bill()["dependencies"]}
    assert any(one.startswith("pkg:pypi/httpcore@") for one in needs["pkg:pypi/httpx"])
    assert not any("pytest" in one for one in needs)


# Weaknesses

INVENTED = Package("left-pad", "1.4.2")


def advisory(*events: Mapping[str, str], **more: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    affected = {"package": {"ecosystem": "PyPI", "name": "Left_Pad"}, "ranges": ranges, **more}
    return {"id": "TEST-2026-1", "summary": "pads to the right", "affected": [affected]}


@pytest.mark.parametrize(
    ("version", "record", "found"),
    [
        ("1.4.2", advisory({"introduced": "0"}), True),
        ("1.4.2", advisory({"introduced": "0"}, {"fixed": "1.4.2"}), False),
        ("1.4.2rc1", advisory({"introduced": "0"}, {"fixed": "1.4.2"}), True),
        ("1.10", advisory({"introduced": "1.9"}, {"fixed": "1.11"}), True),
        ("1.2", advisory({"introduced": "1.9"}, {"fixed": "1.11"}), False),
        ("2.1", advisory({"introduced": "1"}, {"fixed": "1.5"}, {"introduced": "2"}, {"last_affected": "2.1"}), True),
        ("2.2", advisory({"introduced": "1"}, {"fixed": "1.5"}, {"introduced": "2"}, {"last_affected": "2.1"}), False),
        ("1.7", advisory({"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}), False),
        ("1.4.2", advisory({"introduced": "9"}, versions=["1.4.2"]), True),
        ("1.4.2", {**advisory({"introduced": "0"}), "withdrawn": "2026-01-01T00:00:00Z"}, False),
    ],
)
def test_an_advisory_concerns_the_versions_it_names(version: str, record: dict[str, Any], found: bool) -> None:
    package = Package("left-pad", version)
    assert [one.package for one in audit.findings([package], [record])] == ([package] if found else [])


@pytest.mark.parametrize(
    ("version", "found"), [("1.2.0-beta.2", True), ("1.2.0-beta.11", False), ("1.2.0", False), ("1.1.9", True)]
)
def test_npm_s_versions_are_ordered_as_npm_does(version: str, found: bool) -> None:
    events = [{"introduced": "0"}, {"fixed": "1.2.0-beta.11"}]
    record = {"id": "TEST-1", "affected": [
        {"package": {"ecosystem": "npm", "name": "@a/b"}, "ranges": [{"type": "SEMVER", "events": events}]}
    ]}  # fmt: skip
    assert bool(audit.findings([Package("@a/b", version, "npm")], [record])) is found


def test_a_weakness_of_ours_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours = next(one for one in EVERYTHING if one.name == "httpx")
    record = {"id": "TEST-2026-2", "summary": "invented", "affected": [
        {"package": {"ecosystem": "PyPI", "name": "httpx"}, "versions": [ours.version], "ranges": []}
    ]}  # fmt: skip
    folder = tmp_path / "advisories" / "httpx"
    folder.mkdir(parents=True)
    (folder / "TEST.yaml").write_text(json.dumps(record))  # which YAML includes
    assert audit.main([str(tmp_path / "advisories")]) == 1
    assert f"httpx {ours.version}: TEST-2026-2, fixed in –: invented" in capsys.readouterr().out
    record["affected"][0]["versions"] = ["0.0.1"]  # type: ignore[index]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("TEST.json", json.dumps(record))
    assert audit.main([str(tmp_path / "all.zip")]) == 0
    assert "0 that concern their versions" in capsys.readouterr().out


def test_no_advisories_are_no_good_news(tmp_path: Path) -> None:
    assert audit.main([]) == 2
    assert audit.main([str(tmp_path / "none")]) == 2
    assert audit.main([str(tmp_path)]) == 2
