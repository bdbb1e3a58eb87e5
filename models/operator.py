"""Operators: the shop's own people."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class Operator(Model):
    """Somebody who works for the shop and may sign in to its console and API."""

    id = fields.BigIntField(primary_key=True)
    login = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=60)
    password_hash = fields.CharField(max_length=200)
    state = fields.CharField(max_length=10, default="active")
    email = fields.CharField(max_length=254, null=True, unique=True)
    """By which the shop's identity provider knows them, in small letters; an owner wrote it down."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "operator"
        constraints = (CheckConstraint(check="state IN ('active', 'disabled')", name="operator_state"),)
