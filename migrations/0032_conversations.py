"""Conversations with the shop's people, tickets, and what is said about them."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps


def _operator(related_name: str, **how: Any) -> tuple[str, Any]:
    return _parts.to("Operator", "operator", related_name, db_index=False, **how)


_OUTGOING = (
    _parts.table(
        "ChatOutgoing",
        "chat_outgoing",
        "A text to one person, written down before the platform is asked to carry it. One person's go out in the order of their numbers.",
        [
            ("app_id", fields.CharField(max_length=40)),
            ("openid", fields.CharField(max_length=128)),
            ("text", fields.TextField(unique=False)),
            ("state", fields.CharField(max_length=10, default="queued")),
            ("reason", fields.CharField(max_length=20, null=True)),
            ("code", fields.CharField(max_length=40, null=True)),
            ("attempts", fields.IntField(default=0)),
            _parts.perhaps("next_attempt_at"),
            ("lease_token", fields.UUIDField(null=True)),
            _parts.perhaps("lease_until"),
            _parts.instant("created_at"),
            _parts.perhaps("ended_at"),
        ],
        indexes=[
            Index(fields=["app_id", "openid", "id"], name="chat_outgoing_person"),
            PartialIndex(
                fields=["next_attempt_at", "id"], name="chat_outgoing_due", where="ended_at IS NULL"
            ),
        ],
    ),
    *_parts.checks(
        "ChatOutgoing",
        chat_outgoing_state="state IN ('queued', 'sending', 'sent', 'refused', 'unknown')",
        chat_outgoing_ended="(ended_at IS NULL) = (state IN ('queued', 'sending'))",
        chat_outgoing_reason="(reason IS NOT NULL) = (state = 'refused')",
        chat_outgoing_next="(next_attempt_at IS NOT NULL) = (state = 'queued')",
    ),
)
_CONVERSATIONS = (
    _parts.table(
        "Conversation",
        "conversation",
        "A chat that people have taken over. While one is not closed the bot stays quiet in that chat.",
        [
            ("provider", fields.CharField(max_length=24)),
            ("app_id", fields.CharField(max_length=40)),
            ("openid", fields.CharField(max_length=128)),
            ("customer_id", fields.BigIntField(null=True)),
            ("store", fields.CharField(max_length=20, null=True)),
            ("state", fields.CharField(max_length=16, default="waiting")),
            _operator("conversations", null=True),
            ("reason", fields.CharField(max_length=20)),
            ("context", _parts.json()),
            ("locale", fields.CharField(max_length=8)),
            _parts.perhaps("unanswered_since"),
            _parts.perhaps("last_customer_at"),
            _parts.perhaps("due_at"),
            _parts.perhaps("acknowledged_at"),
            _parts.instant("opened_at"),
            _parts.perhaps("closed_at"),
            ("closed_by", fields.CharField(max_length=10, null=True)),
        ],
        indexes=[
            PartialIndex(fields=["state", "id"], name="conversation_open", where="state <> 'closed'"),
            PartialIndex(fields=["due_at"], name="conversation_due", where="due_at IS NOT NULL"),
            Index(fields=["customer_id", "id"], name="conversation_customer"),
        ],
    ),
    ops.AddConstraint(
        "Conversation",
        UniqueConstraint(
            fields=("app_id", "openid"), name="conversation_once", condition="state <> 'closed'"
        ),
    ),
    *_parts.checks(
        "Conversation",
        conversation_state="state IN ('waiting', 'with_operator', 'closed')",
        conversation_operator="CASE state WHEN 'waiting' THEN operator_id IS NULL WHEN 'with_operator' THEN operator_id IS NOT NULL ELSE true END",
        conversation_closed="(closed_at IS NULL) = (state <> 'closed') AND (closed_by IS NULL) = (closed_at IS NULL)"
        " AND (due_at IS NULL) = (state = 'closed')",
        conversation_closed_by="closed_by IN ('customer', 'operator', 'clock', 'leaving')",
        conversation_reason="reason IN ('asked', 'complaint', 'operator')",
    ),
    _parts.table(
        "ConversationMessage",
        "conversation_message",
        "Something that was said in a conversation. Its text goes when its customer leaves.",
        [
            _parts.to("Conversation", "conversation", "messages", db_index=False),
            ("author", fields.CharField(max_length=10)),
            _operator("chat_messages", null=True),
            ("kind", fields.CharField(max_length=40)),
            ("text", fields.TextField(unique=False)),
            ("media_id", fields.CharField(max_length=200, null=True)),
            ("picture_url", fields.CharField(max_length=500, null=True)),
            _parts.to("ChatOutgoing", "outgoing", "message", fields.OneToOneField, null=True),
            _parts.instant("created_at"),
        ],
        indexes=[Index(fields=["conversation_id", "id"], name="conversation_message_of")],
    ),
    *_parts.checks(
        "ConversationMessage",
        conversation_message_author="author IN ('customer', 'operator', 'system')",
        conversation_message_operator="(operator_id IS NOT NULL) = (author = 'operator')",
    ),
    _parts.table(
        "ConversationEvent",
        "conversation_event",
        "Something that operators who watch are told. Numbers are given in the order of commits, so who has seen one has seen all before.",
        [
            ("kind", fields.CharField(max_length=16)),
            _parts.to("Conversation", "conversation", "events", db_index=False),
            ("message_id", fields.BigIntField(null=True)),
            ("store", fields.CharField(max_length=20, null=True)),
            ("at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
        ],
    ),
    *_parts.checks(
        "ConversationEvent",
        conversation_event_kind="kind IN ('waiting', 'taken', 'moved', 'message', 'delivery', 'closed')",
    ),
    _parts.table(
        "CannedAnswer",
        "canned_answer",
        "A text that operators answer with often.",
        [
            _parts.to("Operator", "operator", "canned_answers", null=True),
            ("title", fields.CharField(max_length=40)),
            ("text", fields.TextField(unique=False)),
            ("saved_by", fields.CharField(max_length=64)),
            _parts.instant("saved_at"),
        ],
    ),
)
_TICKETS = (
    _parts.table(
        "Ticket",
        "ticket",
        "A complaint, a suggestion or feedback, from when it is made to its end. Its words go when its customer leaves.",
        [
            ("ticket_no", fields.CharField(max_length=32, unique=True)),
            ("kind", fields.CharField(max_length=12)),
            ("customer_id", fields.BigIntField(null=True)),
            ("app_id", fields.CharField(max_length=40, null=True)),
            ("openid", fields.CharField(max_length=128, null=True)),
            ("store", fields.CharField(max_length=20, null=True)),
            ("content", fields.TextField(unique=False)),
            ("locale", fields.CharField(max_length=8)),
            ("state", fields.CharField(max_length=12, default="open")),
            _operator("tickets", null=True),
            ("answer", fields.TextField(null=True, unique=False)),
            _parts.perhaps("answered_at"),
            _parts.instant("created_at"),
            _parts.perhaps("closed_at"),
        ],
        indexes=[
            Index(fields=["customer_id", "id"], name="ticket_customer"),
            Index(fields=["app_id", "openid", "id"], name="ticket_chat"),
            PartialIndex(fields=["id"], name="ticket_unfinished", where="state <> 'closed'"),
        ],
    ),
    *_parts.checks(
        "Ticket",
        ticket_kind="kind IN ('complaint', 'suggestion', 'feedback')",
        ticket_state="state IN ('open', 'in_progress', 'answered', 'closed')",
        ticket_operator="operator_id IS NOT NULL OR state IN ('open', 'closed')",
        ticket_answered="(answer IS NULL) = (answered_at IS NULL) AND (state <> 'answered' OR answer IS NOT NULL)",
        ticket_closed="(closed_at IS NOT NULL) = (state = 'closed')",
        ticket_whose="customer_id IS NOT NULL OR openid IS NOT NULL",
    ),
    _parts.table(
        "Satisfaction",
        "satisfaction",
        "The one question after a conversation or a ticket, and its answer.",
        [
            _parts.to("Conversation", "conversation", "satisfaction", fields.OneToOneField, null=True),
            _parts.to("Ticket", "ticket", "satisfaction", fields.OneToOneField, null=True),
            ("app_id", fields.CharField(max_length=40, null=True)),
            ("openid", fields.CharField(max_length=128, null=True)),
            _operator("satisfactions"),
            ("asked_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            _parts.instant("until"),
            ("score", fields.IntField(null=True)),
            _parts.perhaps("scored_at"),
        ],
        indexes=[
            PartialIndex(
                fields=["app_id", "openid"],
                name="satisfaction_open",
                where="score IS NULL AND openid IS NOT NULL",
            )
        ],
    ),
    *_parts.checks(
        "Satisfaction",
        satisfaction_about="(conversation_id IS NULL) <> (ticket_id IS NULL)",
        satisfaction_score="score BETWEEN 1 AND 5",
        satisfaction_scored="(score IS NULL) = (scored_at IS NULL)",
    ),
)


class Migration(_steps.Migration):
    dependencies = [("models", "0031_orders_2")]

    operations = [*_OUTGOING, *_CONVERSATIONS, *_TICKETS]
