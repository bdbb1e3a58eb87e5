"""Lots: which money a balance is made of."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.one_of import one_of
from core.partial_index import PartialIndex


class Lot(Model):
    """Money of one kind that came in by one transfer. Only ``ledger`` writes here.

    The sum of an account's ``remaining_fen`` per kind is its balance of that kind (I9).
    PostgreSQL adds ``is_open``, whether anything is left: what an index asks for is written anew in all indexes when it changes, and
    ``remaining_fen`` changes with every payment.
    """

    id = fields.BigIntField(primary_key=True)
    account = fields.ForeignKeyField(
        "models.Account", related_name="lots", on_delete=fields.RESTRICT, db_index=False
    )
    kind = fields.CharField(max_length=10)
    source = fields.CharField(max_length=100)
    """Reference of the transfer that made it, e.g. ``top_up:T261123…``."""
    original_fen = fields.BigIntField()
    remaining_fen = fields.BigIntField()
    expires_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "lot"
        indexes = (
            PartialIndex(fields=("account_id",), name="lot_open", where="is_open"),
            PartialIndex(
                fields=("expires_at",),
                name="lot_expiring",
                where="is_open AND expires_at IS NOT NULL",
            ),
        )
        constraints = (
            CheckConstraint(check=one_of("kind", "principal", "bonus"), name="lot_kind"),
            CheckConstraint(check="kind = 'bonus' OR expires_at IS NULL", name="lot_principal_never_expires"),
            CheckConstraint(
                check="original_fen > 0 AND remaining_fen >= 0 AND remaining_fen <= original_fen",
                name="lot_remaining",
            ),
        )
