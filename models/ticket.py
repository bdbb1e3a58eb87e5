"""Complaints and feedback, and how content customers were."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Ticket(Model):
    """A complaint, a suggestion or feedback, from when it is made to its end. Its words go when its customer leaves."""

    id = fields.BigIntField(primary_key=True)
    ticket_no = fields.CharField(max_length=32, unique=True)
    kind = fields.CharField(max_length=12)
    customer_id = fields.BigIntField(null=True)
    app_id = fields.CharField(max_length=40, null=True)
    openid = fields.CharField(max_length=128, null=True)
    """The chat it was written in; None: elsewhere."""
    store = fields.CharField(max_length=20, null=True)
    content = fields.TextField()
    locale = fields.CharField(max_length=8)
    state = fields.CharField(max_length=12, default="open")
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="tickets", null=True, on_delete=fields.RESTRICT, db_index=False
    )
    answer = fields.TextField(null=True)
    answered_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "ticket"
        indexes = (
            Index(fields=("customer_id", "id"), name="ticket_customer"),
            Index(fields=("app_id", "openid", "id"), name="ticket_chat"),
            PartialIndex(fields=("id",), name="ticket_unfinished", where="state <> 'closed'"),
        )
        constraints = (
            CheckConstraint(check="kind IN ('complaint', 'suggestion', 'feedback')", name="ticket_kind"),
            CheckConstraint(
                check="state IN ('open', 'in_progress', 'answered', 'closed')", name="ticket_state"
            ),
            CheckConstraint(
                check="operator_id IS NOT NULL OR state IN ('open', 'closed')", name="ticket_operator"
            ),
            CheckConstraint(
                check="(answer IS NULL) = (answered_at IS NULL) AND (state <> 'answered' OR answer IS NOT NULL)",
                name="ticket_answered",
            ),
            CheckConstraint(check="(closed_at IS NOT NULL) = (state = 'closed')", name="ticket_closed"),
            CheckConstraint(check="customer_id IS NOT NULL OR openid IS NOT NULL", name="ticket_whose"),
        )


class Satisfaction(Model):
    """The one question after a conversation or a ticket, and its answer."""

    id = fields.BigIntField(primary_key=True)
    conversation = fields.OneToOneField(
        "models.Conversation", related_name="satisfaction", null=True, on_delete=fields.RESTRICT
    )
    ticket = fields.OneToOneField(
        "models.Ticket", related_name="satisfaction", null=True, on_delete=fields.RESTRICT
    )
    app_id = fields.CharField(max_length=40, null=True)
    openid = fields.CharField(max_length=128, null=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="satisfactions", on_delete=fields.RESTRICT, db_index=False
    )
    asked_at = fields.DatetimeField(db_index=True)
    until = fields.DatetimeField()
    """Until when a bare number in the chat is the answer."""
    score = fields.IntField(null=True)
    scored_at = fields.DatetimeField(null=True)

    class Meta:
        table = "satisfaction"
        indexes = (
            PartialIndex(
                fields=("app_id", "openid"),
                name="satisfaction_open",
                where="score IS NULL AND openid IS NOT NULL",
            ),
        )
        constraints = (
            CheckConstraint(
                check="(conversation_id IS NULL) <> (ticket_id IS NULL)", name="satisfaction_about"
            ),
            CheckConstraint(check="score BETWEEN 1 AND 5", name="satisfaction_score"),
            CheckConstraint(check="(score IS NULL) = (scored_at IS NULL)", name="satisfaction_scored"),
        )
