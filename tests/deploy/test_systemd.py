"""The unit for one machine, read as systemd reads it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli import _parser
from services.kit import settings
from tests.deploy.reading import DEPLOY, env_file, known

FOLDER = DEPLOY / "systemd"
UNIT = FOLDER / "lotsennetz.service"
KEEPING = FOLDER / "lotsennetz-keep@.service"
UNITS = (UNIT, KEEPING)
MOST_EXPOSED = 2.0
"""Of ten, by systemd's own count; its services of this kind have about nine."""


def lines(unit: Path = UNIT) -> Iterator[tuple[str, str]]:
    for line in unit.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            yield key, value


def test_it_starts_what_there_is() -> None:
    said = dict(lines())
    program, *arguments = said["ExecStart"].split()
    assert program.endswith("/lotsennetz")
    assert _parser().parse_args(arguments).service == []
    assert said["User"] in (FOLDER / "lotsennetz.sysusers.conf").read_text(encoding="utf-8").split()
    assert said["EnvironmentFile"] in (FOLDER / "lotsennetz.tmpfiles.conf").read_text(encoding="utf-8").split()
    for key, value in lines():
        if key == "Environment":
            names = {pair.split("=")[0] for pair in value.split()}
            assert names <= known() | {"PYTHONUNBUFFERED"}


def test_the_timers_keep_what_there_is_where_it_may() -> None:
    said = dict(lines(KEEPING))
    assert said["EnvironmentFile"] == dict(lines())["EnvironmentFile"]
    assert said["User"] == dict(lines())["User"]
    folder = said["ReadWritePaths"]
    assert f"d {folder} 0700 {said['User']}" in (FOLDER / "lotsennetz.tmpfiles.conf").read_text(encoding="utf-8")
    started = []
    for timer in FOLDER.glob("*.timer"):
        template, _, verb = dict(lines(timer))["Unit"].removesuffix(".service").partition("@")
        assert f"{template}@.service" == KEEPING.name
        program, *arguments = said["ExecStart"].replace("%i", verb).split()
        assert program == dict(lines())["ExecStart"].split()[0]
        assert str(_parser().parse_args(arguments).folder) == folder
        started.append(verb)
    assert sorted(started) == ["backup", "tombstones"]


def test_its_settings_can_be_read() -> None:
    given = env_file(FOLDER / "lotsennetz.env")
    assert sorted(given.keys() - known()) == []
    read = settings.from_environment({name: value.strip('"') for name, value in given.items()})
    assert read.redis_url == "redis://127.0.0.1:6379"
    assert read.secret == ""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_thinks_well_of_it(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Unknown" in done.stderr or "unrecognized option" in done.stderr:
        pytest.skip("this systemd looks at running units only")
    exposed = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposed, done.stderr
    assert float(exposed[1]) <= MOST_EXPOSED, done.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line(unit: Path) -> None:
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    strange = [line for line in done.stderr.splitlines() if unit.name in line and "is not executable" not in line]
    assert strange == []
