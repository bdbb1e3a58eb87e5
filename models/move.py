"""Moves 转移: money that changed from one customer to another."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Move(Model):
    """Money of one customer that became another's: given by them (``gift``), or because two accounts became one (``merge``).

    Two transfers of the books: ``transfer_out:<no>`` and ``transfer_in:<no>`` (or ``merge_…``), through ``house:transit``.
    """

    id = fields.BigIntField(primary_key=True)
    move_no = fields.CharField(max_length=32, unique=True)
    kind = fields.CharField(max_length=10)
    giver = fields.ForeignKeyField("models.Customer", related_name="moves_out", on_delete=fields.RESTRICT)
    receiver = fields.ForeignKeyField("models.Customer", related_name="moves_in", on_delete=fields.RESTRICT)
    principal_fen = fields.BigIntField()
    bonus_fen = fields.BigIntField()
    reason = fields.CharField(max_length=200)
    operator = fields.CharField(max_length=64)
    """Who did it: ``operator:1``, or ``customer:5`` where customers may."""
    approval_no = fields.CharField(max_length=32, null=True)
    reverses_no = fields.CharField(max_length=32, null=True, unique=True)
    """The gift it undoes; each is undone once at most."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "move"
        indexes = (
            Index(fields=("giver_id", "id"), name="move_giver"),
            Index(fields=("receiver_id", "id"), name="move_receiver"),
        )
        constraints = (
            CheckConstraint(check="kind IN ('gift', 'merge')", name="move_kind"),
            CheckConstraint(
                check="principal_fen >= 0 AND bonus_fen >= 0 AND principal_fen + bonus_fen > 0",
                name="move_amounts",
            ),
            CheckConstraint(check="giver_id <> receiver_id", name="move_between_two"),
        )
