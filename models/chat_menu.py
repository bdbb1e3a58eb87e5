"""The official account's menus, each time they were published; and the language whose menu a follower sees."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class ChatMenuPublication(Model):
    """One publication: written down before the platform is asked, and how it ended after."""

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    fingerprint = fields.CharField(max_length=64)
    """SHA-256 of what was to be published."""
    state = fields.CharField(max_length=10)
    """``asking``; ``published``, ``refused`` by the platform, or ``unknown``: nobody knows what it has now."""
    errcode = fields.IntField(null=True)
    error = fields.CharField(max_length=200, null=True)
    asked_by = fields.CharField(max_length=64)
    asked_at = fields.DatetimeField()
    lease_until = fields.DatetimeField()
    """Who asks has it until then; after that it ended ``unknown``."""
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "chat_menu_publication"
        constraints = (
            UniqueConstraint(fields=("app_id",), name="chat_menu_asking", condition="state = 'asking'"),
            CheckConstraint(
                check="state IN ('asking', 'published', 'refused', 'unknown')", name="chat_menu_state"
            ),
            CheckConstraint(check="(state = 'asking') = (ended_at IS NULL)", name="chat_menu_ended"),
        )


class ChatLanguage(Model):
    """The tag of a language that a follower wears, because the customer has chosen it."""

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    openid = fields.CharField(max_length=128)
    language = fields.CharField(max_length=8)
    tagged_at = fields.DatetimeField()

    class Meta:
        table = "chat_language"
        constraints = (UniqueConstraint(fields=("app_id", "openid"), name="chat_language_of_follower"),)


class ChatMenu(Model):
    """A menu as operators have written it; it stands in place of the one of the settings."""

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    language = fields.CharField(max_length=8)
    """Of customers who have chosen it; empty: of everybody."""
    buttons = fields.JSONField()
    """As the platform writes them."""
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "chat_menu"
        constraints = (
            UniqueConstraint(fields=("app_id", "language"), name="chat_menu_of_language"),
            CheckConstraint(check="language IN ('', 'zh-CN', 'en')", name="chat_menu_language"),
        )
