"""Make `.venv` complete from nothing but Python, make and package indexes; return at once when it already is.

Standard library only; the Makefile chooses the Python that runs it. Promises:

- `.venv` holds `requirements.lock` (hashes checked), uv, pip and this project, editable: `.venv/bin/lotsennetz`.
  `services/kit/static/vendor` holds what the pages need from npm.
- `.venv/lotsennetz.json` is written last and describes what was installed. While it matches, nothing is done.
- An interrupted run leaves `.cache/bootstrap.busy`; the next run starts over from the downloads kept in `.cache/uv`.
- Two runs at once: the second waits, then finds the work done.
- The system's certificates are trusted (municipal networks inspect TLS), and pip's own settings for index, proxy and
  certificates also reach uv, which would not read them.

Everything pip and uv read from the environment works, for instance `PIP_INDEX_URL`, `HTTPS_PROXY`, `SSL_CERT_FILE`.
"""

import ast
import contextlib
import hashlib
import importlib
import json
import os
import platform
import shlex
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

try:
    import fcntl
except ImportError:
    sys.exit("Bitte unter Linux, macOS oder WSL ausführen. / Please run this on Linux, macOS or WSL.")

PYTHON = getattr(sys, "_base_executable", sys.executable)
"""The Python outside: this may run in the very `.venv` that has to be made anew."""

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
CACHE = ROOT / ".cache"
LOG = CACHE / "bootstrap.log"
BUSY = CACHE / "bootstrap.busy"
STAMP = VENV / "lotsennetz.json"
LOCK = ROOT / "requirements.lock"
UV_LOCK = ROOT / "deploy" / "uv.txt"
ASSETS = ROOT / "deploy" / "assets"
FETCHED = ROOT / "services" / "kit" / "static" / "vendor" / "stamp.json"
COMMAND = BIN / "lotsennetz"
NUMBA_CACHE = VENV / "numba-cache"

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, BSD
)
"""Where systems keep the certificates they trust, beside the place this Python's OpenSSL was built for."""

SOLVERS = ("services.matching.solver", "services.events.agenda")
WARM = "import sys; from importlib import import_module; import_module(sys.argv[1]).warm()"


class Failed(Exception):
    """Something a person has to change; `args` are the lines to show, German first."""


def main() -> int:
    try:
        if is_current():
            return 0
        is_able()
        CACHE.mkdir(exist_ok=True)
        with one_at_a_time() as lock:
            if not is_current():
                install(lock)
    except Failed as failure:
        print(*failure.args, sep="\n", file=sys.stderr)
        return 1
    except OSError as failure:
        print(f"Einrichten misslungen / Setting up failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nAbgebrochen; der nächste Aufruf beginnt neu. / Interrupted; the next run starts over.", file=sys.stderr
        )
        return 130
    return 0


# What is there already


def is_able() -> None:
    """Raises `Failed` where this Python lacks what Debian ships in a package of its own."""
    try:
        importlib.import_module("venv")
        importlib.import_module("ensurepip").version()
    except (ImportError, AttributeError):
        python = f"python3.{sys.version_info[1]}"
        raise Failed(
            f"Diesem Python ({python}) fehlt „venv“. Debian/Ubuntu: sudo apt install {python}-venv",
            f"This Python ({python}) lacks “venv”. Debian/Ubuntu: sudo apt install {python}-venv",
        ) from None


def wanted() -> dict[str, str]:
    """What `.venv` must have been made from. The folder counts, since scripts in `.venv/bin` name it."""
    digest = hashlib.sha256()
    inputs = (LOCK, UV_LOCK, ROOT / "pyproject.toml", ASSETS / "package-lock.json", ASSETS / "build.py", Path(__file__))
    for path in inputs:
        digest.update(path.read_bytes())
    python = ".".join(map(str, sys.version_info[:3]))
    return {"inputs": digest.hexdigest(), "python": python, "machine": platform.machine(), "folder": str(ROOT)}


def installed() -> dict[str, str]:
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_current() -> bool:
    # The interpreter may have left with a system upgrade, and the command with a careless `rm`: both are looked at.
    return installed() == wanted() and all(path.exists() for path in (BIN / "python", COMMAND, FETCHED))


def is_usable() -> bool:
    """Whether the present `.venv` was made here by the same Python and only has to be brought up to date."""
    code = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    try:
        shown = subprocess.run([str(BIN / "python"), "-c", code], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    moved = installed().get("folder", str(ROOT)) != str(ROOT)
    return shown.strip() == wanted()["python"] and not moved


# Installing


@contextlib.contextmanager
def one_at_a_time() -> Iterator[int]:
    """Holds the lock; yields its file descriptor, for child processes to hold on to as well.

    A killed bootstrap leaves its child running for a while; the lock must outlive that child, not us.
    """
    with (CACHE / "bootstrap.flock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Ein anderer Aufruf richtet gerade ein, ich warte … (another run is setting up, waiting)", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def install(lock: int) -> None:
    started = time.monotonic()
    print("Einrichten, nur beim ersten Mal … (setting up, the first time only)", flush=True)
    LOG.write_text(f"{sys.version}\n{platform.platform()}\n")
    fresh = BUSY.exists() or not is_usable()
    BUSY.touch()
    STAMP.unlink(missing_ok=True)
    environment = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV", "UV_PROJECT", "UV_SYSTEM_PYTHON"):
        environment.pop(name, None)  # each points at another Python than the one being made

    def step(german: str, english: str, *command: str | Path) -> None:
        print(f"  {german} ({english}) …", end="", flush=True)
        began = time.monotonic()
        failed = run([command], environment, lock)
        print(f" {time.monotonic() - began:.0f} s" if not failed else " misslungen (failed)", flush=True)
        if failed:
            raise Failed(explain())

    if fresh:
        step("Python-Umgebung", "environment", PYTHON, "-m", "venv", "--clear", VENV)
    elif not (BIN / "pip").exists():
        step("Python-Umgebung", "environment", PYTHON, "-m", "venv", VENV)
    environment.update(settings(environment))
    pip = (BIN / "python", "-m", "pip", "install", "--quiet", "--no-input", "--no-cache-dir", "--no-deps")
    step("Installationswerkzeug", "installer", *pip, "--require-hashes", "--only-binary=:all:", "-r", UV_LOCK)
    uv = (BIN / "uv", "pip")
    step("Pakete", "packages", *uv, "sync", "--compile-bytecode", "--python", BIN / "python", "--require-hashes", LOCK)
    local = ("--no-deps", "--no-build-isolation", "--editable", ROOT)
    # Its build hook also fetches style and fonts of the pages from npm.
    step("Lotsennetz", "the project", *uv, "install", "--python", BIN / "python", *local)
    print("  Rechenkern übersetzen (compiling the solver) …", end="", flush=True)
    began = time.monotonic()
    # Not worth failing for: without it the first calculation takes some seconds longer.
    warm = [(BIN / "python", "-c", WARM, solver) for solver in SOLVERS]
    failed = run(warm, {**environment, "NUMBA_CACHE_DIR": str(NUMBA_CACHE)}, lock)
    print(" später (later)" if failed else f" {time.monotonic() - began:.0f} s", flush=True)

    unfinished = STAMP.with_suffix(".new")
    unfinished.write_text(json.dumps(wanted(), indent=1) + "\n")
    unfinished.replace(STAMP)
    BUSY.unlink()
    print(f"Fertig nach {time.monotonic() - started:.0f} s. (done)", flush=True)


def run(commands: Sequence[tuple[str | Path, ...]], environment: dict[str, str], lock: int) -> bool:
    """Runs `commands` beside each other with their output in the log; answers whether one failed."""
    with LOG.open("a") as log, contextlib.ExitStack() as stack:
        started = []
        for command in commands:
            words = [str(word) for word in command]
            log.write(f"\n$ {' '.join(map(shlex.quote, words))}\n")
            log.flush()
            nothing = subprocess.DEVNULL
            process = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdin=nothing, stdout=log, stderr=log, pass_fds=(lock,)
            )
            stack.callback(process.kill)
            started.append(process)
        ended = [process.wait() for process in started]
    return any(ended)


def explain() -> str:
    tail = LOG.read_text(errors="replace").splitlines()[-30:]
    where = LOG.relative_to(ROOT)
    return (
        "\n    ".join(["", *tail])
        + f"""

Vollständiges Protokoll: {where}. Ohne freien Weg ins Netz helfen HTTPS_PROXY (Proxy), PIP_INDEX_URL und
npm_config_registry (eigene Paketspiegel) und SSL_CERT_FILE (eigene Zertifikate). Danach denselben Befehl noch einmal
aufrufen.
Full log: {where}. Without a free way to the network, set HTTPS_PROXY (proxy), PIP_INDEX_URL and npm_config_registry
(your package mirrors) and SSL_CERT_FILE (your certificates). Then run the same command again."""
    )


# The network as this machine knows it


def settings(environment: dict[str, str]) -> dict[str, str]:
    """What to add to `environment` so that pip and uv reach the index the way this machine's pip is set up to."""
    pip = pip_settings(environment)
    added = {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_SYSTEM_CERTS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        # pip may choose from all its indexes; uv's default, the first that has the name, would miss pinned versions.
        # With every hash pinned this is safe.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        # Beside .venv, so that files are linked rather than copied, and a read-only HOME does not matter.
        "UV_CACHE_DIR": str(CACHE / "uv"),
    }
    for option, variable in (("index-url", "UV_DEFAULT_INDEX"), ("extra-index-url", "UV_INDEX")):
        if option in pip:
            added[variable] = " ".join(pip[option].split())
    if "trusted-host" in pip:
        added["UV_INSECURE_HOST"] = " ".join(pip["trusted-host"].split())
    if "proxy" in pip:
        added.update(dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), pip["proxy"]))
    if "cert" in pip:
        added["SSL_CERT_FILE"] = pip["cert"]
    elif not uses_system_certificates(environment):
        bundle = next(filter(os.path.isfile, certificates(environment)), None)
        if bundle:
            added["PIP_CERT"] = bundle
    # What was set for uv by hand stays; a quirk of ours must not override a person.
    return {name: value for name, value in added.items() if name not in environment}


def pip_settings(environment: dict[str, str]) -> dict[str, str]:
    """pip's configuration, files and environment alike: `{"cert": …, "index-url": …}`."""
    command = [str(BIN / "python"), "-m", "pip", "config", "list"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout
    found = {}
    for line in shown.splitlines():
        name, equals, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if equals and section in ("global", "install", ":env:"):
            with contextlib.suppress(SyntaxError, ValueError):
                found[option] = str(ast.literal_eval(value))
    return found


def uses_system_certificates(environment: dict[str, str]) -> bool:
    """Whether the pip in `.venv` needs no help: told by a variable, or new enough (24.2) to ask the system itself."""
    if environment.get("REQUESTS_CA_BUNDLE") or environment.get("CURL_CA_BUNDLE"):
        return True
    code = "import pip; print(*pip.__version__.split('.')[:2])"
    shown = subprocess.run([str(BIN / "python"), "-c", code], capture_output=True, text=True, check=False).stdout
    version = tuple(int(part) for part in shown.split() if part.isdigit())
    return version >= (24, 2) and not environment.get("SSL_CERT_FILE")


def certificates(environment: dict[str, str]) -> list[str]:
    places = ssl.get_default_verify_paths()
    return [path for path in (environment.get("SSL_CERT_FILE"), places.cafile, *BUNDLES) if path]


if __name__ == "__main__":
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr] # an ASCII terminal shows ? for umlauts
        sys.stderr.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
