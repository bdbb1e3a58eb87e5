"""How messages are delivered and to whom: attempts, preferences, consents, addresses, allowances, wordings."""

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _parts, _steps


def _customer(related_name: str) -> tuple[str, Any]:
    return _parts.to("Customer", "customer", related_name, db_index=False)


_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0021_due_runs")]

    operations = [
        ops.AddField("OutboxMessage", "reason", fields.CharField(null=True, max_length=40)),
        ops.AddField("OutboxMessage", *_parts.perhaps("not_before")),
        ops.AddField("OutboxMessage", *_parts.perhaps("stale_after")),
        ops.AddField("OutboxMessage", "trying", fields.CharField(null=True, max_length=20)),
        ops.AddField("OutboxMessage", *_parts.perhaps("trying_at")),
        ops.AddField("OutboxMessage", "refused_by", ArrayField(null=True, element_type="text")),
        ops.AddField("OutboxMessage", "is_counted", fields.BooleanField(db_default=False)),
        ops.RemoveConstraint("OutboxMessage", "outbox_state"),
        *_parts.checks(
            "OutboxMessage",
            outbox_state="state IN ('queued', 'sent', 'dead', 'void')",
            outbox_reason="(reason IS NOT NULL) = (state = 'void')",
            outbox_trying="trying IS NULL OR state = 'queued'",
            outbox_trying_at="(trying IS NULL) = (trying_at IS NULL)",
        ),
        _parts.table(
            "MessageAttempt",
            "message_attempt",
            "One try of one channel, or one replay by an operator, and what came of it. Append-only.",
            [
                ("message_id", fields.BigIntField()),
                ("channel", fields.CharField(max_length=20)),
                ("result", fields.CharField(max_length=10)),
                ("code", fields.CharField(default="", max_length=60)),
                ("note", fields.CharField(default="", max_length=200)),
                _parts.instant("at"),
            ],
            indexes=[Index(fields=["message_id", "id"], name="message_attempt_message")],
        ),
        _parts.table(
            "MessagePreference",
            "message_preference",
            "The choices of one customer; without a row, those of the shop.",
            [
                (
                    "customer",
                    fields.OneToOneField(
                        "models.Customer",
                        source_field="customer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="message_preference",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("reminders", fields.BooleanField(default=True)),
                ("marketing", fields.BooleanField(default=False)),
                ("channels", ArrayField(null=True, element_type="text")),
                ("quiet_from_minute", fields.SmallIntField(null=True)),
                ("quiet_until_minute", fields.SmallIntField(null=True)),
                _parts.instant("updated_at"),
            ],
        ),
        _parts.table(
            "MarketingConsent",
            "marketing_consent",
            "One time a customer said yes or no to marketing. Append-only; the last one counts.",
            [
                _customer("marketing_consents"),
                ("agreed", fields.BooleanField()),
                ("wording", fields.CharField(max_length=300)),
                ("door", fields.CharField(max_length=20)),
                ("by", fields.CharField(max_length=64)),
                _parts.instant("at"),
            ],
            indexes=[Index(fields=["customer_id", "id"], name="marketing_consent_customer")],
        ),
        _parts.table(
            "MessageAddress",
            "message_address",
            "The phone number or e-mail address of a customer.",
            [
                _customer("message_addresses"),
                ("channel", fields.CharField(max_length=20)),
                ("address", fields.CharField(max_length=254)),
                _parts.perhaps("refused_at"),
                ("refusal", fields.CharField(null=True, max_length=200)),
                ("set_by", fields.CharField(max_length=64)),
                _parts.instant("set_at"),
                _parts.perhaps("confirmed_at"),
                ("confirmed_by", fields.CharField(null=True, max_length=20)),
            ],
            unique_together=(("customer_id", "channel"),),
        ),
        _parts.table(
            "AddressCode",
            "address_code",
            "A code that was sent to a phone number or an e-mail address, and how often it was guessed at.",
            [
                _customer("address_codes"),
                ("channel", fields.CharField(max_length=20)),
                ("address", fields.CharField(max_length=254)),
                ("client", fields.CharField(max_length=64)),
                ("code_hash", fields.CharField(max_length=120)),
                ("tries", fields.IntField(default=0)),
                _parts.instant("sent_at"),
                _parts.instant("ends_at"),
                _parts.perhaps("ended_at"),
                ("is_used", fields.BooleanField(db_default=False)),
            ],
            indexes=[
                Index(fields=["customer_id", "id"], name="address_code_customer"),
                Index(fields=["address", "sent_at"], name="address_code_address"),
                Index(fields=["client", "sent_at"], name="address_code_client"),
            ],
        ),
        _parts.table(
            "MessageAllowance",
            "message_allowance",
            "What was sent to one customer, of one class, since the period began.",
            [
                ("customer_id", fields.BigIntField()),
                ("kind_class", fields.CharField(max_length=20)),
                _parts.instant("began_at"),
                ("used", fields.IntField()),
            ],
            unique_together=(("customer_id", "kind_class"),),
        ),
        _parts.table(
            "MessageTemplate",
            "message_template",
            "One version of the wording of a kind of message for a channel and a language. Append-only; the last one counts.",
            [
                ("kind", fields.CharField(max_length=30)),
                ("channel", fields.CharField(max_length=20)),
                ("locale", fields.CharField(max_length=8)),
                ("version", fields.IntField()),
                ("content", fields.JSONField(null=True)),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("saved_at"),
            ],
            unique_together=(("kind", "channel", "locale", "version"),),
        ),
        _parts.table(
            "DeliveryReport",
            "delivery_report",
            "One for each message at most, however often it is said.",
            [
                ("message_id", fields.BigIntField(unique=True)),
                ("said", fields.CharField(max_length=64)),
                ("sent_on", fields.DateField()),
                ("asks", fields.IntField(default=0)),
                _parts.perhaps("next_ask_at"),
                ("outcome", fields.CharField(null=True, max_length=10)),
                _parts.instant("created_at"),
            ],
            indexes=[
                PartialIndex(
                    fields=["next_ask_at", "id"], name="delivery_report_due", where="next_ask_at IS NOT NULL"
                )
            ],
        ),
        *_parts.checks(
            "DeliveryReport",
            delivery_report_outcome="outcome IN ('failed', 'arrived', 'unheard', 'moot')",
            delivery_report_over="(outcome IS NULL) = (next_ask_at IS NOT NULL)",
            delivery_report_asks="asks >= 0",
        ),
        *_parts.checks(
            "MessageAttempt",
            message_attempt_result="result IN ('sent', 'refused', 'later', 'unknown', 'failed', 'replayed')",
        ),
        *_parts.checks(
            "MessagePreference",
            message_quiet_whole="(quiet_from_minute IS NULL) = (quiet_until_minute IS NULL)",
            message_quiet_minutes="quiet_from_minute BETWEEN 0 AND 1439 AND quiet_until_minute BETWEEN 0 AND 1439",
            message_quiet_some="quiet_from_minute <> quiet_until_minute",
        ),
        *_parts.checks(
            "MessageAddress",
            message_address_channel="channel IN ('sms', 'email')",
            message_address_refused="(refused_at IS NULL) = (refusal IS NULL)",
            message_address_confirmed="(confirmed_at IS NULL) = (confirmed_by IS NULL)",
            message_address_confirmed_by="confirmed_by IN ('code', 'wechat')",
        ),
        *_parts.checks(
            "AddressCode",
            address_code_channel="channel IN ('sms', 'email')",
            address_code_used="NOT is_used OR ended_at IS NOT NULL",
            address_code_tries="tries >= 0",
        ),
        *_parts.checks(
            "MessageAllowance",
            message_allowance_class="kind_class IN ('reminder', 'marketing')",
            message_allowance_used="used >= 0",
        ),
        *_parts.checks("MessageTemplate", message_template_version="version > 0"),
        *(
            ops.RunSQL([_APPEND_ONLY.format(table)])
            for table in ("message_attempt", "marketing_consent", "message_template")
        ),
        ops.AddIndex(
            "MessageAttempt",
            PartialIndex(
                fields=["code"],
                name="message_attempt_template",
                where="channel = 'template' AND result = 'sent'",
            ),
        ),
        ops.AddIndex("ChatMessage", Index(fields=["openid", "received_at"], name="chat_message_person")),
        ops.AddField("Customer", "birthday", fields.DateField(null=True)),
    ]
