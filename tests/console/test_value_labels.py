"""Every fixed value that the operators' API answers with, or takes, is called something in both languages."""

from __future__ import annotations

import ast
import functools
import importlib
import re
import tomllib
from collections import defaultdict
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest
from tortoise.migrations.constraints import CheckConstraint

from admin_api.routes import API
from billing import (
    channel_refunds,
    claw_back,
    plan_events,
    quarantine_returns,
    remittances,
    staff_alerts,
    terms,
)
from console import labels
from core import words
from core.http import signature
from gateways import channel as at_channel
from members import conversation_events, duties, people, points_books
from notifications import kinds
from shop import after_sale_states, after_sale_steps, order_states, standing_rows, stock

ROOT = Path(labels.__file__).parents[1]
HAN = re.compile("[\u4e00-\u9fff]")


def _kept(model, field):
    """The values that the database lets a column have."""
    module, _, name = model.rpartition(".")
    table = getattr(importlib.import_module(f"models.{module}"), name)
    checks = [one.check for one in table._meta.constraints if isinstance(one, CheckConstraint)]
    lists = re.findall(
        rf"\b{field} (?:IN \(|= ANY \('{{)([^)}}]*)", " ".join(checks)
    )  # the second is core.one_of
    found = set(re.findall(r"[^',\s]+", " ".join(lists)))
    assert found, f"{model}.{field} is not limited"
    return found


def _said(table):
    """The codes that have a sentence of their own in a table of the catalogue."""
    keys = (key.removeprefix(f"{table}.") for key in words.keys("en") if key.startswith(f"{table}."))
    return {key for key in keys if "." not in key}


def _sections(file):
    return set(tomllib.loads((resources.files("bot.understanding") / file).read_text("utf-8")))


PARCEL = _kept("parcel.Parcel", "state")
CUSTOMER = _kept("customer.Customer", "state")
REFUND = _kept("refund.Refund", "state")
DIFFERENCE = _kept("difference.Difference", "state")
LOT = {"principal", "bonus"}
DOORS = _kept("plan.Plan", "consent_door")
VOCABULARIES = {
    ("state", "staff"): _kept("operator.Operator", "state"),
    ("state", "customers"): CUSTOMER,
    ("state", "chats"): CUSTOMER,
    ("state", "conversations"): CUSTOMER | {"waiting", "with_operator", "closed"},
    ("state", "segments"): CUSTOMER | _kept("segment.SegmentRun", "state"),
    ("state", "counter"): _kept("counter_payment.CounterPayment", "state"),
    ("state", "combined_payments"): {"quarantined"},
    ("state", "chat_menus"): _kept("chat_menu.ChatMenuPublication", "state"),
    ("state", "chat_scenes"): _kept("chat_scene.ChatScene", "state"),
    ("state", "closings"): REFUND,
    ("state", "refunds"): REFUND | _kept("refund_part.RefundPart", "state"),
    ("state", "reconciliation"): DIFFERENCE,
    ("state", "differences"): DIFFERENCE,
    ("state", "bookings"): _kept("booking.Booking", "state"),
    ("state", "products"): _kept("sku.Sku", "state"),
    ("state", "parcels"): PARCEL,
    ("state", "orders"): PARCEL,
    ("state", "after_sales"): PARCEL,
    ("was", "orders"): set(get_args(order_states.State)),
    ("became", "after_sales"): set(get_args(after_sale_states.State)),
    ("order_state", "standing_orders"): set(get_args(order_states.State)),
    ("ours_state", "differences"): _kept("payment.Payment", "state") | _kept("refund_part.RefundPart", "state"),
    ("theirs_state", "differences"): set(get_args(at_channel.TradeState)) | set(get_args(at_channel.RefundState)),
    ("step", "orders"): set(get_args(order_states.Step)) | {"refund", after_sale_steps.NOTE},
    ("step", "after_sales"): set(get_args(after_sale_states.Step)),
    ("kind", "customers"): LOT | {"plan", "bill", "habit"},
    ("kind", "explanations"): LOT,
    ("kind", "points"): set(get_args(points_books.Kind)),
    ("kind", "segments"): {"coupons", "message"},
    ("kind", "holds"): {"operator", "payment", "review", "remittance"},
    ("kind", "messages"): set(kinds.KINDS),
    ("kind", "conversations"): set(get_args(conversation_events.Kind)) | {"text", "image"},
    ("kind", "refunds"): LOT | {"bill", "top_up"},
    ("kind", "reconciliation"): _kept("difference.Difference", "kind"),
    ("kind", "reviews"): {"size", "frequency", "hour", "deviation"},
    ("kind", "alerts"): set(get_args(staff_alerts.Kind)),
    ("kind", "plans"): set(get_args(plan_events.Kind)),
    ("kind", "standing_orders"): set(get_args(standing_rows.Kind)),
    ("kind", "orders"): {"coupon", "points"},
    ("kind", "stock"): set(get_args(stock.Kind)),
    ("kind", "after_sales"): set(get_args(after_sale_states.Kind)),
    ("kind_class", "messages"): set(get_args(kinds.Class)),
    ("burn_policy", "explanations"): set(get_args(terms.BurnPolicy)),
    ("matched_by", "bills"): _kept("bill_payment.BillPayment", "matched_by"),
    ("rule", "refunds"): set(get_args(claw_back.ClawBack)) | {"right"},
    ("tender", "bills"): _kept("bill_payment.BillPayment", "tender"),
    ("tender", "refunds"): _kept("refund_part.RefundPart", "tender"),
    ("resolution", "quarantine"): _kept("quarantine.Quarantine", "resolution"),
    ("resolution", "differences"): _kept("difference.Difference", "resolution"),
    ("subject", "differences"): _kept("difference.Difference", "subject"),
    ("subject", "invoices"): _kept("invoice_request.InvoiceRequest", "subject"),
    ("title_kind", "invoices"): _kept("invoice_request.InvoiceRequest", "title_kind"),
    ("tied_by", "chats"): _kept("identity.Identity", "tied_by"),
    ("provider", "conversations"): _kept("identity.Identity", "provider"),
    ("purpose", "payments"): _kept("payment.Payment", "purpose"),
    ("purpose", "remittances"): _kept("remittance.Remittance", "purpose"),
    ("how", "shipping"): _kept("shipping_report.ShippingReport", "how"),
    ("setting", "settings"): _kept("setting_change.SettingChange", "setting"),
    ("result", "messages"): _kept("message_attempt.MessageAttempt", "result"),
    ("delivery", "conversations"): _kept("chat_outgoing.ChatOutgoing", "state"),
    ("author", "conversations"): _kept("conversation.ConversationMessage", "author"),
    ("closed_by", "conversations"): set(get_args(people.ClosedBy)),
    ("reason", "conversations"): set(get_args(people.Reason)),
    ("reason", "quarantine"): {f"wrong_{what}" for what in ("amount", "currency", "app_id", "merchant_id", "payer")},
    ("consent_door", "plans"): DOORS,
    ("consent_channel", "bills"): _kept("arrangement.Arrangement", "consent_channel"),
    ("cycle", "plans"): _kept("plan.Plan", "cycle"),
    ("duties", "staff"): set(duties.DUTIES),
    ("outcome", "notices"): {
        outcome
        for desk in (channel_refunds, quarantine_returns, remittances)
        for outcome in get_args(desk.Outcome)
    },
    ("phase", "reconciliation"): {"reading", "matching", "comparing"},
    ("wrong", "reconciliation"): {"opening", "rows", "payments", "refunds", "fees"},
    ("kind", "approvals"): _said("approvals"),
    ("code", "merges"): _said("approvals.obstacle"),
    ("code", "credit"): _said("credit.rule"),
    ("intent", "chat_words"): _sections("intents.toml") - {"always"},
    ("concept", "chat_words"): _sections("words.toml"),
    ("operator", "customers"): {"customer:17", "operator:1", "clock", "channel:wechat_pay"},
    ("source", "bills"): {"order:S26", "plan:42:3", "operator:M26", "late_fee:B26", "booking:Y26"},
}  # fmt: skip
"""What answers are made of, by field and group, where the answer's model says only that it is text."""


def _enumerated(schema, definitions):
    named = definitions.get(schema.get("$ref", "").rsplit("/", 1)[-1], {})
    found = {str(value) for one in (schema, named) for value in (*one.get("enum", ()), *_constant(one))}
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *_items(schema)):
        found |= _enumerated(part, definitions)
    return found


def _constant(schema):
    return [schema["const"]] if "const" in schema else []


def _items(schema):
    return [schema["items"]] if isinstance(schema.get("items"), dict) else []


def _collect(node, tag, definitions, into):
    if isinstance(node, dict):
        for name, part in node.get("properties", {}).items():
            if isinstance(part, dict):
                into[name, tag] |= _enumerated(part, definitions)
        for part in node.values():
            _collect(part, tag, definitions, into)
    elif isinstance(node, list):
        for part in node:
            _collect(part, tag, definitions, into)


def _of_schemas():
    found = defaultdict(set)
    for route in API.routes:
        wants = signature.of(route)
        schemas = [
            *([wants.body.json_schema()] if wants.body else []),
            *([wants.query.model_json_schema()] if wants.query else []),
            *([route.answer.model_json_schema(mode="serialization")] if route.answer else []),
        ]
        for schema in schemas:
            _collect(schema, route.tag, schema.get("$defs", {}), found)
        for name, adapter in wants.path.items():
            found[name, route.tag] |= _enumerated(adapter.json_schema(), {})
    return {key: values for key, values in found.items() if values}


VALUES = defaultdict(set)
for _found in (_of_schemas(), VOCABULARIES):
    for _key, _values in _found.items():
        VALUES[_key] |= _values


@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_fixed_value_has_a_label(locale):
    missing = sorted(
        f"{tag}: {name} = {value}"
        for (name, tag), values in VALUES.items()
        for value in values
        if labels.value(name, value, locale, tag=tag) == value
    )
    assert not missing, missing


@functools.cache
def _calls():
    files = [file for room in ("ledger", "billing", "reconciliation") for file in (ROOT / room).rglob("*.py")]
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    return [(ast.unparse(node.func), node.args) for node in nodes if isinstance(node, ast.Call)]


def _second(called):
    """The texts that stand second in the calls of a function."""
    found = [args[1] for name, args in _calls() if name == called and len(args) > 1]
    return {one.value for one in found if isinstance(one, ast.Constant)}


@pytest.mark.parametrize(
    ("called", "name", "tag"),
    [
        ("posting.Transfer", "kind", "customers"),
        ("history.add", "act", "reconciliation"),
        ("_quarantine", "reason", "quarantine"),
    ],
)
def test_what_the_desk_writes_down_has_a_label(called, name, tag):
    written = _second(called)
    assert len(written) > 3
    for locale in words.LOCALES:
        assert {one for one in written if labels.value(name, one, locale, tag=tag) == one} == set()


def _catalogue(locale):
    """(tag or None, field, value) → label."""
    for key in words.keys(locale):
        if key.startswith("values.in."):
            _, _, tag, name, value = key.split(".", 4)
            yield (tag, name, value), words.template(key, locale)
        elif key.startswith("values."):
            _, name, value = key.split(".", 2)
            yield (None, name, value), words.template(key, locale)


def _texts():
    """Every quoted word of the desk, the books, the tables and the doors; what is put together is taken apart."""
    rooms = (
        "billing",
        "shop",
        "members",
        "reconciliation",
        "notifications",
        "ledger",
        "gateways",
        "bot",
        "models",
        "app",
        "core",
    )
    found = set()
    for room in rooms:
        for file in (ROOT / room).rglob("*.py"):
            found |= set(re.findall(r"['\"]([A-Za-z0-9_. -]+)[:'\"]", file.read_text("utf-8")))
    return found | {f"{act}_{way}" for act in ("transfer", "merge") for way in ("in", "out")}


def test_no_label_stands_for_a_value_that_is_gone():
    known = {
        (labels._SAME.get(name, name), value) for (name, _), values in VALUES.items() for value in values
    }
    tags, written = {(labels._SAME.get(name, name), tag) for name, tag in VALUES}, _texts()
    fields = {key for key in words.keys("en") if key.startswith("fields.")}
    for (tag, name, value), _ in _catalogue("en"):
        assert (name, value) in known or value in written, f"{name} = {value}"
        same = {name, *(field for field, other in labels._SAME.items() if other == name)}
        assert any(f"fields.{field}" in fields for field in same), name
        assert tag is None or (name, tag) in tags or name == "reason", f"{tag}: {name}"


def test_a_label_of_a_value_is_short_and_in_its_language():
    english = dict(_catalogue("en"))
    for key, label in _catalogue("zh-CN"):
        assert HAN.search(label) and len(label) <= 10, key
        assert not HAN.search(english[key]) and "_" not in english[key], key
        assert english[key][0].isupper() and len(english[key].split()) <= 5, key
        assert key[-1] not in (label, english[key]), key


def test_a_group_of_operations_may_call_a_value_its_own_way():
    assert labels.value("state", "open", "zh-CN", tag="bills") == "未付"
    assert labels.value("state", "open", "zh-CN", tag="tickets") == "待处理"
    assert labels.value("consent_door", "counter", "zh-CN") == "当面"


def test_who_and_what_is_said_with_its_number():
    assert labels.value("by", "operator:7", "zh-CN") == "操作员 7"
    assert labels.value("operator", "channel:wechat_pay", "en") == "WeChat Pay"
    assert labels.value("source", "plan:42:3", "en") == "Plan 42:3"
    assert labels.value("name", "plan:42:3", "en") == "plan:42:3", "what a person has written stays as it is"
    assert labels.value("operator", "somebody:7", "en") == "somebody:7"
