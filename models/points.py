"""Points 积分: what was earned, when it is over, and every movement."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from core.partial_index import PartialIndex


class PointsRule(Model):
    """What points are earned for and worth. Append-only; the last one counts, and without one there are no points."""

    id = fields.BigIntField(primary_key=True)
    per_100_yuan = fields.IntField()
    """Points for a hundred yuan paid, before the tier's share."""
    off_points = fields.IntField()
    """So many points are worth one yuan off an order; 0: orders take none."""
    off_share_percent = fields.IntField()
    """At most so much of an order is paid with points."""
    bonus_points = fields.IntField()
    """So many points are worth one yuan of bonus; 0: they are not changed into bonus."""
    bonus_days = fields.IntField(null=True)
    """So many days such bonus lives; None: for ever."""
    life_days = fields.IntField(null=True)
    """So many days points live; None: for ever."""
    remind_days = fields.IntField(null=True)
    """So many days before points end their customer is told; None: never."""
    saved_by = fields.CharField(max_length=64)
    saved_at = fields.DatetimeField()

    class Meta:
        table = "points_rule"
        constraints = (
            CheckConstraint(
                check="per_100_yuan BETWEEN 0 AND 1000000 AND off_points BETWEEN 0 AND 1000000 "
                "AND bonus_points BETWEEN 0 AND 1000000",
                name="points_rule_rates",
            ),
            CheckConstraint(check="off_share_percent BETWEEN 1 AND 100", name="points_rule_share"),
            CheckConstraint(
                check="life_days > 0 AND bonus_days > 0 AND remind_days > 0", name="points_rule_days"
            ),
        )


class PointsAccount(Model):
    """How many points a customer has, and the number of their last movement: the row that is locked."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.OneToOneField(
        "models.Customer", related_name="points_account", on_delete=fields.RESTRICT
    )
    points = fields.BigIntField(default=0)
    movement_no = fields.BigIntField(default=0)

    class Meta:
        table = "points_account"
        constraints = (CheckConstraint(check="points >= 0", name="points_account_never_below_zero"),)


class PointsMovement(Model):
    """Points that came or went, once for its reference. Append-only."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="points_movements", on_delete=fields.RESTRICT, db_index=False
    )
    movement_no = fields.BigIntField()
    """Its number on the customer's account."""
    kind = fields.CharField(max_length=12)
    points = fields.BigIntField()
    """Signed: what went is negative."""
    points_after = fields.BigIntField()
    reference = fields.CharField(max_length=140, unique=True)
    undoes = fields.CharField(max_length=140, null=True)
    """The reference of the movement it takes back or gives back."""
    worth_fen = fields.BigIntField(null=True)
    """What they were spent for."""
    operator = fields.CharField(max_length=64)
    memo = fields.CharField(max_length=200, default="")
    at = fields.DatetimeField()

    class Meta:
        table = "points_movement"
        unique_together = (("customer_id", "movement_no"),)
        indexes = (
            PartialIndex(fields=("undoes",), name="points_movement_undoes", where="undoes IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(
                check="kind IN ('earned', 'taken_back', 'spent', 'given_back', 'expired', 'adjusted', 'merged_out', "
                "'merged_in', 'lapsed')",
                name="points_movement_kind",
            ),
            CheckConstraint(
                check="CASE WHEN kind IN ('earned', 'given_back', 'merged_in') THEN points > 0 "
                "WHEN kind = 'adjusted' THEN points <> 0 ELSE points < 0 END",
                name="points_movement_sign",
            ),
            CheckConstraint(check="points_after >= 0", name="points_movement_after"),
            CheckConstraint(
                check="(undoes IS NOT NULL) = (kind IN ('taken_back', 'given_back'))",
                name="points_movement_undoing",
            ),
        )


class PointsDebt(Model):
    """Points of a payment that was given back when they were gone already; what comes next pays for them."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="points_debts", on_delete=fields.RESTRICT, db_index=False
    )
    reference = fields.CharField(max_length=140, unique=True)
    """The movement that had earned them."""
    points = fields.BigIntField()
    paid = fields.BigIntField(default=0)
    changed_at = fields.DatetimeField()

    class Meta:
        table = "points_debt"
        indexes = (
            PartialIndex(fields=("customer_id",), name="points_debt_open", where="paid < points"),
            Index(fields=("customer_id",), name="points_debt_customer"),
        )
        constraints = (CheckConstraint(check="paid BETWEEN 0 AND points", name="points_debt_paid"),)


class PointsLot(Model):
    """Points that came in together, and what is left of them."""

    id = fields.BigIntField(primary_key=True)
    customer = fields.ForeignKeyField(
        "models.Customer", related_name="points_lots", on_delete=fields.RESTRICT, db_index=False
    )
    movement = fields.ForeignKeyField(
        "models.PointsMovement", related_name="lots", on_delete=fields.RESTRICT, db_index=False
    )
    points = fields.BigIntField()
    remaining = fields.BigIntField()
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        table = "points_lot"
        indexes = (
            Index(fields=("movement_id",), name="points_lot_movement"),
            PartialIndex(
                fields=("customer_id", "expires_at"), name="points_lot_customer", where="remaining > 0"
            ),
            PartialIndex(
                fields=("expires_at", "id"),
                name="points_lot_expiring",
                where="remaining > 0 AND expires_at IS NOT NULL",
            ),
        )
        constraints = (
            CheckConstraint(
                check="points > 0 AND remaining BETWEEN 0 AND points", name="points_lot_remaining"
            ),
        )


class PointsPart(Model):
    """What a movement did to one lot. Append-only."""

    id = fields.BigIntField(primary_key=True)
    movement = fields.ForeignKeyField(
        "models.PointsMovement", related_name="parts", on_delete=fields.RESTRICT, db_index=False
    )
    lot = fields.ForeignKeyField(
        "models.PointsLot", related_name="parts", on_delete=fields.RESTRICT, db_index=False
    )
    points = fields.BigIntField()

    class Meta:
        table = "points_part"
        indexes = (
            Index(fields=("movement_id",), name="points_part_movement"),
            Index(fields=("lot_id",), name="points_part_lot"),
        )
        constraints = (CheckConstraint(check="points <> 0", name="points_part_some"),)
