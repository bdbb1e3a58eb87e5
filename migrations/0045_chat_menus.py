"""Menus of the official account that operators write."""

from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from migrations import _parts, _steps

_WATCH = """
CREATE TRIGGER act_change AFTER INSERT OR UPDATE OR DELETE ON chat_menu FOR EACH ROW
WHEN (current_setting('yucun.act', true) <> '') EXECUTE FUNCTION act_changed()
"""
"""As all that operators change (``sql/acts.sql``)."""


class Migration(_steps.Migration):
    dependencies = [("models", "0044_shop_settings")]

    operations = [
        _parts.table(
            "ChatMenu",
            "chat_menu",
            "A menu as operators have written it; it stands in place of the one of the settings.",
            [
                ("app_id", fields.CharField(max_length=40)),
                ("language", fields.CharField(max_length=8)),
                ("buttons", _parts.json()),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("saved_at"),
            ],
        ),
        ops.AddConstraint(
            "ChatMenu", UniqueConstraint(fields=("app_id", "language"), name="chat_menu_of_language")
        ),
        ops.RunSQL(_WATCH),
        *_parts.checks("ChatMenu", chat_menu_language="language IN ('', 'zh-CN', 'en')"),
    ]
