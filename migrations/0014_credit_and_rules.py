"""Credit limits that can be drawn on, rules that hold unusual deductions for review, alert lines of plans."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_HOUSE = """
INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy, created_at)
VALUES ('house:credit', 'house', 'CNY', 0, 0, 0, 0, 0, 'bonus_first', now()) ON CONFLICT (code) DO NOTHING
"""
_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON credit_movement
FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
"""


_CREDIT = [
    ops.AddField("Account", "credit_used_fen", fields.BigIntField(default=0, db_default=0)),
    ops.AddField("Account", "credit_automatic_only", fields.BooleanField(default=False, db_default=False)),
    ops.RemoveConstraint("Account", "account_available"),
    ops.AddConstraint(
        "Account",
        CheckConstraint(name="account_available", check="principal_fen + bonus_fen - held_fen >= 0"),
    ),
    ops.AddConstraint(
        "Account",
        CheckConstraint(name="account_credit_used", check="credit_used_fen BETWEEN 0 AND credit_limit_fen"),
    ),
    ops.CreateModel(
        name="CreditMovement",
        fields=[
            _parts.key(),
            ("account_id", fields.BigIntField()),
            ("transfer_id", fields.BigIntField(unique=True)),
            ("amount_fen", fields.BigIntField()),
            ("used_after_fen", fields.BigIntField()),
            ("created_at", fields.DatetimeField()),
        ],
        options={
            "table": "credit_movement",
            "table_description": "What one transfer did to the credit a customer has used. Append-only; only ``ledger`` writes here.",
            "app": "models",
            "indexes": [Index(fields=["account_id", "id"], name="credit_movement_account")],
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    ops.AddConstraint(
        "CreditMovement",
        CheckConstraint(name="credit_movement_amounts", check="amount_fen <> 0 AND used_after_fen >= 0"),
    ),
    ops.RunSQL([_APPEND_ONLY]),
    ops.RunSQL([_HOUSE]),
    ops.CreateModel(
        name="CreditLimitChange",
        fields=[
            _parts.key(),
            _parts.to("Customer", "customer", "credit_limit_changes", db_index=False),
            ("limit_before_fen", fields.BigIntField()),
            ("limit_fen", fields.BigIntField()),
            ("automatic_only", fields.BooleanField()),
            ("reason", fields.CharField(max_length=200)),
            ("operator", fields.CharField(max_length=64)),
            ("assessment", _parts.json(null=True)),
            ("created_at", fields.DatetimeField()),
        ],
        options={
            "table": "credit_limit_change",
            "table_description": "Who set a customer's credit limit to what, and why; with the assessment it was set from, as it stood then.",
            "app": "models",
            "indexes": [Index(fields=["customer_id", "id"], name="credit_limit_change_customer")],
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    ops.AddConstraint(
        "CreditLimitChange",
        CheckConstraint(name="credit_limit_change_amounts", check="limit_before_fen >= 0 AND limit_fen >= 0"),
    ),
]

_RULES = [
    ops.CreateModel(
        name="DeductionRule",
        fields=[
            _parts.key(),
            ("name", fields.CharField(max_length=60)),
            ("kind", fields.CharField(max_length=10)),
            ("params", _parts.json()),
            ("action", fields.CharField(max_length=5)),
            ("tells_customer", fields.BooleanField(default=False)),
            ("active", fields.BooleanField(default=True)),
            ("created_at", fields.DatetimeField()),
        ],
        options={
            "table": "deduction_rule",
            "table_description": "Which deductions are unusual, and what happens to them: the shop's people are told, or they decide first.",
            "app": "models",
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    ops.AddConstraint(
        "DeductionRule",
        CheckConstraint(
            name="deduction_rule_kind", check="kind IN ('size', 'frequency', 'hour', 'deviation')"
        ),
    ),
    ops.AddConstraint(
        "DeductionRule",
        CheckConstraint(name="deduction_rule_action", check="action IN ('alert', 'hold')"),
    ),
    ops.CreateModel(
        name="DeductionReview",
        fields=[
            _parts.key(),
            ("review_no", fields.CharField(max_length=32, unique=True)),
            _parts.to("Bill", "bill", "reviews", db_index=False),
            _parts.to("Customer", "customer", "reviews", db_index=False),
            ("amount_fen", fields.BigIntField()),
            ("drawn_fen", fields.BigIntField()),
            ("findings", _parts.json()),
            ("asked_by", fields.CharField(max_length=64)),
            ("state", fields.CharField(default="waiting", max_length=10)),
            ("decided_by", fields.CharField(max_length=64, null=True)),
            ("reason", fields.CharField(default="", max_length=200)),
            ("created_at", fields.DatetimeField()),
            ("expires_at", fields.DatetimeField()),
            ("decided_at", fields.DatetimeField(null=True)),
        ],
        options={
            "table": "deduction_review",
            "table_description": "A deduction a rule held back: its amount is held on the balance under ``review:<review_no>`` until it is decided.",
            "app": "models",
            "indexes": [
                Index(fields=["bill_id", "id"], name="deduction_review_bill"),
                Index(fields=["customer_id", "id"], name="deduction_review_customer"),
                PartialIndex(
                    fields=["expires_at"], name="deduction_review_expiring", where="state = 'waiting'"
                ),
            ],
            "pk_attr": "id",
        },
        bases=["Model"],
    ),
    ops.AddConstraint(
        "DeductionReview",
        CheckConstraint(
            name="deduction_review_state",
            check="state IN ('waiting', 'approved', 'rejected', 'expired', 'withdrawn')",
        ),
    ),
    ops.AddConstraint(
        "DeductionReview",
        CheckConstraint(
            name="deduction_review_amount", check="amount_fen > 0 AND drawn_fen BETWEEN 0 AND amount_fen"
        ),
    ),
    ops.AddConstraint(
        "DeductionReview",
        CheckConstraint(name="deduction_review_decided", check="(decided_at IS NULL) = (state = 'waiting')"),
    ),
    ops.AddConstraint(
        "DeductionReview",
        UniqueConstraint(fields=("bill_id",), name="deduction_review_waiting", condition="state = 'waiting'"),
    ),
]


class Migration(_steps.Migration):
    dependencies = [("models", "0013_operations")]

    operations = [
        *_CREDIT,
        *_RULES,
        ops.AddField("Plan", "warn_periods", fields.IntField(null=True)),
        ops.AddConstraint(
            "Plan", CheckConstraint(name="plan_warn_periods", check="warn_periods BETWEEN 1 AND 12")
        ),
    ]
