import re
import subprocess
import tomllib

import pytest

from tests.house.tree import ROOT, SERVICES, files, texts

MOST_LINES = 400
SOURCE = {".py", ".html", ".css", ".js", ".sql", ".typ", ".graphql"}

# Each pattern is written so that it does not find itself.
ELSEWHERE = re.compile(
    r"py[p]i\.org|pythonhoste[d]\.org|npm[j]s\.(?:org|com)|yarnpk[g]\.com|de[b]\.debian\.org|crate[s]\.io"
    r"|proxy\.golan[g]\.org|repo1?\.mave[n]\.",
    re.IGNORECASE,
)
ABSOLUTE = re.compile(r"(?<![\w.~$})/-])/(?:hom[e]|roo[t]|tm[p]|User[s]|wor[k])/")


def test_no_source_file_is_longer_than_400_lines() -> None:
    long = {}
    for path in files():
        if path.is_relative_to(SERVICES) and path.suffix in SOURCE:
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > MOST_LINES:
                long[path.relative_to(ROOT).as_posix()] = lines
    assert long == {}, "A module becomes a package of the same name at about 400 lines"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (ELSEWHERE, "which package index is used is the machine's business"),
        (ABSOLUTE, "paths are computed from the project's folder"),
    ],
    ids=["registries", "absolute paths"],
)
def test_nothing_names_one_machine(pattern: re.Pattern[str], why: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, content in texts()
        if pattern.search(content)
        for number, line in enumerate(content.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == [], why


def test_every_dependency_has_its_line_in_the_docs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(one for extra in project["project"].get("optional-dependencies", {}).values() for one in extra),
        *(one for group in project.get("dependency-groups", {}).values() for one in group if isinstance(one, str)),
    ]
    names = {match[0] for one in wanted if (match := re.match(r"[A-Za-z0-9._-]+", one))}
    described = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert sorted(name for name in names if f"`{name}`" not in described) == []


def test_the_readme_names_every_make_target() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(targets) > 5
    assert [target for target in targets if not re.search(rf"\bmake {target}\b", readme)] == []


def test_one_version_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f'softwareVersion: "{version}"' in (ROOT / "publiccode.yml").read_text(encoding="utf-8")


def test_the_lock_pins_every_dependency_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.findall(r"^([a-z0-9-]+)==\S+(?: ;[^\\\n]*)? \\\n    --hash=sha256:", lock, re.MULTILINE)
    unpinned = [line for line in lock.splitlines() if re.match(r"[a-z]", line) and line.split("==")[0] not in entries]
    assert unpinned == []
    assert "://" not in lock


def test_what_git_would_run_is_executable() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=False).returncode == 0
