"""Plan offers: recurring services a customer can subscribe to."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class PlanOffer(Model):
    """What is deducted how often, and the words a customer agrees to."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    amount_fen = fields.BigIntField()
    cycle = fields.CharField(max_length=8)
    consent_version = fields.CharField(max_length=20)
    consent_text = fields.TextField()
    active = fields.BooleanField(default=True)
    dunning_policy = fields.ForeignKeyField(
        "models.DunningPolicy", null=True, related_name="offers", on_delete=fields.RESTRICT, db_index=False
    )
    """What follows when a period cannot be taken; None: the shop's terms."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "plan_offer"
        constraints = (
            CheckConstraint(
                check="cycle IN ('daily', 'weekly', 'monthly', 'yearly')", name="plan_offer_cycle"
            ),
            CheckConstraint(check="amount_fen > 0", name="plan_offer_amount"),
        )
