"""Remittances 商家转账: money sent to customers through a channel, who confirm it."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Remittance(Model):
    """One transfer to a customer, for a part of a refund or for a closing, under a number that is never used for another."""

    id = fields.BigIntField(primary_key=True)
    remittance_no = fields.CharField(max_length=32, unique=True)
    """Our number at the channel (``out_bill_no``)."""
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="remittances", on_delete=fields.RESTRICT, db_index=False
    )
    purpose = fields.CharField(max_length=10)
    purpose_no = fields.CharField(max_length=40)
    """Number of the refund's part or of the closing."""
    channel = fields.CharField(max_length=20)
    payee = fields.CharField(max_length=128)
    """Who has to confirm it: the customer's openid."""
    payee_name = fields.CharField(max_length=500, null=True)
    """Sealed (``core.sealed``). Their real name, where the channel is to check it; a repeat at the channel names the same."""
    amount_fen = fields.BigIntField()
    remark = fields.CharField(max_length=32)
    state = fields.CharField(max_length=10, default="open")
    is_stopping = fields.BooleanField(default=False)
    """An operator wants it back; the channel is asked to stop it."""
    package_info = fields.TextField(null=True)
    """What the customer's client opens the channel's sheet with."""
    channel_bill_no = fields.CharField(max_length=64, null=True)
    last_answer = fields.CharField(max_length=200, null=True)
    operator_id = fields.BigIntField()
    created_at = fields.DatetimeField()
    ask_at = fields.DatetimeField(null=True)
    """When the clock asks the channel next; None once the outcome is definite."""
    asks = fields.IntField(default=0)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "remittance"
        indexes = (
            Index(fields=("customer_id", "id"), name="remittance_customer"),
            PartialIndex(fields=("payee",), name="remittance_payee", where="state = 'waiting'"),
            PartialIndex(fields=("ask_at",), name="remittance_ask", where="ask_at IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(check="starts_with(payee_name, 's1.')", name="remittance_sealed"),
            UniqueConstraint(
                fields=("purpose", "purpose_no"),
                name="remittance_under_way",
                condition="state IN ('open', 'waiting')",
            ),
            CheckConstraint(check="purpose IN ('refund', 'closing')", name="remittance_purpose"),
            CheckConstraint(check="state IN ('open', 'waiting', 'paid', 'failed')", name="remittance_state"),
            CheckConstraint(check="amount_fen > 0", name="remittance_amount"),
            CheckConstraint(
                check="(ask_at IS NOT NULL) = (state IN ('open', 'waiting'))",
                name="remittance_asked_while_open",
            ),
            CheckConstraint(
                check="(ended_at IS NOT NULL) = (state IN ('paid', 'failed'))", name="remittance_ended"
            ),
        )
