"""Transfers: business acts in the books."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Transfer(Model):
    """One business act that moved money, under a reference that can be used once. Append-only; only ``ledger`` writes here."""

    id = fields.BigIntField(primary_key=True)
    reference = fields.CharField(max_length=100, unique=True)
    kind = fields.CharField(max_length=24)
    fingerprint = fields.BinaryField()
    """SHA-256 over the legs asked for: the same reference with another content is refused."""
    operator = fields.CharField(max_length=64)
    memo = fields.CharField(max_length=200)
    burn_policy = fields.CharField(max_length=20, null=True)
    """The policy a debit was burnt by, as it stood then."""
    reverses = fields.ForeignKeyField(
        "models.Transfer", related_name="reversals", null=True, on_delete=fields.RESTRICT, db_index=False
    )
    created_at = fields.DatetimeField()

    class Meta:
        table = "transfer"
        constraints = (CheckConstraint(check="octet_length(fingerprint) = 32", name="transfer_fingerprint"),)
