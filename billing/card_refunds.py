"""What a channel is stuck with goes to another card of the customer's, which the channel pays.

The refund keeps its number: it is the same money on another way, so it is on its way again once the channel has been told, and
ends by ``channel_refunds.settle`` like any other. The card goes to the channel and is kept nowhere here.
"""

from __future__ import annotations

from billing import channel_refunds, refund_alerts, refund_records
from billing.channels import Channels
from billing.refund_records import NoSuchRefund, Part, Refund, RefundStateForbids
from core import db, errors
from gateways import channel as at_channel
from ledger import idempotency

__all__ = ["BankCard", "KeyReused", "NoSuchRefund", "RefundStateForbids", "RefundToCardRefused", "to_card"]

BankCard = at_channel.BankCard
KeyReused = idempotency.KeyReused


class RefundToCardRefused(errors.Conflict):
    """The channel does not send this refund to that card; ``reason`` is what it said. It is stuck as before."""

    code = "refund_to_card_refused"


async def to_card(
    channels: Channels, operator_id: int, refund_no: str, card: BankCard, *, key: str
) -> Refund:
    """An operator has a channel pay what it is stuck with to this card. Without a definite answer the clock goes on asking.

    Raises:
        NoSuchRefund, KeyReused.
        RefundStateForbids: no part of it is stuck at a channel that can do that.
        RefundToCardRefused: the channel said no.
    """
    parts = await _under_way_again(channels, operator_id, refund_no, card, key)
    for part in parts:
        await _apply(channels, part, card)
    return await refund_records.get(refund_no)


async def _under_way_again(
    channels: Channels, operator_id: int, refund_no: str, card: BankCard, key: str
) -> list[Part]:
    stuck: list[Part] = []

    async def act() -> str:
        stuck.clear()  # a first try may have been undone
        refund = await refund_records.get(refund_no)
        await channel_refunds.lock_subject(refund)
        refund = await refund_records.get(refund_no)
        stuck.extend(part for part in refund.parts if _can_go(channels, part))
        if refund.state != "open" or not stuck:
            raise RefundStateForbids(refund_no=refund_no, state=refund.state)
        await refund_alerts.handled(refund)
        await refund_records.start(refund, ask_at=channel_refunds.clocks_turn())
        return refund_no

    shown = {"refund_no": refund_no, "bank_type": card.bank_type, "ends_in": card.account_no[-4:]}
    await idempotency.alone(
        caller=f"operator:{operator_id}", operation="refunds.to_card", key=key, content=shown, act=act
    )
    return stuck


def _can_go(channels: Channels, part: Part) -> bool:
    opened = channels.by_name.get(part.tender)
    return (
        part.state == "abnormal"
        and part.channel_refund_no is not None
        and opened is not None
        and isinstance(opened.channel, at_channel.RefundsToCards)
    )


async def _apply(channels: Channels, part: Part, card: BankCard) -> None:
    channel = channels.find(part.tender).channel
    assert isinstance(channel, at_channel.RefundsToCards) and part.channel_refund_no is not None
    try:
        found = await channel.apply_abnormal_refund(
            out_refund_no=part.part_no, channel_refund_no=part.channel_refund_no, to=card
        )
    except at_channel.ChannelRefused as refusal:
        await _stuck_again(part, refusal)
        raise RefundToCardRefused(refund_no=part.part_no, reason=refusal.code) from refusal
    except at_channel.ChannelError:
        return  # it may have got through: the clock asks how the refund stands
    await channel_refunds.settle(part.tender, found)


@db.retried
async def _stuck_again(part: Part, refusal: at_channel.ChannelRefused) -> None:
    async with db.transaction():
        known = await channel_refunds.locked(part.part_no)
        if known is not None and known[1].state == "open":
            await channel_refunds.stuck(
                known[0], known[1], f"to card: {refusal.code}", part.channel_refund_no
            )
