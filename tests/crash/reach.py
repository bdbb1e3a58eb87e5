"""Which public desk functions move money, and which of them the crash paths call: read from the source, so that a new one is
noticed without anybody writing it down.

Whatever a definition mentions it may call. A desk function moves money when, by way of whatever it mentions, it can come to one
of the ``BOOKS``; it is public when a door mentions it.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parents[2]
DESK = ("billing", "shop", "reconciliation")
DOORS = ("bot", "miniapp_api", "admin_api", "webhooks", "schedulers", "app")
BOOKS = frozenset(
    {
        "ledger.posting.post", "ledger.credit_line.post", "ledger.credit_line.draw", "ledger.credit_line.repay", "ledger.holds.place",
        "ledger.holds.capture", "ledger.holds.release", "ledger.holds.expire", "ledger.expiry.expire",
    }
)  # fmt: skip
"""Where the books are written; and any statement that calls one of their functions."""
_STATEMENTS = ("ledger_post(", "ledger_debit(", "orders_pay(", "orders_buy(", "plans_charge(")


def money_functions():
    """The public desk functions that move money: ``room.file.function``."""
    mentioned = _mentioned_by(DOORS)
    return {
        name
        for name in mentioned
        if name.split(".")[0] in DESK and not _is_class(name) and BOOKS & _reach(name)
    }


def called_by_paths():
    """The desk functions that the files beside this one mention."""
    return _mentioned_by(("tests/crash",))


def _mentioned_by(rooms):
    return {
        mention
        for room in rooms
        for file in sorted((ROOT / room).rglob("*.py"))
        for mentions in _definitions(file).values()
        for mention in mentions
    }


@functools.cache
def _graph():
    graph = {}
    for room in (*DESK, "ledger", "members"):
        for file in (ROOT / room).rglob("*.py"):
            graph.update(_definitions(file))
    return graph


@functools.cache
def _reach(name):
    found, left = set(), [name]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += _graph().get(one, ())
    return frozenset(found)


def _is_class(name):
    return name.rpartition(".")[2][:1].isupper()


@functools.cache
def _definitions(file):
    """What each definition at the top of a file mentions of other definitions, by full names."""
    tree = ast.parse(file.read_text("utf-8"))
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    modules, own, found = {}, set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    for node in tree.body:
        own |= set(_names(node))
    for node in tree.body:
        mentions = {
            f"{modules[one.value.id]}.{one.attr}"
            for one in ast.walk(node)
            if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in modules
        }
        mentions |= {
            modules.get(one.id, f"{module}.{one.id}")
            for one in ast.walk(node)
            if isinstance(one, ast.Name) and (one.id in own or one.id in modules)
        }
        text = [
            one.value
            for one in ast.walk(node)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        if any(call in said for said in text for call in _STATEMENTS):
            mentions |= {"ledger.posting.post"}
        for name in _names(node):
            found[f"{module}.{name}"] = mentions
    return found


def _names(node):
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return ["_"]
