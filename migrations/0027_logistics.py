"""Freight, tracking, after-sales; and when dunning asked for an automatic top-up."""

from tortoise import fields
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0026_members")]

    operations = [
        ops.AddField(
            "DunningCase",
            "top_up_asked_at",
            fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            "DunningCase",
            PartialIndex(
                fields=["id"],
                name="dunning_case_unasked",
                where="state = 'open' AND tries = 1 AND top_up_asked_at IS NULL",
            ),
        ),
    ]
