"""The commands of tests and benchmarks, which no test runs whole: what they name of other modules is there."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(
    str(path.relative_to(ROOT))
    for room in ("tests", "benchmarks")
    for path in (ROOT / room).rglob("*.py")
    if not path.name.startswith("test_")
)


def named(tree):
    """Module and name of all that is imported from ours, and of what is taken of such a module afterwards."""
    modules = {}
    for found in ast.walk(tree):
        if (
            isinstance(found, ast.ImportFrom)
            and found.level == 0
            and (ROOT / found.module.split(".")[0]).is_dir()
        ):
            for one in found.names:
                yield found.module, one.name
                modules[one.asname or one.name] = f"{found.module}.{one.name}"
    assigned = {
        one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    assigned |= {one.arg for one in ast.walk(tree) if isinstance(one, ast.arg)}
    for found in ast.walk(tree):
        if isinstance(found, ast.Attribute) and isinstance(found.value, ast.Name):
            name = found.value.id
            if name in modules and name not in assigned:
                yield modules[name], found.attr


def is_there(module, name):
    try:
        of = importlib.import_module(module)
    except (
        ModuleNotFoundError
    ):  # not a module: a class or function of one, whose attributes are its own business
        return True
    if hasattr(of, name):
        return True
    try:
        importlib.import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return False
    return True


@pytest.mark.parametrize("path", COMMANDS)
def test_what_it_names_is_there(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert [one for one in named(tree) if not is_there(*one)] == []
