"""One-time codes that tie a chat to a customer."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class ChatCode(Model):
    """A one-time code that ties a chat to a customer, for whom it was made and what became of it."""

    id = fields.BigIntField(primary_key=True)
    given_to = fields.CharField(max_length=10)
    """``customer``: shown in the mini-program, entered in a chat. ``chat``: said in a chat, entered in the mini-program."""
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="chat_codes", null=True, on_delete=fields.RESTRICT, db_index=False
    )
    app_id = fields.CharField(max_length=40, null=True)
    openid = fields.CharField(max_length=128, null=True)
    """The chat: the one it was given to, or the one that used it."""
    salt = fields.CharField(max_length=32)
    """What the code is computed from, together with a secret that is not in the database."""
    code_hash = fields.CharField(max_length=64)
    """By which an entered code is found; computed with that secret too."""
    created_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    """When it was used or replaced by the next."""
    is_used = fields.BooleanField(db_default=False)

    class Meta:
        table = "chat_code"
        indexes = (
            Index(fields=("customer_id", "id"), name="chat_code_customer"),
            Index(fields=("openid", "id"), name="chat_code_person"),
            PartialIndex(fields=("code_hash",), name="chat_code_open", where="ended_at IS NULL"),
        )
        constraints = (
            CheckConstraint(check="given_to IN ('customer', 'chat')", name="chat_code_given_to"),
            CheckConstraint(
                check="(given_to = 'chat' OR customer_id IS NOT NULL) AND (given_to = 'customer' OR openid IS NOT NULL)",
                name="chat_code_whose",
            ),
            CheckConstraint(check="(openid IS NULL) = (app_id IS NULL)", name="chat_code_chat"),
            CheckConstraint(
                check="NOT is_used OR ended_at IS NOT NULL AND customer_id IS NOT NULL AND openid IS NOT NULL",
                name="chat_code_used",
            ),
        )


class ChatCodeTry(Model):
    """A wrong code that somebody entered."""

    id = fields.BigIntField(primary_key=True)
    who = fields.CharField(max_length=180)
    """``customer:17``, or ``chat:<app>:<openid>``."""
    at = fields.DatetimeField()

    class Meta:
        table = "chat_code_try"
        indexes = (
            Index(fields=("who", "at"), name="chat_code_try_who"),
            Index(fields=("at",), name="chat_code_try_at"),
        )
