"""Parts of refunds: one for each payment that money goes back to."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class RefundPart(Model):
    """An amount that goes back the way one payment came, under a number of its own that is never used for another."""

    id = fields.BigIntField(primary_key=True)
    part_no = fields.CharField(max_length=40, unique=True)
    """Our number at the channel (``out_refund_no``)."""
    refund = fields.ForeignKeyField(
        "models.Refund", related_name="parts", on_delete=fields.RESTRICT, db_index=False
    )
    bill_payment = fields.ForeignKeyField(
        "models.BillPayment",
        related_name="refund_parts",
        null=True,
        on_delete=fields.RESTRICT,
        db_index=False,
    )
    """The bill payment it undoes; None: a top-up's."""
    tender = fields.CharField(max_length=20)
    payment_no = fields.CharField(max_length=32, null=True)
    """The payment at the channel that it takes from."""
    amount_fen = fields.BigIntField()
    state = fields.CharField(max_length=10)
    channel_refund_no = fields.CharField(max_length=64, null=True)
    last_answer = fields.CharField(max_length=200, null=True)
    """What the channel said last, for operators."""
    ask_at = fields.DatetimeField(null=True)
    """When the clock asks the channel next; None unless the outcome is unknown."""
    asks = fields.IntField(default=0)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "refund_part"
        indexes = (
            Index(fields=("refund_id",), name="refund_part_refund"),
            Index(fields=("bill_payment_id",), name="refund_part_bill_payment"),
            PartialIndex(fields=("payment_no",), name="refund_part_payment", where="payment_no IS NOT NULL"),
            PartialIndex(fields=("ask_at",), name="refund_part_ask", where="ask_at IS NOT NULL"),
            PartialIndex(fields=("id",), name="refund_part_abnormal", where="state = 'abnormal'"),
            PartialIndex(fields=("tender", "ended_at"), name="refund_part_paid_on", where="state = 'paid'"),
        )
        constraints = (
            CheckConstraint(
                check="tender IN ('balance', 'wechat_pay', 'alipay', 'counter')", name="refund_part_tender"
            ),
            CheckConstraint(
                check="state IN ('waiting', 'open', 'abnormal', 'sending', 'paid', 'failed', 'credited')",
                name="refund_part_state",
            ),
            CheckConstraint(check="amount_fen > 0", name="refund_part_amount"),
            CheckConstraint(
                check="(payment_no IS NOT NULL) = (tender IN ('wechat_pay', 'alipay'))",
                name="refund_part_of_channel",
            ),
            CheckConstraint(
                check="(ask_at IS NOT NULL) = (state = 'open')", name="refund_part_asked_while_open"
            ),
            CheckConstraint(
                check="(ended_at IS NOT NULL) = (state IN ('paid', 'failed', 'credited'))",
                name="refund_part_ended",
            ),
        )
