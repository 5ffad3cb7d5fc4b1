"""Style, scripts and fonts of the pages: read once, named after what is in them, so that browsers keep them for good.

Ours lie in `static/`, here and in services that have some of their own; those of others, which the build fetches
(`deploy/assets`), in `static/vendor/`. A file that
others name in it (fonts in a style) is named by its hash there too.
"""

import gzip
import hashlib
import re
from functools import cache, cached_property
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "static"
VENDOR: Final = FOLDER / "vendor"
AT: Final = "/static/"
MEDIA: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
PACKED: Final = {".css", ".js", ".svg"}
FOREVER: Final = "public, max-age=31536000, immutable"
URL: Final = re.compile(r"""url\(\s*["']?(?:\./)?([a-z0-9.-]+)["']?\s*\)""")
NAME: Final = re.compile(r"([a-z0-9-]+)\.[0-9a-f]{12}(\.[a-z0-9]+)")


class Missing(RuntimeError):
    """An asset that the build has to fetch is not there."""


class Asset:
    """A file as it is sent; `name` has its hash in it."""

    def __init__(self, plain: str, content: bytes) -> None:
        stem, dot, ending = plain.rpartition(".")
        self.name = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{dot}{ending}"
        self.content, self.media_type = content, MEDIA[dot + ending]
        self.packs = dot + ending in PACKED

    @cached_property
    def packed(self) -> bytes:
        """Compressed, for those who accept that; the same bytes at every start."""
        return gzip.compress(self.content, 9, mtime=0)


@cache
def assets() -> dict[str, Asset]:
    """By their plain names."""
    own = sorted(Path(__file__).parent.parent.glob("*/static"))
    folders = [folder for folder in (*own, VENDOR) if folder.is_dir()]
    paths = [path for folder in folders for path in folder.iterdir() if path.suffix in MEDIA]
    found: dict[str, Asset] = {}
    for path in sorted(paths, key=lambda path: path.suffix == ".css"):  # styles last: they name the others
        content = path.read_bytes()
        if path.suffix == ".css":
            content = URL.sub(lambda match: _named(found, match), content.decode()).encode()
        found[path.name] = Asset(path.name, content)
    return found


def _named(found: dict[str, Asset], match: re.Match[str]) -> str:
    return f"url({AT}{found[match[1]].name})" if match[1] in found else match[0]


def path(plain: str) -> str:
    """Where an asset is. Raises Missing."""
    found = assets().get(plain)
    if found is None:
        raise Missing(f"{plain} is missing among the assets: run “make setup”, or python deploy/assets/build.py")
    return AT + found.name


def found(name: str) -> tuple[Asset, bool] | None:
    """The asset of a name with or without a hash, and whether it will be the same for ever.

    A hash of another version gets the present file: a page from before an update still has its style.
    """
    known = assets()
    if name in known:
        return known[name], False
    match = NAME.fullmatch(name)
    asset = known.get(match[1] + match[2]) if match else None
    return (asset, asset.name == name) if asset else None
