"""Credit movements: what was drawn on credit, and paid back."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class CreditMovement(Model):
    """What one transfer did to the credit a customer has used. Append-only; only ``ledger`` writes here.

    Each row's ``used_after_fen`` is the one before plus its own amount, and the last is the account's (I3).
    """

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    transfer_id = fields.BigIntField(unique=True)
    amount_fen = fields.BigIntField()
    """Drawn if positive, paid back if negative."""
    used_after_fen = fields.BigIntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "credit_movement"
        indexes = (Index(fields=("account_id", "id"), name="credit_movement_account"),)
        constraints = (
            CheckConstraint(check="amount_fen <> 0 AND used_after_fen >= 0", name="credit_movement_amounts"),
        )
