"""What operators did."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class OperatorAct(Model):
    """One write an operator asked for: written down before it is begun, and how it ended after. Without an end, the process died meanwhile
    and what it did says whether it happened. Or one time they were shown what tells of customers. Append-only but for the end, once."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="acts", on_delete=fields.RESTRICT, db_index=False
    )
    kind = fields.CharField(max_length=5, db_default="write")
    operation = fields.CharField(max_length=80)
    """The operation as the OpenAPI document calls it."""
    about = fields.CharField(max_length=300)
    """Method and path."""
    subject = fields.CharField(max_length=120, null=True)
    """What it was about, as the path names it: ``bill:B2026…``, ``customer:17``."""
    customer_ids = ArrayField(element_type="bigint", db_default=[])
    """Whom it was about, or who was shown; of very many the first."""
    asked = fields.JSONField()
    """What was sent, without secrets."""
    reason = fields.CharField(max_length=500, null=True)
    """Why, where they were asked."""
    address = fields.CharField(max_length=45, db_default="")
    """The client's address."""
    user_agent = fields.CharField(max_length=200, db_default="")
    request_id = fields.CharField(max_length=64)
    began_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=60, null=True)
    """``done``, the code of the refusal, or ``failed``."""

    class Meta:
        table = "operator_act"
        indexes = (
            Index(fields=("operator_id", "id"), name="operator_act_operator"),
            Index(fields=("operation", "id"), name="operator_act_operation"),
            Index(fields=("subject", "id"), name="operator_act_subject"),
            Index(fields=("address", "id"), name="operator_act_address"),
            Index(fields=("outcome", "id"), name="operator_act_outcome"),
            Index(fields=("began_at",), name="operator_act_began"),
        )
        constraints = (
            CheckConstraint(check="(ended_at IS NULL) = (outcome IS NULL)", name="operator_act_ended"),
            CheckConstraint(check="kind IN ('read', 'write')", name="operator_act_kind"),
        )
