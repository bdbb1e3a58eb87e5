"""Freight templates 运费模板: what sending costs, by where it goes and how heavy or how many it is; and which products go by which."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class FreightTemplate(Model):
    """One set of zones. At most one is the shop's default."""

    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=40, unique=True)
    """Of one that is ended it bears its number, so that the name is free."""
    charged_by = fields.CharField(max_length=8)
    """``weight`` in grams, or ``pieces``."""
    zones = fields.JSONField()
    is_default = fields.BooleanField(default=False)
    changed_by = fields.CharField(max_length=64)
    changed_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "freight_template"
        constraints = (
            UniqueConstraint(fields=("is_default",), name="freight_template_default", condition="is_default"),
            CheckConstraint(check="charged_by IN ('weight', 'pieces')", name="freight_template_charged_by"),
            CheckConstraint(check="NOT (is_default AND ended_at IS NOT NULL)", name="freight_template_ended"),
        )


class ProductFreight(Model):
    """The template a product goes by; without a row, the shop's default."""

    id = fields.BigIntField(primary_key=True)
    product = fields.OneToOneField("models.Product", related_name="freight", on_delete=fields.RESTRICT)
    template = fields.ForeignKeyField(
        "models.FreightTemplate", related_name="products", on_delete=fields.RESTRICT
    )

    class Meta:
        table = "product_freight"
