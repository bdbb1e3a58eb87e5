"""Roles that a shop composes of duties, and how much each role may move."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from migrations import _parts, _steps

_FIXED = ("owner", "manager", "accountant", "cashier", "clerk", "support", "auditor")


class Migration(_steps.Migration):
    dependencies = [("models", "0042_sorting_and_alt")]

    operations = [
        _parts.table(
            "OperatorRole",
            "operator_role",
            "A role: one of those that always are, which says its limits only, or one that the shop has composed of duties.",
            [
                ("code", fields.CharField(unique=True, max_length=12)),
                ("name", fields.CharField(null=True, max_length=40)),
                ("duties", ArrayField(element_type="text", null=True)),
                ("limits", _parts.json()),
                ("state", fields.CharField(default="active", max_length=8)),
                _parts.to("Operator", "changed_by", "roles", null=True, db_index=False),
                _parts.perhaps("changed_at"),
            ],
        ),
        *_parts.checks(
            "OperatorRole",
            operator_role_state="state IN ('active', 'retired')",
            operator_role_composed="(name IS NULL) = (duties IS NULL)",
            operator_role_owner="code <> 'owner' OR limits = '{}'",
            operator_role_fixed="state = 'active' OR name IS NOT NULL",
        ),
        _parts.table(
            "LimitUse",
            "limit_use",
            "An amount that somebody with a limit has moved, or agreed to, on their own: what their next one of the day is counted with.",
            [
                _parts.to("Operator", "operator", "limit_uses", db_index=False),
                ("kind", fields.CharField(max_length=12)),
                ("about", fields.CharField(max_length=40)),
                ("amount_fen", fields.BigIntField()),
                _parts.instant("at"),
            ],
            indexes=[Index(fields=["operator_id", "kind", "at"], name="limit_use_operator")],
        ),
        *_parts.checks("LimitUse", limit_use_amount="amount_fen >= 0"),
        ops.RemoveConstraint("OperatorPost", "operator_post_role"),
        ops.RunSQL(
            [
                *(
                    f"INSERT INTO operator_role (code, limits, state) VALUES ('{code}', '{{}}', 'active')"
                    for code in _FIXED
                ),
                "CREATE UNIQUE INDEX operator_role_name ON operator_role (lower(name)) WHERE state = 'active'",
                "ALTER TABLE operator_post ADD CONSTRAINT operator_post_role FOREIGN KEY (role) REFERENCES operator_role (code)",
                "CREATE TRIGGER act_change AFTER INSERT OR UPDATE OR DELETE ON operator_role FOR EACH ROW"
                " WHEN (current_setting('yucun.act', true) <> '') EXECUTE FUNCTION act_changed()",
            ]
        ),
    ]
