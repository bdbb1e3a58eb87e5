"""Instalments 分期: the parts of an arrangement."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Instalment(Model):
    """One part: so much by that day. Whether it is paid is not kept here; it follows from what the bill has been paid."""

    id = fields.BigIntField(primary_key=True)
    arrangement = fields.ForeignKeyField(
        "models.Arrangement", related_name="instalments", on_delete=fields.RESTRICT, db_index=False
    )
    part_no = fields.IntField()
    amount_fen = fields.BigIntField()
    cumulative_fen = fields.BigIntField()
    """What the bill has been paid in all once this part is paid."""
    due_on = fields.DateField()
    due_at = fields.DatetimeField()
    """The instant ``due_on`` begins in the shop's time zone."""

    class Meta:
        table = "instalment"
        unique_together = (("arrangement", "part_no"),)
        constraints = (
            CheckConstraint(
                check="part_no >= 1 AND amount_fen > 0 AND cumulative_fen >= amount_fen",
                name="instalment_amounts",
            ),
        )
