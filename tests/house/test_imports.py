"""What import-linter's contracts (pyproject.toml, run by `make check`) cannot say."""

import ast
import sys
import tomllib
from pathlib import Path

from tests.house.tree import ROOT, SERVICES, nodes

CONTRACTS_MAY_IMPORT = {"msgspec", "services.contracts", "services.kit.messages"}
PURE = ("services.matching.solver", "services.events.agenda")
"""Could each be published alone: every one that exists must be listed in the contract for solvers."""


def imported(path: Path) -> set[str]:
    """The absolute names of all modules that the file at `path` imports, also within functions."""
    names: set[str] = set()
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            names.add(".".join([*above, node.module or ""]).strip("."))
    return names


def outside(names: set[str], allowed: set[str]) -> set[str]:
    return {
        name
        for name in names
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(name == one or name.startswith(f"{one}.") for one in allowed)
    }


def test_contracts_import_msgspec_only() -> None:
    found = {
        path.name: strange
        for path in [*sorted((SERVICES / "contracts").rglob("*.py")), SERVICES / "kit" / "messages.py"]
        if (strange := outside(imported(path), CONTRACTS_MAY_IMPORT))
    }
    assert found == {}


def test_only_app_names_all_three_rooms() -> None:
    rooms = {"directory", "matching", "events"}
    naming = {
        path.relative_to(SERVICES).as_posix()
        for path in SERVICES.rglob("*.py")
        if rooms <= {name.split(".")[1] for name in imported(path) if name.startswith("services.")}
    }
    assert naming <= {"app.py"}


def test_every_pure_package_stands_in_its_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    guarded = {
        module for contract in contracts if contract["type"] == "forbidden" for module in contract["source_modules"]
    }
    existing = {name for name in PURE if _exists(name)}
    assert existing <= guarded


def test_no_layer_in_the_contracts_is_a_ghost() -> None:
    """Parentheses say “still to be written”: once a module exists they go, so that a lost one is noticed."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    written = [
        f"{container}.{module}"
        for contract in contracts
        for container in contract.get("containers", [])
        for layer in contract["layers"]
        for module in layer.replace("|", ":").replace(" ", "").split(":")
        if module.startswith("(") and _exists(f"{container}.{module.strip('()')}")
    ]
    assert written == []


def _exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def test_every_transaction_says_for_whom_it_acts() -> None:
    """`db.begin(…)` and `db.read(…)`: who acts for nobody says NOBODY, so that nobody forgets it."""
    silent = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in SERVICES.rglob("*.py")
        for call in nodes(path)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"begin", "read"}
        and getattr(call.func.value, "attr", getattr(call.func.value, "id", "")) in {"db", "database", "owner"}
        and not call.args
        and not call.keywords
    ]
    assert silent == []
