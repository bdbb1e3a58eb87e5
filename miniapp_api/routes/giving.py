"""Giving balance to another customer."""

from billing import transfers as billing_transfers
from core import http as kit
from miniapp_api import transfers
from miniapp_api.routes.caller import CUSTOMER

ROUTES = (
    kit.post(
        "/transfers",
        transfers.send,
        summary=("转赠余额给另一位顾客", "Give part of the balance to another customer"),
        description=(
            "仅在门店开放时可用。本金仍是本金，赠送保留原来的到期日。",
            "Only where the shop lets customers do so. Principal stays principal, bonus keeps its expiry.",
        ),
        status=201,
        answer=transfers.Transfer,
        refusals=(
            billing_transfers.TransfersClosed,
            billing_transfers.TransferNeedsReview,
            billing_transfers.NothingToTransfer,
            billing_transfers.NoSuchCustomer,
            billing_transfers.NoSuchAccount,
            billing_transfers.NotBetweenThese,
            billing_transfers.ReceiverLimit,
            billing_transfers.InsufficientBalance,
            billing_transfers.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
        rate=kit.Rate(20, 60),
    ),
)
