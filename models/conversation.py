"""Conversations with the shop's people, what was said in them, and what happened to them."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class Conversation(Model):
    """A chat that people have taken over. While one is not closed the bot stays quiet in that chat."""

    id = fields.BigIntField(primary_key=True)
    provider = fields.CharField(max_length=24)
    app_id = fields.CharField(max_length=40)
    openid = fields.CharField(max_length=128)
    customer_id = fields.BigIntField(null=True)
    """None: nobody knows whose chat it is."""
    store = fields.CharField(max_length=20, null=True)
    """The code of the store whose people answer; None: the whole shop's."""
    state = fields.CharField(max_length=16, default="waiting")
    operator = fields.ForeignKeyField(
        "models.Operator",
        related_name="conversations",
        null=True,
        on_delete=fields.RESTRICT,
        db_index=False,
    )
    """Who has it; of a closed one who had it last."""
    reason = fields.CharField(max_length=20)
    context = fields.JSONField()
    """What the bot had understood before."""
    locale = fields.CharField(max_length=8)
    unanswered_since = fields.DatetimeField(null=True)
    """When the customer wrote what nobody has answered."""
    last_customer_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField(null=True)
    """When the clock gives it back unless somebody writes."""
    acknowledged_at = fields.DatetimeField(null=True)
    """When the customer was told that nobody is there yet; they are told once."""
    opened_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)
    closed_by = fields.CharField(max_length=10, null=True)

    class Meta:
        table = "conversation"
        indexes = (
            PartialIndex(fields=("state", "id"), name="conversation_open", where="state <> 'closed'"),
            PartialIndex(fields=("due_at",), name="conversation_due", where="due_at IS NOT NULL"),
            Index(fields=("customer_id", "id"), name="conversation_customer"),
        )
        constraints = (
            UniqueConstraint(
                fields=("app_id", "openid"), name="conversation_once", condition="state <> 'closed'"
            ),
            CheckConstraint(
                check="state IN ('waiting', 'with_operator', 'closed')", name="conversation_state"
            ),
            CheckConstraint(
                check="CASE state WHEN 'waiting' THEN operator_id IS NULL WHEN 'with_operator' THEN operator_id IS NOT NULL ELSE true END",
                name="conversation_operator",
            ),
            CheckConstraint(
                check="(closed_at IS NULL) = (state <> 'closed') AND (closed_by IS NULL) = (closed_at IS NULL)"
                " AND (due_at IS NULL) = (state = 'closed')",
                name="conversation_closed",
            ),
            CheckConstraint(
                check="closed_by IN ('customer', 'operator', 'clock', 'leaving')",
                name="conversation_closed_by",
            ),
            CheckConstraint(check="reason IN ('asked', 'complaint', 'operator')", name="conversation_reason"),
        )


class ConversationMessage(Model):
    """Something that was said in a conversation. Its text goes when its customer leaves."""

    id = fields.BigIntField(primary_key=True)
    conversation = fields.ForeignKeyField(
        "models.Conversation", related_name="messages", on_delete=fields.RESTRICT, db_index=False
    )
    author = fields.CharField(max_length=10)
    operator = fields.ForeignKeyField(
        "models.Operator",
        related_name="chat_messages",
        null=True,
        on_delete=fields.RESTRICT,
        db_index=False,
    )
    kind = fields.CharField(max_length=40)
    text = fields.TextField()
    media_id = fields.CharField(max_length=200, null=True)
    """Of a picture or a recording; the platform keeps it for three days."""
    picture_url = fields.CharField(max_length=500, null=True)
    outgoing = fields.OneToOneField(
        "models.ChatOutgoing",
        related_name="message",
        null=True,
        on_delete=fields.RESTRICT,
    )
    """How it goes out; None: it came in, or was the answer to a push."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "conversation_message"
        indexes = (Index(fields=("conversation_id", "id"), name="conversation_message_of"),)
        constraints = (
            CheckConstraint(
                check="author IN ('customer', 'operator', 'system')",
                name="conversation_message_author",
            ),
            CheckConstraint(
                check="(operator_id IS NOT NULL) = (author = 'operator')",
                name="conversation_message_operator",
            ),
        )


class ConversationEvent(Model):
    """Something that operators who watch are told. Numbers are given in the order of commits, so who has seen one has seen all before."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=16)
    conversation = fields.ForeignKeyField(
        "models.Conversation", related_name="events", on_delete=fields.RESTRICT, db_index=False
    )
    message_id = fields.BigIntField(null=True)
    store = fields.CharField(max_length=20, null=True)
    """The store it concerned then."""
    at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "conversation_event"
        constraints = (
            CheckConstraint(
                check="kind IN ('waiting', 'taken', 'moved', 'message', 'delivery', 'closed')",
                name="conversation_event_kind",
            ),
        )


class CannedAnswer(Model):
    """A text that operators answer with often."""

    id = fields.BigIntField(primary_key=True)
    operator = fields.ForeignKeyField(
        "models.Operator", related_name="canned_answers", null=True, on_delete=fields.RESTRICT
    )
    """Whose it is; None: everybody's."""
    title = fields.CharField(max_length=40)
    text = fields.TextField()
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "canned_answer"
