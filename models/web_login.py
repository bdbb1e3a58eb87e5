"""Visitors of pages on their way to WeChat and back."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class WebLogin(Model):
    """One time a page sent its visitor to WeChat to be told who they are."""

    id = fields.BigIntField(primary_key=True)
    purpose = fields.CharField(max_length=10)
    """``sign_in``, or ``tie``: the visitor's chat becomes that of the customer who is signed in already."""
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="web_logins", null=True, on_delete=fields.RESTRICT, db_index=False
    )
    state_hash = fields.CharField(max_length=64, unique=True)
    """Of what travels with the visitor; good once."""
    proof_hash = fields.CharField(max_length=64)
    """Of what only the browser knows that was sent there."""
    created_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "web_login"
        indexes = (Index(fields=("created_at",), name="web_login_created"),)
        constraints = (
            CheckConstraint(check="purpose IN ('sign_in', 'tie')", name="web_login_purpose"),
            CheckConstraint(check="(purpose = 'tie') = (customer_id IS NOT NULL)", name="web_login_whose"),
        )
