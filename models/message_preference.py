"""What customers want to be told, how, and when."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


class MessagePreference(Model):
    """The choices of one customer; without a row, those of the shop."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.OneToOneField(
        "models.Customer", related_name="message_preference", on_delete=fields.RESTRICT
    )
    reminders = fields.BooleanField(default=True)
    """Whether reminders go out at all."""
    marketing = fields.BooleanField(default=False)
    """Whether they agreed to marketing; when and to what stands in ``marketing_consent``."""
    channels = ArrayField(element_type="text", null=True)
    """The only channels they want, the first first; None: those of the shop, in its order."""
    quiet_from_minute = fields.SmallIntField(null=True)
    quiet_until_minute = fields.SmallIntField(null=True)
    """Quiet hours of their own, in minutes after midnight in the shop's zone; on top of the shop's."""
    updated_at = fields.DatetimeField()

    class Meta:
        table = "message_preference"
        constraints = (
            CheckConstraint(
                check="(quiet_from_minute IS NULL) = (quiet_until_minute IS NULL)", name="message_quiet_whole"
            ),
            CheckConstraint(
                check="quiet_from_minute BETWEEN 0 AND 1439 AND quiet_until_minute BETWEEN 0 AND 1439",
                name="message_quiet_minutes",
            ),
            CheckConstraint(check="quiet_from_minute <> quiet_until_minute", name="message_quiet_some"),
        )
