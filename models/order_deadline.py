"""Until when orders are to be paid."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class OrderDeadline(Model):
    """Until when an order that was placed is to be paid.

    Every order that waits for its payment has one; paying leaves it where it is, so that a payment changes nothing that orders are found by, and
    the clock takes it away when it has passed.
    """

    id = fields.BigIntField(primary_key=True)
    order = fields.OneToOneField("models.Order", related_name="deadline", on_delete=fields.RESTRICT)
    customer_id = fields.BigIntField()
    """As it stands in the order, and never changes there, like the next: for the two indexes."""
    expires_at = fields.DatetimeField()

    class Meta:
        table = "order_deadline"
        indexes = (
            Index(fields=("customer_id",), name="order_deadline_customer"),
            Index(fields=("expires_at", "id"), name="order_deadline_passed"),
        )
