"""What pages show themselves with: from this hub alone, under names that never mean anything else, in wheels too."""

import re
import subprocess
import sys
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from services.kit import assets
from services.kit.web import static
from tests.house.tree import ROOT, files

FIRST = ("kern.css", "kit.css", "htmx.js", "fira-sans-latin-400.woff2", "fira-sans-latin-600.woff2", "icon.svg")
"""What the first page of a visitor fetches."""
MOST_HTML, MOST_FIRST = 100_000, 300_000


async def get(name: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(cast("Any", Litestar([static], openapi_config=None)))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.example") as client:
        return await client.get(name, headers={"accept-encoding": "identity", **headers})


@pytest.mark.parametrize("name", sorted(assets.assets()))
async def test_an_asset_is_named_after_its_contents_and_kept_for_good(name: str) -> None:
    answer = await get(assets.path(name))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, assets.FOREVER)
    packed = await get(assets.path(name), **{"accept-encoding": "gzip"})
    assert packed.content == answer.content
    assert ("content-encoding" in packed.headers) == (not name.endswith(".woff2"))


async def test_other_names_are_asked_for_anew() -> None:
    """A page from before an update finds its style; nobody keeps it under the old name."""
    for name in ("/static/kit.css", "/static/kit.0123456789ab.css"):
        answer = await get(name)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert (await get("/static/nothing.0123456789ab.css")).status_code == 404
    assert (await get("/static/stamp.json")).status_code == 404


def test_styles_ask_for_nothing_elsewhere() -> None:
    for name, asset in assets.assets().items():
        if name.endswith(".css"):
            found = re.findall(rb"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""", asset.content)
            elsewhere = [one for pair in found for one in pair if one and not one.startswith((b"data:", b"#"))]
            known = {one.name.encode() for one in assets.assets().values()}
            assert [one for one in elsewhere if one.removeprefix(b"/static/") not in known] == [], name


def test_nothing_of_third_parties_is_committed() -> None:
    assert [path for path in files() if path.is_relative_to(assets.VENDOR)] == []
    assert [path for path in files() if path.suffix in {".woff", ".woff2", ".ttf"}] == []
    locks = [path for path in files() if path.name == "package-lock.json"]
    assert [path for path in locks if "resolved" in path.read_text(encoding="utf-8")] == []


def test_the_first_load_is_small() -> None:
    """Without the page itself, as a browser that takes gzip fetches it."""
    found = [assets.assets()[name] for name in FIRST]
    assert sum(len(one.packed if one.packs else one.content) for one in found) < MOST_FIRST - MOST_HTML


def test_the_build_does_nothing_twice() -> None:
    spec = spec_from_file_location("build", ROOT / "deploy" / "assets" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = module_from_spec(spec)
    spec.loader.exec_module(build)
    assert build.ensure() is False


def test_a_wheel_carries_them(tmp_path: Path) -> None:
    """As built for others: what it holds serves the pages, without Node and without the network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    elsewhere = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(elsewhere)
    assert {f"services/kit/static/vendor/{path.name}" for path in assets.VENDOR.iterdir()} <= set(names)
    assert not [name for name in names if "node_modules" in name]
    shown = "from services.kit import assets; print(assets.__file__, *sorted(a.name for a in assets.assets().values()))"
    told = subprocess.run([sys.executable, "-c", shown], cwd=elsewhere, capture_output=True, text=True, check=True)
    where, *found = told.stdout.split()
    assert Path(where).is_relative_to(elsewhere)
    assert found == sorted(one.name for one in assets.assets().values())
