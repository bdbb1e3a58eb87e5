"""Members: points, coupons, addresses, tags and segments, and tiers by what was spent."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from core.partial_index import PartialIndex
from migrations import _parts, _steps

_APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {} FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()
"""


class Migration(_steps.Migration):
    dependencies = [("models", "0025_orders")]

    operations = [
        _parts.table(
            "PointsRule",
            "points_rule",
            "What points are earned for and worth. Append-only; the last one counts, and without one there are no points.",
            [
                ("per_100_yuan", fields.IntField()),
                ("off_points", fields.IntField()),
                ("off_share_percent", fields.IntField()),
                ("bonus_points", fields.IntField()),
                ("bonus_days", fields.IntField(null=True)),
                ("life_days", fields.IntField(null=True)),
                ("remind_days", fields.IntField(null=True)),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("saved_at"),
            ],
        ),
        _parts.table(
            "PointsAccount",
            "points_account",
            "How many points a customer has, and the number of their last movement: the row that is locked.",
            [
                _parts.to("Customer", "customer", "points_account", fields.OneToOneField),
                ("points", fields.BigIntField(default=0)),
                ("movement_no", fields.BigIntField(default=0)),
            ],
        ),
        _parts.table(
            "PointsMovement",
            "points_movement",
            "Points that came or went, once for its reference. Append-only.",
            [
                _parts.to("Customer", "customer", "points_movements", db_index=False),
                ("movement_no", fields.BigIntField()),
                ("kind", fields.CharField(max_length=12)),
                ("points", fields.BigIntField()),
                ("points_after", fields.BigIntField()),
                ("reference", fields.CharField(unique=True, max_length=140)),
                ("undoes", fields.CharField(null=True, max_length=140)),
                ("worth_fen", fields.BigIntField(null=True)),
                ("operator", fields.CharField(max_length=64)),
                ("memo", fields.CharField(default="", max_length=200)),
                _parts.instant("at"),
            ],
            unique_together=(("customer_id", "movement_no"),),
            indexes=[
                PartialIndex(fields=["undoes"], name="points_movement_undoes", where="undoes IS NOT NULL")
            ],
        ),
        _parts.table(
            "PointsDebt",
            "points_debt",
            "Points of a payment that was given back when they were gone already; what comes next pays for them.",
            [
                _parts.to("Customer", "customer", "points_debts", db_index=False),
                ("reference", fields.CharField(unique=True, max_length=140)),
                ("points", fields.BigIntField()),
                ("paid", fields.BigIntField(default=0)),
                _parts.instant("changed_at"),
            ],
            indexes=[PartialIndex(fields=["customer_id"], name="points_debt_open", where="paid < points")],
        ),
        _parts.table(
            "PointsLot",
            "points_lot",
            "Points that came in together, and what is left of them.",
            [
                _parts.to("Customer", "customer", "points_lots", db_index=False),
                _parts.to("PointsMovement", "movement", "lots", db_index=False),
                ("points", fields.BigIntField()),
                ("remaining", fields.BigIntField()),
                _parts.perhaps("expires_at"),
            ],
            indexes=[
                Index(fields=["movement_id"], name="points_lot_movement"),
                PartialIndex(
                    fields=["customer_id", "expires_at"], name="points_lot_customer", where="remaining > 0"
                ),
                PartialIndex(
                    fields=["expires_at", "id"],
                    name="points_lot_expiring",
                    where="remaining > 0 AND expires_at IS NOT NULL",
                ),
            ],
        ),
        _parts.table(
            "PointsPart",
            "points_part",
            "What a movement did to one lot. Append-only.",
            [
                _parts.to("PointsMovement", "movement", "parts", db_index=False),
                _parts.to("PointsLot", "lot", "parts", db_index=False),
                ("points", fields.BigIntField()),
            ],
            indexes=[
                Index(fields=["movement_id"], name="points_part_movement"),
                Index(fields=["lot_id"], name="points_part_lot"),
            ],
        ),
        _parts.table(
            "Tag",
            "tag",
            "A word that operators put on customers.",
            [
                ("name", fields.CharField(unique=True, max_length=20)),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("created_at"),
            ],
        ),
        _parts.table(
            "CustomerTag",
            "customer_tag",
            "A tag on a customer.",
            [
                _parts.to("Customer", "customer", "tags", db_index=False),
                _parts.to("Tag", "tag", "customers", db_index=False),
                ("put_by", fields.CharField(max_length=64)),
                _parts.instant("put_at"),
            ],
            unique_together=(("customer_id", "tag_id"),),
            indexes=[Index(fields=["tag_id", "customer_id"], name="customer_tag_tag")],
        ),
        _parts.table(
            "Segment",
            "segment",
            "Customers for whom a rule holds; who they are is asked each time.",
            [
                ("name", fields.CharField(unique=True, max_length=60)),
                ("rule", fields.JSONField()),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("saved_at"),
                _parts.instant("created_at"),
            ],
        ),
        _parts.table(
            "CouponTemplate",
            "coupon_template",
            "The terms of a kind of coupon. What it takes off never changes; it may be stopped.",
            [
                ("name", fields.CharField(max_length=60)),
                ("kind", fields.CharField(max_length=8)),
                ("off_fen", fields.BigIntField(null=True)),
                ("off_percent", fields.SmallIntField(null=True)),
                ("most_fen", fields.BigIntField(null=True)),
                ("least_fen", fields.BigIntField(default=0)),
                ("products", ArrayField(null=True, element_type="BIGINT")),
                ("categories", ArrayField(null=True, element_type="BIGINT")),
                ("stacks", fields.CharField(max_length=8)),
                ("with_points", fields.BooleanField(default=True)),
                _parts.instant("from_at"),
                _parts.instant("until_at"),
                ("days", fields.IntField(null=True)),
                ("per_customer", fields.IntField(null=True)),
                ("total", fields.IntField(null=True)),
                ("issued", fields.IntField(default=0)),
                ("code", fields.CharField(null=True, unique=True, max_length=32)),
                ("active", fields.BooleanField(default=True)),
                ("saved_by", fields.CharField(max_length=64)),
                _parts.instant("created_at"),
            ],
        ),
        _parts.table(
            "SegmentRun",
            "segment_run",
            "Something that is done for everybody in a segment, customer by customer in the order of their ids.",
            [
                ("run_no", fields.CharField(unique=True, max_length=32)),
                _parts.to("Segment", "segment", "runs", db_index=False),
                ("kind", fields.CharField(max_length=8)),
                ("rule", fields.JSONField()),
                _parts.to("CouponTemplate", "template", "runs", db_index=False, null=True),
                ("text", fields.CharField(null=True, max_length=100)),
                ("state", fields.CharField(max_length=8)),
                ("after_id", fields.BigIntField(default=0)),
                ("looked_at", fields.IntField(default=0)),
                ("done", fields.IntField(default=0)),
                ("asked_by", fields.CharField(max_length=64)),
                _parts.instant("created_at"),
                _parts.perhaps("ended_at"),
            ],
            indexes=[PartialIndex(fields=["id"], name="segment_run_running", where="state = 'running'")],
        ),
        _parts.table(
            "Coupon",
            "coupon",
            "One coupon of one customer, used at most once at a time: by the order it names.",
            [
                ("coupon_no", fields.CharField(unique=True, max_length=32)),
                _parts.to("CouponTemplate", "template", "coupons", db_index=False),
                _parts.to("Customer", "customer", "coupons", db_index=False),
                ("state", fields.CharField(max_length=8)),
                _parts.instant("from_at"),
                _parts.instant("ends_at"),
                _parts.to("SegmentRun", "run", "coupons", db_index=False, null=True),
                ("order_no", fields.CharField(null=True, max_length=32)),
                ("off_fen", fields.BigIntField(null=True)),
                _parts.instant("issued_at"),
            ],
            unique_together=(("run_id", "customer_id"),),
            indexes=[
                Index(fields=["customer_id", "id"], name="coupon_customer"),
                Index(fields=["template_id", "customer_id"], name="coupon_of_template"),
                PartialIndex(fields=["order_no"], name="coupon_order", where="order_no IS NOT NULL"),
            ],
        ),
        _parts.table(
            "CouponEvent",
            "coupon_event",
            "A step of a coupon. Append-only.",
            [
                _parts.to("Coupon", "coupon", "events", db_index=False),
                ("what", fields.CharField(max_length=12)),
                ("order_no", fields.CharField(null=True, max_length=32)),
                ("off_fen", fields.BigIntField(null=True)),
                ("by", fields.CharField(max_length=64)),
                _parts.instant("at"),
            ],
            indexes=[Index(fields=["coupon_id", "id"], name="coupon_event_coupon")],
        ),
        _parts.table(
            "Spending",
            "spending",
            "What one transfer paid of a bill, or gave back of it.",
            [
                _parts.to("Customer", "customer", "spendings", db_index=False),
                ("reference", fields.CharField(unique=True, max_length=140)),
                ("amount_fen", fields.BigIntField()),
                _parts.instant("at"),
            ],
            indexes=[
                Index(fields=["customer_id", "at"], name="spending_customer"),
                Index(fields=["at"], name="spending_at"),
            ],
        ),
        _parts.table(
            "SpendingMark",
            "spending_mark",
            "How far in the books the clock has looked for spending; one row.",
            [
                ("transfer_id", fields.BigIntField()),
            ],
        ),
        _parts.table(
            "TierStanding",
            "tier_standing",
            "How a customer comes to their tier, and when it is looked at again.",
            [
                _parts.to("Customer", "customer", "tier_standing", fields.OneToOneField),
                ("by_rule", fields.BooleanField()),
                ("keeps_until", fields.DateField(null=True)),
                _parts.perhaps("counts_from"),
                ("needs_fen", fields.BigIntField(null=True)),
                _parts.perhaps("judge_at"),
            ],
            indexes=[
                PartialIndex(
                    fields=["judge_at", "id"], name="tier_standing_due", where="judge_at IS NOT NULL"
                )
            ],
        ),
        _parts.table(
            "DeliveryAddress",
            "delivery_address",
            "Where a customer has things sent.",
            [
                _parts.to("Customer", "customer", "delivery_addresses", db_index=False),
                ("recipient", fields.CharField(max_length=60)),
                ("phone", fields.CharField(max_length=20)),
                ("region_code", fields.CharField(max_length=6)),
                ("province", fields.CharField(max_length=30)),
                ("city", fields.CharField(max_length=30)),
                ("district", fields.CharField(max_length=30)),
                ("detail", fields.CharField(max_length=120)),
                ("label", fields.CharField(default="", max_length=10)),
                ("is_default", fields.BooleanField(default=False)),
                _parts.instant("created_at"),
            ],
            indexes=[Index(fields=["customer_id", "id"], name="delivery_address_customer")],
        ),
        *_parts.checks(
            "PointsRule",
            points_rule_rates="per_100_yuan BETWEEN 0 AND 1000000 AND off_points BETWEEN 0 AND 1000000 AND bonus_points BETWEEN 0 AND 1000000",
            points_rule_share="off_share_percent BETWEEN 1 AND 100",
            points_rule_days="life_days > 0 AND bonus_days > 0 AND remind_days > 0",
        ),
        *_parts.checks("PointsAccount", points_account_never_below_zero="points >= 0"),
        *_parts.checks(
            "PointsMovement",
            points_movement_kind="kind IN ('earned', 'taken_back', 'spent', 'given_back', 'expired', 'adjusted', 'merged_out', 'merged_in', 'lapsed')",
            points_movement_sign="CASE WHEN kind IN ('earned', 'given_back', 'merged_in') THEN points > 0 WHEN kind = 'adjusted' THEN points <> 0 ELSE points < 0 END",
            points_movement_after="points_after >= 0",
            points_movement_undoing="(undoes IS NOT NULL) = (kind IN ('taken_back', 'given_back'))",
        ),
        *_parts.checks("PointsDebt", points_debt_paid="paid BETWEEN 0 AND points"),
        *_parts.checks("PointsLot", points_lot_remaining="points > 0 AND remaining BETWEEN 0 AND points"),
        *_parts.checks("TierStanding", tier_standing_needs="(counts_from IS NULL) = (needs_fen IS NULL)"),
        *_parts.checks("PointsPart", points_part_some="points <> 0"),
        *_parts.checks(
            "CouponTemplate",
            coupon_template_off="kind = 'amount' AND off_fen > 0 AND off_fen IS NOT NULL AND off_percent IS NULL AND most_fen IS NULL OR kind = 'percent' AND off_percent IS NOT NULL AND off_percent BETWEEN 1 AND 99 AND off_fen IS NULL AND (most_fen IS NULL OR most_fen > 0)",
            coupon_template_least="least_fen >= 0",
            coupon_template_stacks="stacks IN ('alone', 'others', 'any')",
            coupon_template_period="from_at < until_at AND days > 0",
            coupon_template_limits="per_customer > 0 AND total > 0 AND issued >= 0 AND issued <= total",
            coupon_template_for="cardinality(products) > 0 AND cardinality(categories) > 0",
        ),
        *_parts.checks(
            "SegmentRun",
            segment_run_kind="kind = 'coupons' AND template_id IS NOT NULL AND text IS NULL OR kind = 'message' AND template_id IS NULL AND text IS NOT NULL",
            segment_run_state="state IN ('running', 'done', 'stopped')",
            segment_run_ended="(ended_at IS NULL) = (state = 'running')",
        ),
        *_parts.checks(
            "Coupon",
            coupon_state="state IN ('unused', 'used', 'void')",
            coupon_used="(order_no IS NOT NULL) = (state = 'used') AND (off_fen IS NOT NULL) = (state = 'used')",
            coupon_amounts="off_fen >= 0 AND from_at < ends_at",
        ),
        *_parts.checks(
            "CouponEvent",
            coupon_event_what="what IN ('issued', 'used', 'given_back', 'moved', 'void')",
            coupon_event_order="(order_no IS NOT NULL) = (what IN ('used', 'given_back'))",
        ),
        *_parts.checks("DeliveryAddress", delivery_address_region="region_code ~ '^[1-8][0-9]{5}$'"),
        *(
            ops.RunSQL([_APPEND_ONLY.format(table)])
            for table in ("points_rule", "points_movement", "points_part", "coupon_event")
        ),
        ops.RunSQL(["ALTER TABLE points_account SET (fillfactor = 80)"]),
        ops.AddField("Tier", "spend_fen", fields.BigIntField(null=True)),
        ops.AddField("Tier", "window_days", fields.IntField(default=365)),
        ops.AddField("Tier", "keep_days", fields.IntField(default=365)),
        ops.AddField("Tier", "points_percent", fields.IntField(default=100)),
        *_parts.checks(
            "Tier",
            tier_rule="spend_fen > 0 AND window_days BETWEEN 1 AND 3660 AND keep_days BETWEEN 1 AND 3660",
            tier_points="points_percent BETWEEN 0 AND 10000",
        ),
        ops.AddField("Customer", *_parts.perhaps("birthday_set_at")),
        ops.RemoveConstraint("SettingChange", "setting_change_setting"),
        ops.AlterField("SettingChange", "before", fields.CharField(null=True, max_length=60)),
        ops.AlterField("SettingChange", "after", fields.CharField(null=True, max_length=60)),
        *_parts.checks(
            "SettingChange",
            setting_change_setting="setting IN ('tier', 'is_named', 'burn_policy', 'tag', 'name', 'locale', 'birthday')",
        ),
    ]
