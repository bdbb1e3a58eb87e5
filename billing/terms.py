"""Terms: what the shop has chosen about money. Every process is given them from its settings' file before it serves; what operators chose
otherwise (``shop_settings``) comes on top of that, while it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ledger import accounts

MatchingOrder = Literal["oldest_due", "oldest_issued", "smallest_first"]
ClawBack = Literal["pro_rata", "bonus_first", "unspent_only"]
BurnPolicy = Literal["bonus_first", "principal_first", "pro_rata", "earliest_expiry"]


@dataclass(frozen=True, slots=True)
class Terms:
    """The shop's choices; amounts in fen. ``config.example.toml`` explains each under ``[money]``.

    Where a choice decides what a customer gets, it is written down with the act it decided, so that a later change of the
    settings changes nothing that was agreed before.
    """

    burn_policy: BurnPolicy = "bonus_first"
    """Which lots a new account spends first."""
    named_cap_fen: int = 500_000
    """Most principal on an account whose owner is known by name (Ministry of Commerce, 2012 no. 9)."""
    unnamed_cap_fen: int = 100_000
    """The same where the owner is not known by name."""
    top_up_min_fen: int = 1
    top_up_max_fen: int = 500_000
    """What a top-up of a free amount may be."""
    matching_order: MatchingOrder = "oldest_due"
    """In which order new money settles open bills."""
    claw_back: ClawBack = "pro_rata"
    """What happens to a bonus when its top-up is refunded."""
    refund_right_days: int = 7
    """So many days a top-up may be refunded without reason."""
    approval_above_fen: int = 50_000
    """An operator's act that moves more needs a second person."""
    approval_window_hours: int = 24
    """So long an operator's acts on one customer's money count together towards that; 0: each for itself."""
    counter_approval_above_fen: int = 200_000
    """Recording more taken at the counter at once, or undoing it, needs a second person."""
    broadcast_approval_above: int = 500
    """Writing to more customers at once needs a second person."""
    credit_ceiling_fen: int = 200_000
    """Most credit any customer may be given."""
    channel_payment_minutes: int = 15
    """So long a customer may take to pay a bill through a channel; its share of the balance is held meanwhile."""
    customer_transfers: bool = False
    """Whether customers may give each other parts of their balances without an operator."""
    day_cut_minutes: int = 120
    """A payment so late on a day may stand in the channel's bill of the next one."""
    carry_days: int = 2
    """In the bills of so many days after its own a payment or refund is looked for before it counts as missing."""
    bill_patience_days: int = 3
    """After so many days without a bill the shop's people are told, and it is theirs to bring it."""
    bonus_reminder_days: int = 0
    """So many days before bonus expires its customer is told; 0: never."""
    birthday_messages: bool = False
    """Whether who agreed to marketing is congratulated on the birthday they told."""
    missed_after_days: int = 0
    """After so many days without a payment who agreed to marketing is written to; 0: never."""
    plan_days_ahead: int = 35
    """Periods of plans can be seen so many days ahead."""
    plan_price_notice_days: int = 30
    """A higher price of a plan is announced so many days before it is taken."""
    customers_change_plans: bool = True
    """Whether customers may pause, resume and skip by themselves. Ending a plan is always theirs."""
    bill_rows_most: int = 5_000_000
    bill_bytes_most: int = 4 * 1024**3
    """How large a channel's bill of one day may be."""
    due_run_parked_most: int = 20
    """A due run that has set so many periods aside pauses itself: then it is not about those periods."""
    dunning_retry_days: tuple[int, ...] = (1, 3, 7)
    """So many days after the first try a plan's period is tried again, where no policy says otherwise."""
    dunning_partial: bool = False
    """Whether a plan's period takes what the balance has where that is less than all."""
    dunning_grace_days: int = 7
    dunning_suspends: bool = False
    """Whether a plan is suspended when its period is not paid so many days after the first try."""
    due_soon_days: int = 3
    """So many days before a bill is due its customer is reminded; 0: not at all."""
    overdue_days: int = 1
    """So many days after it was due they are told that it is overdue."""
    orders_need_review: bool = False
    """Whether a paid order is confirmed by an operator before it is shipped or handed over."""
    unpaid_orders_most: int = 20
    """So many orders of a customer may wait for their payment at a time: each keeps goods from others."""
    order_instalment_parts: tuple[int, ...] = ()
    """In how many parts orders can be paid, the first at once; none: not by instalments."""
    order_down_payment_percent: int = 30
    """How much of an order by instalments its first part is."""
    order_instalments_from_fen: int = 100_000
    """Orders of less are not paid by instalments."""
    complete_after_days: int = 10
    """A shipped order that nobody confirmed counts as received after so many days."""
    included_tax_percent: int = 0
    """How much tax prices include where no category says it, and freight."""
    after_sales_days: int = 15
    """So long after an order is completed after-sales can be asked for; 0: always."""

    standing_hours_ahead: int = 12
    """The order for a day of a standing order is placed so many hours before that day begins."""
    standing_consent_version: str = "1"
    standing_consent_text: str = (
        "同意按所选日期自动下单并从余额付款，每次不超过所选上限；可随时暂停、跳过或结束。"
        " · On the chosen days an order is placed and paid from my balance, each for no more than the most I chose; I can pause, skip or "
        "end it at any time."
    )
    """What customers agree to by starting a standing order; a new text gets a new version."""


_DEFAULT = Terms()
_of_file = _current = _DEFAULT


def current() -> Terms:
    """The terms in force in this process."""
    return _current


def of_file() -> Terms:
    """The terms as the settings' file has them."""
    return _of_file


def use(chosen: Terms = _DEFAULT) -> None:
    """From now on these terms are in force; without an argument the ones a shop has that chose nothing."""
    global _of_file, _current
    _of_file = _current = chosen
    accounts.open_with(chosen.burn_policy)


def choose(otherwise: Mapping[str, Any]) -> None:
    """From now on the terms of the settings' file are in force, but for these."""
    global _current
    _current = replace(_of_file, **otherwise)
