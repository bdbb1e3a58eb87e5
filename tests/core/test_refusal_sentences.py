"""Every refusal has a Chinese and an English sentence, and they need nothing that the code does not give."""

import ast
import importlib
import pkgutil
import string
from pathlib import Path
from typing import get_args

import pytest

from core import errors, words
from gateways.bills.lines import REASONS
from reconciliation import resolving

ROOMS = ("core", "gateways", "ledger", "notifications", "members", "billing", "shop", "miniapp_api", "admin_api", "console", "webhooks", "bot", "reports", "reconciliation", "simulation")  # fmt: skip
_KINDS = frozenset(
    {"NotFound", "Invalid", "Conflict", "Forbidden", "Unauthenticated", "Unavailable", "DomainError"}
)


def refusals():
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    found = {refusal for refusal in errors.all_refusals() if refusal.__module__.split(".")[0] in ROOMS}
    return sorted(found, key=lambda refusal: (refusal.__module__, refusal.__name__))


REFUSALS = refusals()


def raised():
    """Class name → the parameters of each place that raises it."""
    places = {}
    for room in ROOMS:
        for file in sorted(Path(room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Raise) and node.exc is not None:
                    call = node.exc if isinstance(node.exc, ast.Call) else None
                    named = call.func if call else node.exc
                    name = getattr(named, "attr", None) or getattr(named, "id", None)
                    given = {keyword.arg for keyword in call.keywords} if call else set()
                    places.setdefault(name, []).append((f"{file}:{node.lineno}", given))
    return places


RAISED = raised()

CODES = {
    "bill_file_unreadable": {"reason": REASONS},
    "resolution_not_possible": {"why": get_args(resolving.Why)},
}
"""Parameters that are codes themselves, and all that they may be."""


def placeholders(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
def test_every_refusal_has_both_sentences_with_parameters_that_exist(refusal):
    sentences = {locale: words._catalogue(locale).get(f"errors.{refusal.code}") for locale in words.LOCALES}
    assert all(sentences.values()), f"{refusal.code} has no sentence in {sentences}"
    needed = {locale: placeholders(sentence) for locale, sentence in sentences.items()}
    assert needed["zh-CN"] == needed["en"]
    for place, given in RAISED.get(refusal.__name__, ()):
        assert needed["en"] <= given, f"{place} does not give {needed['en'] - given}"


def test_no_two_refusals_of_different_meaning_share_a_code():
    by_code = {}
    for refusal in REFUSALS:
        by_code.setdefault(refusal.code, set()).add(refusal)
    shared = {code: found for code, found in by_code.items() if len(found) > 1}
    for code, found in shared.items():
        eldest = next(one for one in found if one.__name__ in _KINDS)
        assert all(issubclass(one, eldest) for one in found), code


@pytest.mark.parametrize("locale", words.LOCALES)
def test_no_sentence_stands_for_a_refusal_that_is_gone(locale):
    codes = {f"errors.{refusal.code}" for refusal in REFUSALS}
    assert {key for key in words.keys(locale) if key.startswith("errors.")} <= codes


@pytest.mark.parametrize("refusal", [one for one in REFUSALS if one.said_by], ids=lambda one: one.code)
def test_a_parameter_that_is_a_code_is_said_in_words(refusal):
    assert refusal.said_by.keys() == CODES[refusal.code].keys()
    for name, table in refusal.said_by.items():
        for locale in words.LOCALES:
            stand = {key for key in words.keys(locale) if key.startswith(f"{table}.")}
            assert stand == {f"{table}.{code}" for code in CODES[refusal.code][name]}, locale
            for code in CODES[refusal.code][name]:
                params = dict.fromkeys(("line_no", "found"), 1) | {name: code}
                refused = refusal.__new__(refusal)
                errors.DomainError.__init__(refused, **params)
                assert words.say(f"{table}.{code}", locale) in refused.sentence(locale)
                assert refused.params[name] == code, "for who reads by program"


def test_every_refusal_is_of_a_kind_that_doors_know():
    kinds = (errors.NotFound, errors.Unauthenticated, errors.Forbidden, errors.Conflict, errors.Invalid, errors.Unavailable)  # fmt: skip
    unknown = {refusal for refusal in errors.all_refusals() if not issubclass(refusal, kinds)}
    assert not {one for one in unknown if one.__module__.split(".")[0] in ROOMS}, "doors would answer 500"
