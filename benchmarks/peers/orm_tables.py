"""Tables as a small shop's own code would have them, for ``peer-orm``."""

from tortoise import fields
from tortoise.models import Model


class PeerAccount(Model):
    id = fields.BigIntField(primary_key=True)
    balance_fen = fields.BigIntField()

    class Meta:
        table = "peer_account"


class PeerOrder(Model):
    id = fields.BigIntField(primary_key=True)
    order_no = fields.CharField(max_length=32, unique=True)
    account_id = fields.BigIntField()
    total_fen = fields.BigIntField()
    state = fields.CharField(max_length=10)
    paid_at = fields.DatetimeField(null=True)

    class Meta:
        table = "peer_order"


class PeerTransfer(Model):
    id = fields.BigIntField(primary_key=True)
    reference = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "peer_transfer"


class PeerEntry(Model):
    id = fields.BigIntField(primary_key=True)
    transfer_id = fields.BigIntField(db_index=True)
    account_id = fields.BigIntField(db_index=True)
    amount_fen = fields.BigIntField()
    after_fen = fields.BigIntField(null=True)

    class Meta:
        table = "peer_entry"
