"""`publiccode.yml` by the rules of the standard (0.7). No package index has a validator, so its rules stand here."""

import re
from typing import Any

import pytest
import yaml

from deploy.supply.licences import accepted
from tests.house.tree import ROOT

SAID: dict[str, Any] = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
MUST = {
    "publiccodeYmlVersion", "name", "url", "platforms", "developmentStatus", "softwareType", "description", "legal",
    "maintenance", "localisation",
}  # fmt: skip
MAY = {
    "applicationSuite", "landingURL", "isBasedOn", "softwareVersion", "releaseDate", "logo", "organisation",
    "inputTypes", "outputTypes", "categories", "usedBy", "fundedBy", "roadmap", "supports", "intendedAudience",
    "dependsOn",
}  # fmt: skip
STATUS = {"concept", "development", "beta", "stable", "obsolete"}
TYPES = {
    "standalone/mobile", "standalone/iot", "standalone/desktop", "standalone/web", "standalone/backend",
    "standalone/other", "addon", "library", "configurationFiles",
}  # fmt: skip
CATEGORIES = {
    "appointment-scheduling", "collaboration", "contact-management", "educational-content", "event-management",
    "feedback-and-reviews-management", "knowledge-management", "learning-management-system", "online-booking",
    "online-community", "survey", "talent-management",
}  # fmt: skip
"""Of the standard's hundred those that could be ours."""
SCOPES = {"education", "government", "local-authorities", "society"}
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")


def test_it_has_the_keys_of_the_standard() -> None:
    assert MUST <= SAID.keys() <= MUST | MAY
    assert SAID["publiccodeYmlVersion"] == "0.7"
    assert SAID["developmentStatus"] in STATUS
    assert SAID["softwareType"] in TYPES
    assert SAID["platforms"]
    assert set(SAID["categories"]) <= CATEGORIES
    assert set(SAID["intendedAudience"]["scope"]) <= SCOPES
    assert SAID["intendedAudience"]["countries"] == ["DE"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(SAID["releaseDate"]))
    assert re.fullmatch(r"https://\S+", SAID["url"])


@pytest.mark.parametrize("language", SAID["description"])
def test_it_describes_itself(language: str) -> None:
    told = SAID["description"][language]
    assert LANGUAGE.fullmatch(language)
    assert told.keys() <= {"localisedName", "shortDescription", "longDescription", "features", "documentation",
                           "apiDocumentation", "screenshots", "videos", "awards"}  # fmt: skip
    assert 0 < len(told["shortDescription"].strip()) <= 150
    assert 150 <= len(told["longDescription"]) <= 10_000
    assert told["features"]
    assert all(isinstance(one, str) for one in told["features"])


def test_it_says_who_and_under_what_licence() -> None:
    assert SAID["legal"].keys() <= {"license", "mainCopyrightOwner"}
    assert accepted(SAID["legal"]["license"])
    assert f'license = "{SAID["legal"]["license"]}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert SAID["maintenance"]["type"] == "community"
    assert all(one["name"] for one in SAID["maintenance"]["contacts"])
    assert SAID["localisation"]["localisationReady"] is True
    assert all(LANGUAGE.fullmatch(one) for one in SAID["localisation"]["availableLanguages"])
    for one in SAID["dependsOn"]["open"]:
        assert one.keys() <= {"name", "versionMin", "versionMax", "version", "optional"}
        assert all(isinstance(value, str) for key, value in one.items() if key != "optional")
