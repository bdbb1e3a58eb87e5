"""Images of transfer vouchers."""

from tortoise import fields
from tortoise.models import Model


class VoucherImage(Model):
    """The image of one voucher as we drew it anew: nothing of the uploaded file but its picture."""

    id = fields.BigIntField(primary_key=True)
    voucher_no = fields.CharField(max_length=32, unique=True)
    jpeg = fields.BinaryField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "voucher_image"
