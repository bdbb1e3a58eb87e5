"""What operators may do, and where."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class OperatorPost(Model):
    """A role an operator holds in the whole shop or in one store. Replaced as a whole; the history is in what operators did."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField("models.Operator", related_name="posts", on_delete=fields.RESTRICT)
    role = fields.CharField(max_length=12)
    """The code of an ``operator_role``; a foreign key in the database."""
    store = fields.CharField(max_length=20, null=True)
    """The code of the only store it is held in; a foreign key in the database."""
    given_at = fields.DatetimeField()

    class Meta:
        table = "operator_post"
        constraints = (
            UniqueConstraint(fields=("operator_id", "role", "store"), name="operator_post_once"),
            UniqueConstraint(
                fields=("operator_id", "role"),
                name="operator_post_once_everywhere",
                condition="store IS NULL",
            ),
            CheckConstraint(check="store IS NULL OR role <> 'owner'", name="operator_post_owner"),
        )
