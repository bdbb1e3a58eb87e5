"""What operators may do, and in which stores; what they did."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0027_logistics")]

    operations = [
        ops.CreateModel(
            name="OperatorPost",
            fields=[
                _parts.key(),
                _parts.to("Operator", "operator", "posts"),
                ("role", fields.CharField(max_length=12)),
                ("store", fields.CharField(null=True, max_length=20)),
                ("given_at", fields.DatetimeField()),
            ],
            options={
                "table": "operator_post",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A role an operator holds in the whole shop or in one store. Replaced as a whole; the history is in what operators did.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OperatorAct",
            fields=[
                _parts.key(),
                _parts.to("Operator", "operator", "acts"),
                ("operation", fields.CharField(max_length=80)),
                ("about", fields.CharField(max_length=300)),
                ("asked", _parts.json()),
                ("request_id", fields.CharField(max_length=64)),
                ("began_at", fields.DatetimeField()),
                ("ended_at", fields.DatetimeField(null=True)),
                ("outcome", fields.CharField(null=True, max_length=60)),
            ],
            options={
                "table": "operator_act",
                "app": "models",
                "indexes": [
                    Index(fields=["operator_id", "id"], name="operator_act_operator"),
                    Index(fields=["operation", "id"], name="operator_act_operation"),
                ],
                "pk_attr": "id",
                "table_description": "One write an operator asked for: written down before it is begun, and how it ended after. Without an end, the process died meanwhile",
            },
            bases=["Model"],
        ),
        *_parts.checks(
            "OperatorPost",
            operator_post_role="role IN ('owner', 'manager', 'accountant', 'cashier', 'clerk', 'support', 'auditor')",
            operator_post_owner="store IS NULL OR role <> 'owner'",
        ),
        ops.AddConstraint(
            "OperatorPost",
            UniqueConstraint(fields=("operator_id", "role", "store"), name="operator_post_once"),
        ),
        ops.AddConstraint(
            "OperatorPost",
            UniqueConstraint(
                fields=("operator_id", "role"),
                name="operator_post_once_everywhere",
                condition="store IS NULL",
            ),
        ),
        *_parts.checks("OperatorAct", operator_act_ended="(ended_at IS NULL) = (outcome IS NULL)"),
        ops.RunSQL(
            [
                "ALTER TABLE operator_post ADD CONSTRAINT operator_post_store FOREIGN KEY (store) REFERENCES store (code)",
                "INSERT INTO operator_post (operator_id, role, given_at) SELECT id, 'owner', created_at FROM operator",
            ]
        ),
    ]
