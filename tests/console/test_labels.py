"""Everything the operators' table of operations names is called something in both languages."""

from __future__ import annotations

import re
from collections import defaultdict

import pydantic
import pytest

from admin_api.routes import API
from console import labels
from core import words
from core.http import signature

HAN = re.compile("[\u4e00-\u9fff]")
NOT_CHINESE = {"fields.openid"}
"""What Chinese operators call by its Latin name, too."""


def _models():
    """Every schema of every operation, with the group it belongs to; fields by the name on the wire and by the name in the code."""
    for route in API.routes:
        wants = signature.of(route)
        taken = [wants.body, wants.query and pydantic.TypeAdapter(wants.query)]
        for by_alias in (True, False):
            for adapter in filter(None, taken):
                yield route.tag, adapter.json_schema(by_alias=by_alias)
            if route.answer is not None:
                yield route.tag, route.answer.model_json_schema(by_alias=by_alias, mode="serialization")


def _fields(schema):
    """The fields of all models within a schema, with what stands behind each name."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        for name, part in schema.items():
            if name == "properties" and properties is part:
                yield from part.items()
            yield from _fields(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _fields(part)


FIELDS = defaultdict(set)
for _tag, _schema in _models():
    for _name, _ in _fields(_schema):
        FIELDS[_name].add(_tag)
for _route in API.routes:
    for _name in signature.of(_route).path:
        FIELDS[_name].add(_route.tag)


def _told():
    """What stands in answers' free dictionaries: what alerts, messages, rules and acts are told with."""
    tables = ("alerts.", "messages.", "abnormal.", "credit.rule.")
    for locale in words.LOCALES:
        for key in words.keys(locale):
            if key.startswith(tables):
                yield from words.placeholders(words.template(key, locale))


WITHIN = {*_told()} - {"shop"}
RARE = {"app_id", "cause", "file_id", "merchant_id", "new_differences", "sha256"}
"""Of histories (reconciliation, standing orders) and of quarantined trades."""


def _labels(catalogue, locale):
    """The labels of a catalogue: (tag or None, name) → label."""
    found = {}
    for key in words.keys(locale):
        first, *rest = key.split(".")
        if first == catalogue:
            tag = rest[1] if rest[0] == "in" else None
            found[tag, ".".join(rest[2:] if tag else rest)] = words.template(key, locale)
    return found


@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_field_of_every_operation_has_a_label(locale):
    missing = {name for name in FIELDS.keys() | WITHIN | RARE if not words.has(f"fields.{name}", locale)}
    assert not missing, sorted(missing)


@pytest.mark.parametrize("locale", words.LOCALES)
def test_no_label_stands_for_a_field_that_is_gone(locale):
    for tag, name in _labels("fields", locale):
        assert name in FIELDS.keys() | WITHIN | RARE, name
        assert tag is None or tag in FIELDS[name], f"{tag} has no {name}"


@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_group_of_operations_has_a_heading_and_no_other_has(locale):
    headings = {
        key.removeprefix("areas.tags.") for key in words.keys(locale) if key.startswith("areas.tags.")
    }
    assert headings == {route.tag for route in API.routes}


@pytest.mark.parametrize("catalogue", ["fields", "areas"])
def test_a_label_is_short_and_in_its_language(catalogue):
    for (tag, name), label in _labels(catalogue, "zh-CN").items():
        key = f"{catalogue}.in.{tag}.{name}" if tag else f"{catalogue}.{name}"
        english = words.template(key, "en")
        assert HAN.search(label) or key in NOT_CHINESE, key
        assert 1 < len(label) <= 10, key
        assert not HAN.search(english), key
        assert english[0].isupper() or english[0].isdigit(), key
        assert "_" not in english and len(english.split()) <= 4, key
        assert not re.search(r"\bfen\b", english), key
        assert name not in (label, english), key


def test_a_group_of_operations_may_call_a_field_its_own_way():
    assert labels.field("title", "zh-CN") == "标题"
    assert labels.field("title", "zh-CN", tag="invoices") == "发票抬头"
    assert labels.field("title", "zh-CN", tag="combined_payments") == "标题"
    assert labels.field("amount_fen", "en", tag="invoices") == "Amount"


def test_what_has_no_label_keeps_its_name():
    assert labels.field("no_such_field", "en") == "no_such_field"
    assert labels.value("state", "no_such_state", "en") == "no_such_state"
    assert labels.tag("no_such_tag", "en") == "no_such_tag"
    assert labels.area("no_such_area", "en") == "no_such_area"


def test_areas_and_groups_have_their_names():
    assert labels.area("today", "zh-CN") == "今日"
    assert labels.tag("vouchers", "zh-CN") == "付款凭证"
    assert labels.tag("vouchers", "en") == "Transfer vouchers"
