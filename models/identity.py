"""Identities: under which names the outside world knows a customer."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Identity(Model):
    """One openid of one app. A chat identity may be known before we know whose it is (``customer`` is then None)."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="identities", null=True, on_delete=fields.RESTRICT
    )
    provider = fields.CharField(max_length=24)
    app_id = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=128)
    """The openid."""
    union_id = fields.CharField(max_length=128, null=True)
    follows = fields.BooleanField(default=False)
    """Official account only: whether the person follows it now."""
    looked_up_at = fields.DatetimeField(null=True)
    """Official account only: when the platform was last asked for the unionid."""
    look_up_at = fields.DatetimeField(null=True)
    """Official account only: when to ask (again); None: nothing to ask."""
    tied_by = fields.CharField(max_length=12, null=True)
    """``code``, ``page``: the customer showed that it is theirs. None: it signed in by itself, or its unionid told."""
    tied_at = fields.DatetimeField(null=True)
    let_go_at = fields.DatetimeField(null=True)
    """When it was untied on somebody's word; from then on no unionid ties it to anybody."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity"
        unique_together = (("provider", "app_id", "subject"),)
        indexes = (
            Index(fields=("customer_id",), name="identity_customer"),
            PartialIndex(fields=("union_id",), name="identity_union", where="union_id IS NOT NULL"),
            PartialIndex(fields=("look_up_at",), name="identity_look_up", where="look_up_at IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(
                check="provider IN ('mini_program', 'official_account', 'alipay')", name="identity_provider"
            ),
            CheckConstraint(check="tied_by IN ('code', 'page')", name="identity_tied_by"),
            CheckConstraint(
                check="tied_by IS NULL OR customer_id IS NOT NULL AND tied_at IS NOT NULL",
                name="identity_tied",
            ),
            CheckConstraint(check="let_go_at IS NULL OR customer_id IS NULL", name="identity_let_go"),
        )
