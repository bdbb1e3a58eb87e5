"""Top-ups 充值."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class TopUp(Model):
    """A customer's wish to put money on the account, and what became of it. The terms are fixed when it is made."""

    id = fields.BigIntField(primary_key=True)
    top_up_no = fields.CharField(max_length=32, unique=True)
    customer = fields.ForeignKeyField("models.Customer", related_name="top_ups", on_delete=fields.RESTRICT)
    package = fields.ForeignKeyField(
        "models.RechargePackage", related_name="top_ups", null=True, on_delete=fields.RESTRICT
    )
    store = fields.CharField(max_length=20, null=True)
    """The code of the store it was started at, where one was named; a foreign key in the database."""
    pay_fen = fields.BigIntField()
    bonus_fen = fields.BigIntField()
    bonus_days = fields.IntField(null=True)
    claw_back = fields.CharField(max_length=16, default="pro_rata")
    refund_right_days = fields.IntField(default=7)
    """What a refund of it goes by, as the shop's terms were when it was made."""
    refunded_fen = fields.BigIntField(default=0)
    clawed_fen = fields.BigIntField(default=0)
    """Principal refunded or on its way, and bonus taken back with it."""
    state = fields.CharField(max_length=12, default="pending")
    created_at = fields.DatetimeField()
    credited_at = fields.DatetimeField(null=True)

    class Meta:
        table = "top_up"
        indexes = (
            Index(fields=("customer_id", "id"), name="top_up_customer"),
            PartialIndex(fields=("customer_id",), name="top_up_open", where="state = 'pending'"),
            PartialIndex(
                fields=("package_id", "customer_id"), name="top_up_taken", where="state <> 'closed'"
            ),
        )
        constraints = (
            CheckConstraint(check="state IN ('pending', 'credited', 'closed')", name="top_up_state"),
            CheckConstraint(check="pay_fen > 0 AND bonus_fen >= 0", name="top_up_amounts"),
            CheckConstraint(check="bonus_days > 0", name="top_up_bonus_days"),
            CheckConstraint(
                check="claw_back IN ('pro_rata', 'bonus_first', 'unspent_only') AND refund_right_days >= 0",
                name="top_up_refund_terms",
            ),
            CheckConstraint(
                check="refunded_fen BETWEEN 0 AND pay_fen AND clawed_fen BETWEEN 0 AND bonus_fen",
                name="top_up_refunded",
            ),
            CheckConstraint(check="(credited_at IS NOT NULL) = (state = 'credited')", name="top_up_credited"),
        )
