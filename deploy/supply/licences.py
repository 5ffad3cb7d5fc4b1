"""Under which licences the packages are that we use, and whether we accept them; writes `docs/licences.md`.

    python -m deploy.supply.licences

What is delivered with the hub must fit to EUPL-1.2, whose appendix and whose § 5 allow all of DELIVERED. Tools of the
development are not delivered, so theirs may also be strong copyleft.
"""

import sys
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from deploy.supply import locks
from deploy.supply.locks import Package

DELIVERED = frozenset({
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0",
    "CC-BY-4.0", "CC0-1.0", "EUPL-1.2", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "OFL-1.1", "PSF-2.0",
    "Python-2.0", "Unlicense", "Zlib",
})  # fmt: skip
TOOLS = DELIVERED | {"CC-BY-SA-4.0", "GPL-2.0-or-later", "GPL-3.0-or-later"}
"""SPDX identifiers, as all below."""

READ = {
    "ansi-color": "BSD-3-Clause",
    "async-timeout": "Apache-2.0",
    "bufrw": "MIT",
    "colorama": "BSD-3-Clause",
    "error": "MIT",
    "font-source-sans-pro": "OFL-1.1",
    "gv100ad-py": "MIT",
    "hexer": "MIT",
    "jinja2": "BSD-3-Clause",
    "kubernetes-validate": "Apache-2.0",
    "limiter": "MIT",
    "numba": "BSD-2-Clause",
    "process": "MIT",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "reuse": "Apache-2.0 AND CC0-1.0 AND CC-BY-SA-4.0 AND GPL-3.0-or-later",
    "rich-click": "MIT",
    "segno": "BSD-3-Clause",
    "sniffio": "MIT OR Apache-2.0",
    "string-template": "MIT",
    "thriftrw": "MIT",
    "uvloop": "MIT OR Apache-2.0",
    "valkey": "MIT",
}
"""Of packages that say it in prose only, or that only other platforms install; read in their licence files."""

WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "PSFL": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


@cache
def licence_of(package: Package) -> str:
    """As an SPDX expression; empty where nobody says it."""
    if package.name in READ:
        return READ[package.name]
    if package.ecosystem == "npm":
        return package.licence
    try:
        return _said(distribution(package.name))
    except PackageNotFoundError:
        return ""


def _said(found: Distribution) -> str:
    told = found.metadata
    classifiers = [one.split(" :: ")[-1] for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    for text in (*(told.get_all("License-Expression") or ()), *(told.get_all("License") or ()), *classifiers):
        if known(spdx := WORDS.get(str(text), str(text))):
            return spdx
    return ""


def known(expression: str) -> bool:
    return accepted(expression, TOOLS)


def accepted(expression: str, allowed: frozenset[str] = DELIVERED) -> bool:
    """Whether one of the choices that an SPDX expression leaves has accepted licences only."""
    choices = expression.strip().removeprefix("(").removesuffix(")").split(" OR ")
    return any(all(part.strip() in allowed for part in choice.split(" AND ")) for choice in choices)


def document() -> str:
    """`docs/licences.md`: names without versions, so that it changes with what is used and not with every update."""
    delivered = {one.name for one in locks.hub()}
    everything = locks.python(locks.EVERYTHING)
    parts = {
        "In the hub (Python, `deploy/{runtime,backup}.lock`)": [one for one in everything if one.name in delivered],
        "In the pages (npm, `deploy/assets`)": locks.npm(locks.PAGES),
        "In the router (npm, `deploy/router`)": locks.npm(locks.ROUTER),
        "Embedded servers, tests and tools (Python, `requirements.lock`); not delivered with the hub": [
            one for one in everything if one.name not in delivered
        ],
    }
    lines = ["# Licences", "", "Written by `make licences`; a test looks at every one of them.", ""]
    for title, packages in parts.items():
        lines += [f"## {title}", ""]
        by: dict[str, set[str]] = {}
        for one in packages:
            by.setdefault(licence_of(one) or "unknown", set()).add(one.name)
        lines += [f"- **{licence}**: {', '.join(sorted(names))}" for licence, names in sorted(by.items())]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    path = locks.ROOT / "docs" / "licences.md"
    path.write_text(document(), encoding="utf-8")
    sys.exit(print(path.relative_to(locks.ROOT)))
