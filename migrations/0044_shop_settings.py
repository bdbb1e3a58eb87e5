"""Terms that operators choose otherwise than the settings' file, and who changed rules last."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from migrations import _parts, _steps

_WATCH = """
CREATE TRIGGER act_change AFTER INSERT OR UPDATE OR DELETE ON shop_setting FOR EACH ROW
    WHEN (current_setting('yucun.act', true) <> '') EXECUTE FUNCTION act_changed()
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0043_composed_roles")]

    operations = [
        _parts.table(
            "ShopSetting",
            "shop_setting",
            "One of the shop's terms (``billing.terms``) as operators chose it. Rows stay: one that is as in the file again has no value.",
            [
                ("name", fields.CharField(max_length=60, unique=True)),
                ("value", _parts.json(null=True)),
            ],
        ),
        ops.AddIndex("ActChange", Index(fields=["of_table", "id"], name="act_change_of_table")),
        ops.RunSQL([_WATCH]),
    ]
