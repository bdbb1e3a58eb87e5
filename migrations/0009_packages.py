"""Recharge packages by tier, store, period and count; tiers, stores, and what operators set for a customer with its history."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

from core.partial_index import PartialIndex
from migrations import _parts, _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0008_found_by_their_owner")]

    operations = [
        ops.CreateModel(
            name="Tier",
            fields=[
                _parts.key(),
                ("code", fields.CharField(unique=True, max_length=20)),
                ("name_zh", fields.CharField(max_length=20)),
                ("name_en", fields.CharField(max_length=20)),
                ("rank", fields.IntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tier",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A rank of customers, with its name in both languages. Never deleted: packages and customers name it by its code.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Store",
            fields=[
                _parts.key(),
                ("code", fields.CharField(unique=True, max_length=20)),
                ("name", fields.CharField(max_length=60)),
                ("state", fields.CharField(default="open", max_length=10)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "store",
                "app": "models",
                "pk_attr": "id",
                "table_description": "One of the merchant's places. Never deleted: packages and top-ups name it by its code.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SettingChange",
            fields=[
                _parts.key(),
                (
                    "customer",
                    fields.ForeignKeyField(
                        "models.Customer",
                        source_field="customer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="setting_changes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("setting", fields.CharField(max_length=20)),
                ("before", fields.CharField(null=True, max_length=20)),
                ("after", fields.CharField(null=True, max_length=20)),
                ("operator", fields.CharField(max_length=64)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "setting_change",
                "app": "models",
                "indexes": [Index(fields=["customer_id", "id"], name="setting_change_customer")],
                "pk_attr": "id",
                "table_description": "One setting of one customer, what it was and what it became. Append-only.",
            },
            bases=["Model"],
        ),
        ops.AddConstraint("Store", CheckConstraint(name="store_state", check="state IN ('open', 'closed')")),
        ops.AddConstraint(
            "SettingChange",
            CheckConstraint(
                name="setting_change_setting", check="setting IN ('tier', 'is_named', 'burn_policy')"
            ),
        ),
        ops.AddField("Customer", "tier", fields.CharField(null=True, max_length=20)),
        ops.AddField("Customer", "is_named", fields.BooleanField(db_default=False)),
        ops.AddField("TopUp", "store", fields.CharField(null=True, max_length=20)),
        ops.RunSQL(
            [
                "ALTER TABLE customer ADD CONSTRAINT customer_tier FOREIGN KEY (tier) REFERENCES tier (code)",
                "ALTER TABLE top_up ADD CONSTRAINT top_up_store FOREIGN KEY (store) REFERENCES store (code)",
                "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON setting_change"
                " FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()",
            ]
        ),
        ops.AddIndex(
            "TopUp", PartialIndex(fields=["customer_id"], name="top_up_open", where="state = 'pending'")
        ),
        ops.AddIndex(
            "TopUp",
            PartialIndex(
                fields=["package_id", "customer_id"], name="top_up_taken", where="state <> 'closed'"
            ),
        ),
        ops.AddField("RechargePackage", "tiers", ArrayField(element_type="text", null=True)),
        ops.AddField("RechargePackage", "stores", ArrayField(element_type="text", null=True)),
        ops.AddField("RechargePackage", "from_at", fields.DatetimeField(null=True)),
        ops.AddField("RechargePackage", "until_at", fields.DatetimeField(null=True)),
        ops.AddField("RechargePackage", "first_time_only", fields.BooleanField(default=False)),
        ops.AddField("RechargePackage", "per_customer", fields.IntField(null=True)),
        ops.AddField("RechargePackage", "stock", fields.IntField(null=True)),
        ops.AddField("RechargePackage", "sort_order", fields.IntField(default=0)),
        ops.AddConstraint(
            "RechargePackage", CheckConstraint(name="package_period", check="from_at < until_at")
        ),
        ops.AddConstraint(
            "RechargePackage",
            CheckConstraint(name="package_limits", check="per_customer > 0 AND stock > 0"),
        ),
        ops.AddConstraint(
            "RechargePackage",
            CheckConstraint(
                name="package_for_somebody", check="cardinality(tiers) > 0 AND cardinality(stores) > 0"
            ),
        ),
    ]
