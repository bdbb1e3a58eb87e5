"""Counter payments, vouchers, receipts; the inbox keeps what was refused, and set-aside money stands in the books."""

from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_SUSPENSE = """
INSERT INTO account (code, kind, currency, principal_fen, bonus_fen, held_fen, credit_limit_fen, entry_no, burn_policy, created_at)
VALUES ('house:suspense', 'house', 'CNY', 0, 0, 0, 0, 0, 'bonus_first', now()) ON CONFLICT (code) DO NOTHING
"""
_BODY_IN_BYTES = (
    ops.RenameField("ChannelNotice", "body", "text_body"),
    ops.AddField("ChannelNotice", "body", fields.BinaryField(null=True)),
    ops.RunSQL(["UPDATE channel_notice SET body = convert_to(text_body, 'UTF8')"]),
    ops.AlterField("ChannelNotice", "body", fields.BinaryField()),
    ops.RemoveField("ChannelNotice", "text_body"),
)
_BEFORE = (
    _SUSPENSE,
    "DROP INDEX channel_notice_unhandled",
    "DROP INDEX quarantine_open",
    "ALTER TABLE quarantine DROP CONSTRAINT quarantine_state",
)
_STILL_TO_DO = "UPDATE channel_notice SET act_at = now() WHERE outcome IS NULL"
_DEFAULTS = "ALTER TABLE quarantine ALTER COLUMN booked_fen SET DEFAULT 0, ALTER COLUMN asks SET DEFAULT 0"
_CONSTRAINTS = (
    "CREATE UNIQUE INDEX counter_payment_reference ON counter_payment (tender, reference) WHERE state = 'taken' AND reference IS NOT NULL",
    "ALTER TABLE counter_payment ADD CONSTRAINT counter_payment_purpose_kind CHECK (purpose IN ('top_up', 'bill'))",
    "ALTER TABLE counter_payment ADD CONSTRAINT counter_payment_tender CHECK (tender IN ('cash', 'card', 'transfer', 'cheque'))",
    "ALTER TABLE counter_payment ADD CONSTRAINT counter_payment_has_reference CHECK ((reference IS NULL) = (tender = 'cash'))",
    "ALTER TABLE counter_payment ADD CONSTRAINT counter_payment_amount CHECK (amount_fen > 0)",
    "ALTER TABLE counter_payment ADD CONSTRAINT counter_payment_state CHECK (state IN ('taken', 'undone'))",
    "ALTER TABLE counter_payment ADD CONSTRAINT counter_payment_undone CHECK ((state = 'undone') = (undone_at IS NOT NULL) AND (undone_at IS NULL) = (undone_by IS NULL))",
    "ALTER TABLE notice_refusal ADD CONSTRAINT notice_refusal_day UNIQUE (channel, day, reason)",
    "ALTER TABLE receipt ADD CONSTRAINT receipt_of_one_payment UNIQUE (source, source_no)",
    "ALTER TABLE receipt ADD CONSTRAINT receipt_source CHECK (source IN ('payment', 'counter'))",
    "ALTER TABLE voucher ADD CONSTRAINT voucher_state CHECK (state IN ('started', 'submitted', 'confirmed', 'rejected', 'withdrawn'))",
    "ALTER TABLE voucher ADD CONSTRAINT voucher_amount CHECK (amount_fen > 0)",
    "ALTER TABLE voucher ADD CONSTRAINT voucher_counter CHECK ((counter_no IS NOT NULL) = (state = 'confirmed'))",
    "ALTER TABLE voucher ADD CONSTRAINT voucher_rejected CHECK ((reject_reason IS NOT NULL) = (state = 'rejected'))",
    "ALTER TABLE voucher ADD CONSTRAINT voucher_shown CHECK (state NOT IN ('submitted', 'confirmed', 'rejected') OR image_hash IS NOT NULL)",
    "ALTER TABLE voucher ADD CONSTRAINT voucher_decided CHECK ((decided_at IS NOT NULL) = (state IN ('confirmed', 'rejected', 'withdrawn')))",
    "CREATE INDEX channel_notice_waiting ON channel_notice (act_at) WHERE act_at IS NOT NULL",
    "CREATE INDEX channel_notice_refused ON channel_notice (channel, id) WHERE verdict = 'refused'",
    "ALTER TABLE channel_notice ADD CONSTRAINT channel_notice_verdict CHECK (verdict IN ('verified', 'refused'))",
    "ALTER TABLE channel_notice ADD CONSTRAINT channel_notice_refusal CHECK ((refusal IS NOT NULL) = (verdict = 'refused'))",
    "ALTER TABLE channel_notice ADD CONSTRAINT channel_notice_acted_on CHECK ((act_at IS NOT NULL) = (verdict = 'verified' AND outcome IS NULL))",
    "CREATE INDEX quarantine_open ON quarantine (id) WHERE state <> 'resolved'",
    "CREATE INDEX quarantine_ask ON quarantine (ask_at) WHERE ask_at IS NOT NULL",
    "CREATE INDEX quarantine_payment ON quarantine (payment_no) WHERE state <> 'resolved'",
    "ALTER TABLE quarantine ADD CONSTRAINT quarantine_state CHECK (state IN ('open', 'sending', 'stuck', 'resolved'))",
    "ALTER TABLE quarantine ADD CONSTRAINT quarantine_booked CHECK (booked_fen IN (0, amount_fen))",
    "ALTER TABLE quarantine ADD CONSTRAINT quarantine_resolution CHECK (resolution IN ('credited', 'sent_back', 'paid_out', 'closed'))",
    "ALTER TABLE quarantine ADD CONSTRAINT quarantine_resolved CHECK ((state = 'resolved') = (resolution IS NOT NULL) AND (state = 'resolved') = (resolved_at IS NOT NULL))",
    "ALTER TABLE quarantine ADD CONSTRAINT quarantine_credited CHECK ((credited_to_id IS NOT NULL) = (resolution IS NOT DISTINCT FROM 'credited'))",
    "ALTER TABLE quarantine ADD CONSTRAINT quarantine_asked_while_sending CHECK ((ask_at IS NOT NULL) = (state = 'sending') AND (state <> 'sending' OR refund_no IS NOT NULL))",
    "CREATE INDEX payment_customer ON payment (customer_id, id)",
)


class Migration(_steps.Migration):
    dependencies = [("models", "0017_reconciliation")]

    # Constraints and indexes are added by one operation and told to Tortoise with the models: it draws all models anew for
    # each operation, which takes longer than all else.
    operations = [
        ops.RunSQL([*_BEFORE]),
        *_BODY_IN_BYTES,
        ops.AddField(
            model_name="ChannelNotice",
            name="act_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="ChannelNotice",
            name="attempts",
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name="ChannelNotice",
            name="fault",
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddField(
            model_name="ChannelNotice",
            name="refusal",
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name="ChannelNotice",
            name="verdict",
            field=fields.CharField(default="verified", max_length=10),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="approval_no",
            field=fields.CharField(null=True, max_length=32),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="ask_at",
            field=fields.DatetimeField(null=True),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="asks",
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="booked_fen",
            field=fields.BigIntField(default=0),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="credited_to_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="customer_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="last_answer",
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="refund_no",
            field=fields.CharField(null=True, unique=True, max_length=32),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="resolution",
            field=fields.CharField(null=True, max_length=10),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="resolve_reason",
            field=fields.CharField(null=True, max_length=200),
        ),
        ops.AddField(
            model_name="Quarantine",
            name="resolved_by",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.CreateModel(
            name="CounterPayment",
            fields=[
                _parts.key(),
                ("counter_no", fields.CharField(unique=True, max_length=32)),
                (
                    "customer",
                    fields.ForeignKeyField(
                        "models.Customer",
                        source_field="customer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="counter_payments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("purpose", fields.CharField(max_length=10)),
                ("purpose_no", fields.CharField(max_length=32)),
                ("tender", fields.CharField(max_length=10)),
                ("reference", fields.CharField(null=True, max_length=64)),
                ("amount_fen", fields.BigIntField()),
                ("memo", fields.CharField(default="", max_length=200)),
                ("operator", fields.CharField(max_length=64)),
                ("approval_no", fields.CharField(null=True, max_length=32)),
                ("voucher_no", fields.CharField(null=True, unique=True, max_length=32)),
                ("transfer_reference", fields.CharField(unique=True, max_length=100)),
                ("state", fields.CharField(default="taken", max_length=10)),
                ("undone_by", fields.CharField(null=True, max_length=64)),
                ("undo_reason", fields.CharField(null=True, max_length=200)),
                ("created_at", fields.DatetimeField()),
                ("undone_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "counter_payment",
                "app": "models",
                "constraints": [
                    UniqueConstraint(
                        fields=("tender", "reference"),
                        name="counter_payment_reference",
                        condition="state = 'taken' AND reference IS NOT NULL",
                    ),
                    CheckConstraint(
                        check="purpose IN ('top_up', 'bill')", name="counter_payment_purpose_kind"
                    ),
                    CheckConstraint(
                        check="tender IN ('cash', 'card', 'transfer', 'cheque')",
                        name="counter_payment_tender",
                    ),
                    CheckConstraint(
                        check="(reference IS NULL) = (tender = 'cash')", name="counter_payment_has_reference"
                    ),
                    CheckConstraint(check="amount_fen > 0", name="counter_payment_amount"),
                    CheckConstraint(check="state IN ('taken', 'undone')", name="counter_payment_state"),
                    CheckConstraint(
                        check="(state = 'undone') = (undone_at IS NOT NULL) AND (undone_at IS NULL) = (undone_by IS NULL)",
                        name="counter_payment_undone",
                    ),
                ],
                "indexes": [
                    Index(fields=["customer_id", "id"], name="counter_payment_customer"),
                    Index(fields=["purpose", "purpose_no"], name="counter_payment_purpose"),
                ],
                "pk_attr": "id",
                "table_description": "Money an operator has taken: cash, by bank card, by bank transfer or by cheque, and what it was for.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NoticeRefusal",
            fields=[
                _parts.key(),
                ("channel", fields.CharField(max_length=20)),
                ("day", fields.DateField()),
                ("reason", fields.CharField(max_length=100)),
                ("times", fields.BigIntField()),
            ],
            options={
                "table": "notice_refusal",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("channel", "day", "reason"), name="notice_refusal_day")
                ],
                "pk_attr": "id",
                "table_description": "So many notifications to one channel's address were refused for one reason on one day.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NoticeReplay",
            fields=[
                _parts.key(),
                ("notice_id", fields.BigIntField()),
                ("operator", fields.CharField(max_length=64)),
                ("outcome", fields.CharField(max_length=20)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "notice_replay",
                "app": "models",
                "indexes": [Index(fields=["notice_id"], name="notice_replay_notice")],
                "pk_attr": "id",
                "table_description": "A notification was handed in again by somebody, and what came of it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Receipt",
            fields=[
                _parts.key(),
                ("receipt_no", fields.CharField(unique=True, max_length=32)),
                (
                    "customer",
                    fields.ForeignKeyField(
                        "models.Customer",
                        source_field="customer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="receipts",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("source", fields.CharField(max_length=10)),
                ("source_no", fields.CharField(max_length=32)),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "receipt",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("source", "source_no"), name="receipt_of_one_payment"),
                    CheckConstraint(check="source IN ('payment', 'counter')", name="receipt_source"),
                ],
                "indexes": [Index(fields=["customer_id", "id"], name="receipt_customer")],
                "pk_attr": "id",
                "table_description": "The numbered receipt for one payment that came in, at a channel or at the counter. Made when it is first asked for.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Voucher",
            fields=[
                _parts.key(),
                ("voucher_no", fields.CharField(unique=True, max_length=32)),
                (
                    "customer",
                    fields.ForeignKeyField(
                        "models.Customer",
                        source_field="customer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="vouchers",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("bill_no", fields.CharField(null=True, max_length=32)),
                ("amount_fen", fields.BigIntField()),
                ("note", fields.CharField(default="", max_length=200)),
                ("state", fields.CharField(default="started", max_length=12)),
                ("image_hash", fields.CharField(null=True, max_length=64)),
                ("same_as_no", fields.CharField(null=True, max_length=32)),
                ("approval_no", fields.CharField(null=True, max_length=32)),
                ("counter_no", fields.CharField(null=True, unique=True, max_length=32)),
                ("decided_by", fields.CharField(null=True, max_length=64)),
                ("reject_reason", fields.CharField(null=True, max_length=200)),
                ("created_at", fields.DatetimeField()),
                ("decided_at", fields.DatetimeField(null=True)),
            ],
            options={
                "table": "voucher",
                "app": "models",
                "constraints": [
                    CheckConstraint(
                        check="state IN ('started', 'submitted', 'confirmed', 'rejected', 'withdrawn')",
                        name="voucher_state",
                    ),
                    CheckConstraint(check="amount_fen > 0", name="voucher_amount"),
                    CheckConstraint(
                        check="(counter_no IS NOT NULL) = (state = 'confirmed')", name="voucher_counter"
                    ),
                    CheckConstraint(
                        check="(reject_reason IS NOT NULL) = (state = 'rejected')", name="voucher_rejected"
                    ),
                    CheckConstraint(
                        check="state NOT IN ('submitted', 'confirmed', 'rejected') OR image_hash IS NOT NULL",
                        name="voucher_shown",
                    ),
                    CheckConstraint(
                        check="(decided_at IS NOT NULL) = (state IN ('confirmed', 'rejected', 'withdrawn'))",
                        name="voucher_decided",
                    ),
                ],
                "indexes": [
                    Index(fields=["customer_id", "id"], name="voucher_customer"),
                    PartialIndex(
                        fields=["image_hash"], name="voucher_same_image", where="image_hash IS NOT NULL"
                    ),
                    PartialIndex(fields=["id"], name="voucher_waiting", where="state = 'submitted'"),
                ],
                "pk_attr": "id",
                "table_description": "A customer says that they have transferred money, and shows the bank's voucher; an operator looks and decides.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="VoucherImage",
            fields=[
                _parts.key(),
                ("voucher_no", fields.CharField(unique=True, max_length=32)),
                ("jpeg", fields.BinaryField()),
                ("created_at", fields.DatetimeField()),
            ],
            options={
                "table": "voucher_image",
                "app": "models",
                "pk_attr": "id",
                "table_description": "The image of one voucher as we drew it anew: nothing of the uploaded file but its picture.",
            },
            bases=["Model"],
        ),
        ops.RunSQL([_STILL_TO_DO, _DEFAULTS, *_CONSTRAINTS]),
        ops.AlterModelOptions(
            "ChannelNotice",
            options={
                "table": "channel_notice",
                "app": "models",
                "unique_together": (("channel", "event_id"),),
                "constraints": [
                    CheckConstraint(
                        check="verdict IN ('verified', 'refused')", name="channel_notice_verdict"
                    ),
                    CheckConstraint(
                        check="(refusal IS NOT NULL) = (verdict = 'refused')", name="channel_notice_refusal"
                    ),
                    CheckConstraint(
                        check="(act_at IS NOT NULL) = (verdict = 'verified' AND outcome IS NULL)",
                        name="channel_notice_acted_on",
                    ),
                ],
                "indexes": [
                    PartialIndex(
                        fields=["act_at"], name="channel_notice_waiting", where="act_at IS NOT NULL"
                    ),
                    PartialIndex(
                        fields=["channel", "id"], name="channel_notice_refused", where="verdict = 'refused'"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A notification as it came, whether it was provably the channel's, and what was made of it. A repeat counts up ``receipts``.",
            },
        ),
        ops.AlterModelOptions(
            "Quarantine",
            options={
                "table": "quarantine",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("channel", "channel_trade_no"), name="quarantine_trade"),
                    CheckConstraint(
                        check="state IN ('open', 'sending', 'stuck', 'resolved')", name="quarantine_state"
                    ),
                    CheckConstraint(check="booked_fen IN (0, amount_fen)", name="quarantine_booked"),
                    CheckConstraint(
                        check="resolution IN ('credited', 'sent_back', 'paid_out', 'closed')",
                        name="quarantine_resolution",
                    ),
                    CheckConstraint(
                        check="(state = 'resolved') = (resolution IS NOT NULL) AND (state = 'resolved') = (resolved_at IS NOT NULL)",
                        name="quarantine_resolved",
                    ),
                    CheckConstraint(
                        check="(credited_to_id IS NOT NULL) = (resolution IS NOT DISTINCT FROM 'credited')",
                        name="quarantine_credited",
                    ),
                    CheckConstraint(
                        check="(ask_at IS NOT NULL) = (state = 'sending') AND (state <> 'sending' OR refund_no IS NOT NULL)",
                        name="quarantine_asked_while_sending",
                    ),
                ],
                "indexes": [
                    PartialIndex(fields=["id"], name="quarantine_open", where="state <> 'resolved'"),
                    PartialIndex(fields=["ask_at"], name="quarantine_ask", where="ask_at IS NOT NULL"),
                    PartialIndex(
                        fields=["payment_no"], name="quarantine_payment", where="state <> 'resolved'"
                    ),
                ],
                "pk_attr": "id",
                "table_description": "A paid channel trade that does not match what we asked for: visible to operators until resolved, never lost.",
            },
        ),
        ops.AlterModelOptions(
            "Payment",
            options={
                "table": "payment",
                "app": "models",
                "constraints": [
                    UniqueConstraint(fields=("channel", "channel_trade_no"), name="payment_channel_trade"),
                    CheckConstraint(check="purpose IN ('top_up', 'bill')", name="payment_purpose_kind"),
                    CheckConstraint(
                        check="state IN ('created', 'prepared', 'paid', 'closed', 'quarantined')",
                        name="payment_state",
                    ),
                    CheckConstraint(check="amount_fen > 0", name="payment_amount"),
                    CheckConstraint(
                        check="state <> 'paid' OR (paid_at IS NOT NULL AND channel_trade_no IS NOT NULL)",
                        name="payment_paid",
                    ),
                    CheckConstraint(
                        check="(ask_at IS NULL) = (state NOT IN ('created', 'prepared')) OR state = 'closed'",
                        name="payment_asked_while_open",
                    ),
                ],
                "indexes": [
                    Index(fields=["purpose", "purpose_no"], name="payment_purpose"),
                    Index(fields=["customer_id", "id"], name="payment_customer"),
                    PartialIndex(fields=["ask_at"], name="payment_ask", where="ask_at IS NOT NULL"),
                    PartialIndex(
                        fields=["channel", "paid_at"], name="payment_paid_on", where="paid_at IS NOT NULL"
                    ),
                    PartialIndex(
                        fields=["ended_at"],
                        name="payment_in_mini_program",
                        where="state = 'paid' AND channel = 'wechat_pay' AND method = 'jsapi'",
                    ),
                ],
                "pk_attr": "id",
                "table_description": "One attempt to be paid through a channel, with its own number and state. Channels never touch what it pays for.",
            },
        ),
    ]
