"""The container files: nobody is root, versions are pinned, and what they copy is there and let in."""

import re
from pathlib import Path

import pytest

from services.cli import _parser
from services.kit import probe
from tests.deploy.reading import IMAGES, instructions, unknown, variables
from tests.house.tree import ROOT

each_image = pytest.mark.parametrize("name", IMAGES)


@each_image
def test_an_image_is_careful(name: str) -> None:
    lines = instructions(IMAGES[name])
    words = [word for word, _ in lines]
    bases = [rest.split()[0] for word, rest in lines if word == "FROM"]
    assert all(re.fullmatch(r"[a-z/.-]+:\d+(\.\d+)*-[\w.-]+", base) for base in bases), "one version of one system"
    users = [rest for word, rest in lines if word == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", users[-1]), "by number, so that Kubernetes sees it"
    assert words.index("USER") > max(index for index, word in enumerate(words) if word == "RUN")
    assert "HEALTHCHECK" in words
    assert "ADD" not in words
    assert "VOLUME" not in words
    assert not any(re.search(r"SECRET|PASSWORD|TOKEN", rest) for word, rest in lines if word in {"ENV", "ARG"})


@each_image
def test_what_is_copied_is_let_in(name: str) -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for word, rest in instructions(IMAGES[name]):
        if word == "COPY" and "--from" not in rest:
            for source in (part for part in rest.split()[:-1] if not part.startswith("--")):
                assert (ROOT / source).exists(), source
                assert any(Path(source).is_relative_to(one) for one in allowed), source


def test_no_secret_and_no_data_is_let_in() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    for name in ("var", ".env", ".git", "deploy", "deploy/compose"):
        assert f"!{name}" not in lines


def test_the_hub_s_image_starts_the_hub() -> None:
    lines = dict(instructions(IMAGES["lotsennetz"]))
    assert lines["ENTRYPOINT"] == '["lotsennetz"]'
    assert lines["CMD"] == '["serve"]'
    assert _parser().parse_args(["serve"]).service == []
    assert f'"{probe.__name__}"' in lines["HEALTHCHECK"]
    said = {name: value for name, value in variables(IMAGES["lotsennetz"]).items() if name.startswith("LOTSENNETZ")}
    assert unknown("lotsennetz:1", said) == []


@pytest.mark.parametrize("name", ["lotsennetz", "lotsennetz-router"])
def test_only_pinned_packages_come_in(name: str) -> None:
    runs = " ".join(rest for word, rest in instructions(IMAGES[name]) if word == "RUN")
    if name == "lotsennetz":
        given = dict(
            pair.split("=", 1) for word, rest in instructions(IMAGES[name]) if word == "ENV" for pair in rest.split()
        )
        assert given["PIP_REQUIRE_HASHES"] == "1"
        assert given["PIP_ONLY_BINARY"] == ":all:"
        assert given["PIP_NO_DEPS"] == "1"
        assert re.findall(r"pip install (?:-r )?(\S+)", runs) == [
            "deploy/runtime.lock",
            "deploy/backup.lock",
            "deploy/build.lock",
            "dist/*.whl",
        ]
    else:
        assert re.findall(r"npm (\w+)", runs) == ["ci"]
        assert "--ignore-scripts" in runs
