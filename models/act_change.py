"""What acts of operators changed, row by row."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class ActChange(Model):
    """One row that an operator's act added, changed or took away. Append-only.

    A trigger writes it in the act's own transaction, so there is one exactly where something was changed.
    """

    id = fields.BigIntField(primary_key=True)
    act = fields.ForeignKeyField(
        "models.OperatorAct", related_name="changes", on_delete=fields.RESTRICT, db_index=False
    )
    of_table = fields.CharField(max_length=63)
    row_id = fields.BigIntField(null=True)
    """None: there were more rows than are kept."""
    before = fields.JSONField(null=True)
    """What differs, as it was; None: the row was not there. Without secrets, long values cut."""
    after = fields.JSONField(null=True)
    """What differs, as it became; None: the row is gone."""

    class Meta:
        table = "act_change"
        indexes = (
            Index(fields=("act_id", "id"), name="act_change_act"),
            Index(fields=("of_table", "id"), name="act_change_of_table"),
        )
