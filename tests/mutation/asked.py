"""Which of a file's tests are asked about a mutant, and in which order: those that run what was changed, the quickest first."""

from __future__ import annotations

import ast
from dataclasses import dataclass


class Asked:
    """What the tests of a file were seen to run when nothing was changed."""

    def __init__(self, file, code, recorded):
        """Of SQL nobody is seen running a part, so all tests are asked, the quickest first."""
        self.recorded = {
            test: {"s": one["s"], "ran": {name for ran, name in one["ran"] if ran == file}}
            for test, one in recorded.items()
        }
        self.places = [] if file.endswith(".sql") else _places(code)

    def about(self, line):
        """Those that run the function a line is of. Where none was seen to, or the change is in no function, it may have run when the
        file was read, before any test: then all of them, first those that run anything of the file."""
        place = next((one for one in self.places if one.begin <= line <= one.end), None)
        names = self._functions(place) if place else set()
        chosen = [test for test, one in self.recorded.items() if names & one["ran"]]
        return sorted(chosen or self.recorded, key=self._rank)

    def _rank(self, test):
        one = self.recorded[test]
        return not one["ran"], one["s"]

    def _functions(self, place):
        """A function itself; for a constant those that mention it, also by way of other constants."""
        if place.is_function:
            return place.names
        wanted, found = set(place.names), set()
        for _ in self.places:
            for other in self.places:
                if wanted & other.mentions:
                    (found if other.is_function else wanted).update(other.names)
        return found


@dataclass(frozen=True)
class _Place:
    begin: int
    end: int
    is_function: bool
    names: frozenset[str]
    mentions: frozenset[str]


def _places(code):
    found = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef):
            found += [
                _function(each, f"{node.name}.{each.name}")
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(_function(node, node.name))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = frozenset(
                one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)
            )
            found.append(_Place(node.lineno, node.end_lineno, False, names, _mentioned(node)))
    return found


def _function(node, name):
    begin = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return _Place(begin, node.end_lineno, True, frozenset({name}), _mentioned(node))


def _mentioned(node):
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))
