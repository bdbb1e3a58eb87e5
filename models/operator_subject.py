"""Operators at the shop's identity provider."""

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model


class OperatorSubject(Model):
    """Who an operator is at the shop's identity provider."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="subjects", on_delete=fields.RESTRICT, db_index=False
    )
    issuer = fields.CharField(max_length=200)
    subject = fields.CharField(max_length=255)
    """OpenID Connect Core 1.0, section 2: at most 255 ASCII characters, never given to another."""
    linked_at = fields.DatetimeField()

    class Meta:
        table = "operator_subject"
        constraints = (
            UniqueConstraint(fields=("issuer", "subject"), name="operator_subject_one"),
            UniqueConstraint(fields=("operator_id", "issuer"), name="operator_subject_once"),
        )
