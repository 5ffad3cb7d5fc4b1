"""The front as deployments have it: a real Caddy with the file that they get."""

import asyncio
import contextlib
import os
import re
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx

from tests.deploy.reading import DEPLOY
from tests.stories.deployments import free_ports

CADDY = Path(sys.executable).parent / "caddy"
START_SECONDS = 30.0


@contextlib.asynccontextmanager
async def caddy(name: str, site: str, upstreams: Mapping[str, str], *, plain: int = 0) -> AsyncIterator[Path]:
    """Answers at `site`, such as `https://localhost:8443`; with TLS also at the port `plain`, where it says that people
    shall go where it has it. `name` is that of the file, hub or split; `upstreams` stand for the hosts and ports in it.
    Yields where the authority is that signs the certificate, if there is one.
    """
    with tempfile.TemporaryDirectory(prefix="ln-") as kept:
        folder, (other, admin, inside) = Path(kept), free_ports(3)
        authority = folder / "store" / "pki" / "authorities" / "local" / "root.crt"
        port, secure = int(site.rpartition(":")[2]), site.startswith("https:")
        # Nothing is written to where the machine keeps authorities.
        more = ["skip_install_trust", f"storage file_system {folder / 'store'}", f"http_port {plain or other}"]
        more += [f"https_port {port}"] if secure else []
        text = (DEPLOY / "caddy" / f"{name}.Caddyfile").read_text(encoding="utf-8").replace(":8081", f":{inside}")
        text = text.replace("admin 127.0.0.1:2019", "\n\t".join([f"admin 127.0.0.1:{admin}", *more]))
        for known, there in upstreams.items():
            text, found = re.subn(rf"\b{re.escape(known)}\b", there, text)
            assert found, known
        (folder / "Caddyfile").write_text(text, encoding="utf-8")
        given = {"LOTSENNETZ_NAME": site, "LOTSENNETZ_SITE": site, "LOTSENNETZ_ACME": "x@stadt.example"}
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                CADDY, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile", stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": kept, "XDG_CONFIG_HOME": kept, "XDG_DATA_HOME": kept, **given},
            )  # fmt: skip
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await _answers(port, authority if secure else None):
                    assert process.returncode is None, (folder / "log").read_text(encoding="utf-8")[-2000:]
                    await asyncio.sleep(0.05)
            yield authority
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _answers(port: int, authority: Path | None) -> bool:
    with contextlib.suppress(OSError):
        believed = ssl.create_default_context(cafile=str(authority)) if authority else None
        _reader, writer = await asyncio.open_connection("localhost", port, ssl=believed)
        writer.close()
        await writer.wait_closed()
        return True
    return False


@contextlib.contextmanager
def believed(authority: Path) -> Iterator[None]:
    """Every HTTP client that begins meanwhile believes certificates of this authority, and no others."""
    context, transports = ssl.create_default_context(cafile=str(authority)), httpx._transports.default
    before = transports.create_ssl_context  # type: ignore[attr-defined]
    transports.create_ssl_context = lambda **_given: context  # type: ignore[attr-defined]
    try:
        yield
    finally:
        transports.create_ssl_context = before  # type: ignore[attr-defined]
