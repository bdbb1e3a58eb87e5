"""The mutants of a file: one small change each. Python's come from cosmic-ray; statements left out and SQL are our own."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from cosmic_ray import mutating, plugins

_OPERATORS = (
    "ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_LtE_Lt", "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_GtE_Gt", "ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is", "ReplaceComparisonOperator_LtE_Gt",
    "ReplaceComparisonOperator_GtE_Lt", "ReplaceComparisonOperator_Lt_GtE", "ReplaceComparisonOperator_Gt_LtE",
    "ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add", "ReplaceBinaryOperator_Mul_Add",
    "ReplaceBinaryOperator_FloorDiv_Mul", "ReplaceBinaryOperator_Mod_FloorDiv", "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_Not", "AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr",
    "ReplaceOrWithAnd", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop", "NumberReplacer",
    "RemoveDecorator",
)  # fmt: skip
"""One wrong neighbour and the opposite of each; all the others of a place are found by the tests that find these."""


@dataclass(frozen=True)
class Mutant:
    """``code`` is the whole file with one change; ``line`` and ``change`` say which."""

    file: str
    line: int
    change: str
    code: str

    def __str__(self):
        return f"{self.file}:{self.line}  {self.change}"


def of(file, code):
    """All mutants of a file, in the order of their lines; without those of lines that say nothing and of mere annotations."""
    made = _sql(file, code, 0, len(code)) if file.endswith(".sql") else _python(file, code)
    unique = {one.code: one for one in made if one.code != code and not _SAYS_NOTHING.match(one.change)}
    return sorted(unique.values(), key=lambda one: (one.line, one.change, one.code))


_SAYS_NOTHING = re.compile(r"assert |@dataclass|log\.|CREATE OR REPLACE")
"""Lines whose change is no behaviour: what we claim of ourselves, log lines, and a class that is no dataclass any more."""


def _python(file, code):
    plain, found = _meaning(code), []
    for name in _OPERATORS:
        operator = plugins.get_operator(f"core/{name}")()
        occurrence = 0
        while (mutated := mutating.mutate_code(code, operator, occurrence)) is not None:
            found.append(_named(file, code, mutated))
            occurrence += 1
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Await | ast.Call):
            found.append(_named(file, code, _without(code, node)))
        if isinstance(node, ast.Raise):
            found.append(_named(file, code, _without(code, node)))
        if isinstance(node, ast.Constant | ast.JoinedStr) and _is_sql(
            ast.get_source_segment(code, node) or ""
        ):
            begin, end = _place(code, node)
            found += _sql(file, code, begin, end)
    return [one for one in found if _meaning(one.code) not in (None, plain)]


def _meaning(code):
    """What a file does: its tree without annotations and docstrings; None where it is no Python."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                setattr(node, name, None if name == "returns" else ast.Name("any"))
    return ast.dump(tree)


def _place(code, node):
    starts = [0]
    for line in code.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    raw = code.encode()
    begin, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
    return len(raw[:begin].decode()), len(raw[:end].decode())


def _without(code, node):
    begin, end = _place(code, node)
    return f"{code[:begin]}pass{code[end:]}"


def _named(file, code, mutated):
    before, after = code.splitlines(), mutated.splitlines()
    number = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    was, now = before[number].strip(), after[number].strip()
    return Mutant(file, number + 1, f"{was}  →  {now}", mutated)


# ── SQL ─────────────────────────────────────────────────────────────────────────────────────────────

_SQL_WORDS = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\b")
_SIDE = r"[\w.$:']+"
_CHANGES = (
    (r" <= ", (" < ", " > ")), (r" >= ", (" > ", " < ")), (r"(?<![-=<]) < ", (" <= ", " >= ")), (r"(?<![-=]) > ", (" >= ", " <= ")),
    (r"(?:(?<=AND )|(?<=WHERE )|(?<=ON )|(?<=WHEN )|(?<=OR ))(" + _SIDE + r") = ", (r"\1 <> ",)), (r" <> ", (" = ",)),
    (r" \+ ", (" - ",)), (r" - ", (" + ",)), (r" \* ", (" + ",)), (r"\bleast\(", ("greatest(",)), (r"\bgreatest\(", ("least(",)),
    (r"\bmin\(", ("max(",)), (r"\bmax\(", ("min(",)), (r"\bfloor\(", ("ceil(",)), (r"\bbool_and\(", ("bool_or(",)),
    (r"\bbool_or\(", ("bool_and(",)), (r" IS NULL", (" IS NOT NULL",)), (r" IS NOT NULL", (" IS NULL",)),
    (r" NULLS LAST", (" NULLS FIRST",)), (r" DESC\b", ("",)), (r"\s+FOR NO KEY UPDATE(?: OF \w+)?", ("",)), (r" SKIP LOCKED", ("",)),
    (r"(?<!NOT )EXISTS \(", ("NOT EXISTS (",)), (r"\bNOT (?!NULL|MATERIALIZED|IN |EXISTS|DISTINCT)", ("",)), (r"\bNOT IN\b", ("IN",)),
    (r"(?<!NOT )\bIN \(", ("NOT IN (",)), (r"\btrue\b", ("false",)), (r"\bfalse\b", ("true",)), (r", 0\)", (", 1)",)),
    (r" AND ", (" OR ",)), (r" OR ", (" AND ",)), (r"\s+AND " + _SIDE + r" (?:=|<>|<|<=|>|>=) " + _SIDE, ("",)),
    (r"\s+AND " + _SIDE + r" IS (?:NOT )?NULL", ("",)), (r"\bELSE 0 END", ("ELSE 1 END",)), (r"::int\b", ("::int * -1",)),
    (r" UNION ALL ", (" UNION ",)), (r"LEFT JOIN ", ("JOIN ",)),
)  # fmt: skip


def _is_sql(text):
    return (bool(_SQL_WORDS.search(text)) and "\n" in text) or bool(
        re.match(r"""f?["']+\s*(SELECT|INSERT|UPDATE|DELETE)""", text)
    )


def _sql(file, code, begin, end):
    text = code[begin:end]
    skipped = [match.span() for match in re.finditer(r"--[^\n]*|'[^'\n]*'", text)]
    for pattern, replacements in _CHANGES:
        for match in re.finditer(pattern, text):
            if any(start <= match.start() < stop for start, stop in skipped):
                continue
            if re.search(r"BETWEEN \S+$", text[: match.start()]) and match.group() == " AND ":
                continue
            for new in replacements:
                changed = text[: match.start()] + match.expand(new) + text[match.end() :]
                yield _named(file, code, code[:begin] + changed + code[end:])
