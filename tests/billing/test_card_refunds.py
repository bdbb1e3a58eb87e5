"""Refunds a channel is stuck with, sent to another card of the customer's."""

import asyncio

import pytest

from billing import card_refunds, channel_refunds, refunds, staff_alerts
from gateways import channel as at_channel
from tests import factories
from tests.billing.refunding import BOSS, Channel, paid_by_channel, refund_bill

CARD = card_refunds.BankCard("ICBC_DEBIT", "6222021234567890123", "林晓")


class Cards(Channel):
    """A channel that sends stuck refunds to cards."""

    def __init__(self, says="accepted"):
        super().__init__("abnormal")
        self.says_of_card, self.applied = says, []

    async def apply_abnormal_refund(self, *, out_refund_no, channel_refund_no, to):
        self.applied.append((out_refund_no, channel_refund_no, to))
        if isinstance(self.says_of_card, Exception):
            raise self.says_of_card
        return at_channel.ChannelRefund(out_refund_no, channel_refund_no, self.says_of_card, None)


async def stuck(channel, amount_fen=600):
    customer = await factories.customer()
    bill = await paid_by_channel(customer.id, 1_000)
    refund = (await refund_bill(bill, amount_fen, channel=channel)).refund
    assert refund.parts[0].state == "abnormal"
    return refund


def to_card(channel, refund, *, key=None, card=CARD):
    return card_refunds.to_card(channel.open(), BOSS, refund.refund_no, card, key=key or factories.key())


async def test_it_is_on_its_way_again_under_its_number_and_ends_when_the_channel_has_paid(db):
    channel = Cards()
    refund = await stuck(channel)
    under_way = await to_card(channel, refund)
    assert (under_way.state, under_way.parts[0].state) == ("open", "open")
    assert channel.applied == [(refund.parts[0].part_no, "50300", CARD)]
    assert await staff_alerts.page(is_open=True) == []
    assert await refunds.settle("wechat_pay", channel.says("paid_back", 600)) == "paid_back"
    assert (await refunds.get(refund.refund_no)).state == "paid"


async def test_many_at_once_and_repeats_ask_the_channel_once(db):
    channel = Cards()
    refund = await stuck(channel)
    key = factories.key()
    same = [to_card(channel, refund, key=key) for _ in range(3)]
    others = [to_card(channel, refund) for _ in range(3)]
    came = await asyncio.gather(*same, *others, return_exceptions=True)
    assert len(channel.applied) == 1
    refused = [one for one in came if isinstance(one, Exception)]
    assert refused and all(isinstance(one, card_refunds.RefundStateForbids) for one in refused)
    with pytest.raises(refunds.RefundStateForbids):
        await refunds.to_balance(BOSS, refund.refund_no, key=factories.key())


async def test_a_no_leaves_it_stuck_and_told_and_another_card_may_be_tried(db):
    channel = Cards(at_channel.ChannelRefused("INVALID_REQUEST", "card"))
    refund = await stuck(channel)
    with pytest.raises(card_refunds.RefundToCardRefused) as refusal:
        await to_card(channel, refund)
    assert refusal.value.params["reason"] == "INVALID_REQUEST"
    assert (await refunds.get(refund.refund_no)).parts[0].state == "abnormal"
    assert [one.kind for one in await staff_alerts.page(is_open=True)] == ["refund_abnormal"]
    channel.says_of_card = "accepted"
    assert (await to_card(channel, refund)).parts[0].state == "open"


async def test_no_answer_is_left_to_the_clock(db):
    channel = Cards(at_channel.ResultUnknown("time-out"))
    refund = await stuck(channel)
    part = (await to_card(channel, refund)).parts[0]
    assert part.state == "open"
    channel.known = "abnormal"  # it did not get through
    assert await channel_refunds.ask(channel.open(), part.part_no) == "abnormal"
    channel.says_of_card = "accepted"
    await to_card(channel, refund)
    channel.known = "paid_back"
    assert await channel_refunds.ask(channel.open(), part.part_no) == "paid_back"


async def test_only_what_is_stuck_at_a_channel_that_can_is_sent(db):
    with pytest.raises(card_refunds.RefundStateForbids):
        await to_card(Channel("abnormal"), await stuck(Channel("abnormal")))  # Alipay has no such thing
    with pytest.raises(card_refunds.NoSuchRefund):
        await card_refunds.to_card(Cards().open(), BOSS, "R0", CARD, key=factories.key())
    channel = Cards()
    refund = await stuck(channel)
    await refunds.to_balance(BOSS, refund.refund_no, key=factories.key())
    with pytest.raises(card_refunds.RefundStateForbids):
        await to_card(channel, refund)
    assert channel.applied == []


async def test_the_same_key_for_another_card_is_refused_and_no_card_is_kept(db):
    channel = Cards()
    refund = await stuck(channel)
    key = factories.key()
    await to_card(channel, refund, key=key)
    with pytest.raises(card_refunds.KeyReused):
        await to_card(
            channel, refund, key=key, card=card_refunds.BankCard("CMB_DEBIT", "62148301234567", "林晓")
        )
    assert "6222021234567890123" not in repr(CARD)
