"""Holds on customers' balances."""

from admin_api import holds
from admin_api.routes.caller import OPERATOR
from billing import operator_holds
from core import http as kit

ROUTES = (
    kit.post(
        "/customers/{customer_id}/holds",
        holds.place,
        summary=("冻结顾客余额", "Hold an amount of a customer's balance"),
        description=(
            "押金或预授权：冻结的钱仍是顾客的，但不能花。顾客会收到通知。",
            "A deposit or pre-authorisation: the money stays the customer's and cannot be spent. The customer is told.",
        ),
        status=201,
        answer=holds.Hold,
        refusals=(
            operator_holds.NoSuchCustomer,
            operator_holds.CustomerHasLeft,
            operator_holds.NoSuchAccount,
            operator_holds.InsufficientBalance,
            operator_holds.HoldExpiryOutOfRange,
            operator_holds.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/customers/{customer_id}/holds",
        holds.of_customer,
        summary=("顾客的冻结", "A customer's holds"),
        answer=kit.Page[holds.Hold],
        auth=OPERATOR,
    ),
    kit.get(
        "/holds",
        holds.listing,
        summary=("冻结", "Holds"),
        answer=kit.Page[holds.Hold],
        auth=OPERATOR,
    ),
    kit.get(
        "/holds/{hold_no}",
        holds.one,
        summary=("一笔冻结", "One hold"),
        answer=holds.Hold,
        refusals=(operator_holds.NotAnOperatorsHold,),
        auth=OPERATOR,
    ),
    kit.post(
        "/holds/{hold_no}/capture",
        holds.capture,
        summary=("从冻结中扣款", "Capture a hold"),
        description=(
            "只能扣一次，不超过冻结金额；扣款成为一张已付账单并给顾客回执，其余立即解冻。",
            "Once, up to what is held. It becomes a paid bill with a receipt to the customer; the rest is let go at once.",
        ),
        answer=holds.Hold,
        refusals=(
            operator_holds.NotAnOperatorsHold,
            operator_holds.HoldEnded,
            operator_holds.CaptureTooLarge,
            operator_holds.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/holds/{hold_no}/release",
        holds.release,
        summary=("解冻", "Let a hold go"),
        answer=holds.Hold,
        refusals=(operator_holds.NotAnOperatorsHold, operator_holds.HoldEnded, operator_holds.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
)
