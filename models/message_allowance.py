"""How many reminders and how much marketing a customer has had lately."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class MessageAllowance(Model):
    """What was sent to one customer, of one class, since the period began."""

    id = fields.BigIntField(primary_key=True)
    customer_id = fields.BigIntField()
    kind_class = fields.CharField(max_length=20)
    began_at = fields.DatetimeField()
    used = fields.IntField()

    class Meta:
        table = "message_allowance"
        unique_together = (("customer_id", "kind_class"),)
        constraints = (
            CheckConstraint(check="kind_class IN ('reminder', 'marketing')", name="message_allowance_class"),
            CheckConstraint(check="used >= 0", name="message_allowance_used"),
        )
