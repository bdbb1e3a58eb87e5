"""Arrangements 分期安排: what was agreed on paying a bill in parts."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Arrangement(Model):
    """One arrangement of what was then unpaid of a bill; later ones replace it. The parts are its instalments."""

    id = fields.BigIntField(primary_key=True)
    bill = fields.ForeignKeyField(
        "models.Bill", related_name="arrangements", on_delete=fields.RESTRICT, db_index=False
    )
    arrangement_no = fields.IntField()
    state = fields.CharField(max_length=10)
    """``proposed`` to the customer, ``running`` once agreed to; then ``replaced``, ``cancelled`` or ``withdrawn``."""
    base_fen = fields.BigIntField()
    """What was paid of the bill when it was arranged; the parts come on top."""
    automatic = fields.BooleanField()
    """Whether the parts are taken from the balance when they are due."""
    former_mode = fields.CharField(max_length=12)
    former_automatic = fields.BooleanField()
    """How the bill was collected before it was arranged, and is again when the arrangement is cancelled."""
    consent_version = fields.CharField(max_length=20)
    consent_text = fields.TextField()
    consent_channel = fields.CharField(max_length=16, null=True)
    consented_at = fields.DatetimeField(null=True)
    proposed_by = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=64, null=True)
    end_reason = fields.CharField(max_length=200, null=True)

    class Meta:
        table = "arrangement"
        unique_together = (("bill", "arrangement_no"),)
        constraints = (
            UniqueConstraint(fields=("bill_id",), name="arrangement_running", condition="state = 'running'"),
            UniqueConstraint(
                fields=("bill_id",), name="arrangement_proposed", condition="state = 'proposed'"
            ),
            CheckConstraint(
                check="state IN ('proposed', 'running', 'replaced', 'cancelled', 'withdrawn')",
                name="arrangement_state",
            ),
            CheckConstraint(check="base_fen >= 0", name="arrangement_base"),
            CheckConstraint(check="former_mode IN ('full', 'partial')", name="arrangement_former_mode"),
            CheckConstraint(
                check="consent_channel IN ('mini_program', 'counter', 'phone', 'paper')",
                name="arrangement_consent_channel",
            ),
            CheckConstraint(
                check="(consented_at IS NOT NULL) = (consent_channel IS NOT NULL)"
                " AND (consented_at IS NOT NULL) = (state IN ('running', 'replaced', 'cancelled'))",
                name="arrangement_consented",
            ),
            CheckConstraint(
                check="(ended_at IS NULL) = (state IN ('proposed', 'running'))", name="arrangement_ended"
            ),
        )
