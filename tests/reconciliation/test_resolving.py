"""Differences end by decisions: what each may do, what it moves, and who has to agree."""

import asyncio
from datetime import timedelta

import pytest

from billing import approvals, refunds, terms
from core import db as database
from gateways import channel as at_channel
from ledger import accounts
from reconciliation import closing, differences, history, resolving
from tests import factories
from tests.gateways.bill_files import DAY
from tests.reconciliation import books
from tests.reconciliation.test_days import balance_of

LIMIT_FEN = terms.Terms().approval_above_fen
Wish = resolving.Wish


async def one_difference(path, trade, **changes):
    """A compared day whose bill has this trade changed. Returns the difference's number."""
    keeper = books.BookKeeper()
    rows = [] if changes.pop("absent", False) else [books.row(trade, **changes)]
    await books.compared(keeper, books.bill(rows), path)
    ((number,),) = await books.found("difference_no")
    return number


async def owner(trade):
    return await database.fetchval(
        "SELECT customer_id FROM payment WHERE payment_no = $1", trade.out_trade_no
    )


async def resolve(number, resolution, *, key=None, **more):
    return await resolving.resolve(1, number, Wish(resolution, "已核对", **more), key=key or factories.key())


async def test_what_the_channel_has_more_is_credited_to_the_payer_once(db, tmp_path):
    trade = await books.paid(1_000)
    number = await one_difference(tmp_path, trade, amount_fen=1_300)
    held, key = await balance_of(accounts.WECHAT_PAY), factories.key()
    await asyncio.gather(*(resolve(number, "credit", key=key) for _ in range(3)))
    assert await factories.balance(await owner(trade)) == (1_300, 0)
    assert await balance_of(accounts.WECHAT_PAY) == held - 300
    assert await factories.told(await owner(trade), "adjusted") == 1
    with pytest.raises(differences.DifferenceResolved):
        await resolve(number, "credit")
    assert (await closing.close(1, "wechat_pay", DAY, key=factories.key())).state == "closed"


async def test_two_operators_with_keys_of_their_own_resolve_it_once(db, tmp_path):
    trade = await books.paid(1_000)
    number = await one_difference(tmp_path, trade, amount_fen=1_300)
    done = await asyncio.gather(*(resolve(number, "credit") for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, differences.DifferenceResolved) for one in done) == 3
    assert await factories.balance(await owner(trade)) == (1_300, 0)


async def test_what_the_channel_never_had_is_taken_out_of_its_account(db, tmp_path):
    trade = await books.paid(1_000)
    number = await one_difference(tmp_path, trade, absent=True)
    held = await balance_of(accounts.WECHAT_PAY)
    await resolve(number, "adjust")
    assert await balance_of(accounts.WECHAT_PAY) == held + 1_000
    assert await factories.balance(await owner(trade)) == (1_000, 0), (
        "the customer keeps what they were told they have"
    )


async def test_above_the_limit_a_second_person_decides(db, tmp_path):
    trade = await books.paid(1_000)
    number = await one_difference(tmp_path, trade, amount_fen=1_000 + LIMIT_FEN + 1)
    key = factories.key()
    asked = await resolve(number, "credit", key=key)
    assert (asked.difference.state, asked.approval_no is not None) == ("open", True)
    assert (await resolve(number, "credit", key=key)).approval_no == asked.approval_no
    with pytest.raises(resolving.DifferenceWaits):
        await resolve(number, "ignore")
    with pytest.raises(approvals.OwnRequest):
        await approvals.approve(1, asked.approval_no, key=factories.key())
    done = await approvals.approve(2, asked.approval_no, key=factories.key())
    assert (done.state, done.result) == ("executed", number)
    assert await factories.balance(await owner(trade)) == (1_000 + LIMIT_FEN + 1, 0)
    ended = await differences.get(number)
    assert (ended.resolution, ended.resolved_by, ended.approval_no) == (
        "credit",
        "operator:1",
        asked.approval_no,
    )


async def test_a_rejected_decision_leaves_the_difference_open_for_another(db, tmp_path):
    trade = await books.paid(1_000)
    number = await one_difference(tmp_path, trade, amount_fen=1_000 + LIMIT_FEN + 1)
    asked = await resolve(number, "ignore")
    await approvals.reject(2, asked.approval_no, key=factories.key())
    again = await resolve(number, "credit")
    assert again.approval_no != asked.approval_no


async def test_an_approval_that_comes_after_the_difference_is_gone_moves_nothing(db, tmp_path):
    trade = await books.paid(1_000)
    keeper = books.BookKeeper()
    number = await one_difference(tmp_path, trade, amount_fen=1_000 + LIMIT_FEN + 1)
    asked = await resolve(number, "credit")
    await books.compared(keeper, books.bill([books.row(trade)]), tmp_path, because="渠道更正")
    done = await approvals.approve(2, asked.approval_no, key=factories.key())
    assert (done.state, done.refusal["code"]) == ("failed", "difference_resolved")
    assert await factories.balance(await owner(trade)) == (1_000, 0)


@pytest.mark.parametrize("resolution", ["credit", "adjust"])
async def test_money_the_channel_has_not_confirmed_is_credited_to_nobody(db, tmp_path, resolution):
    trade = await books.paid(1_000, told=False)
    number = await one_difference(tmp_path, trade)
    with pytest.raises(resolving.ResolutionNotPossible) as refused:
        await resolve(number, resolution)
    assert refused.value.params["why"] == "not_confirmed"


async def test_it_goes_back_by_a_refund_that_names_the_payment(db, tmp_path):
    trade, other = await books.paid(1_000), await books.paid(500)
    part_no, of_other = await books.refunded(trade, 300), await books.refunded(other, 300)
    keeper = books.BookKeeper()
    rows = [books.row(trade, amount_fen=1_300), books.row(other)]
    rows += [
        books.row(trade, amount_fen=300, refund_no=part_no),
        books.row(other, amount_fen=300, refund_no=of_other),
    ]
    await books.compared(keeper, books.bill(rows), tmp_path)
    ((number,),) = await books.found("difference_no")
    for refund_no in (None, "R-nobody", of_other.removesuffix("_1")):
        with pytest.raises(resolving.ResolutionNotPossible):
            await resolve(number, "send_back", refund_no=refund_no)
    held, key = await balance_of(accounts.WECHAT_PAY), factories.key()
    assert await factories.balance(await owner(trade)) == (700, 0), "the refund took it from their balance"
    for _ in range(2):
        done = await resolve(number, "send_back", refund_no=part_no.removesuffix("_1"), key=key)
        assert done.difference.resolution == "send_back"
    assert await factories.balance(await owner(trade)) == (1_000, 0), "what they paid and have not had back"
    assert await balance_of(accounts.WECHAT_PAY) == held - 300


async def test_money_the_channel_has_not_confirmed_is_not_sent_back(db, tmp_path):
    trade = await books.paid(1_000, told=False)
    number = await one_difference(tmp_path, trade)
    with pytest.raises(resolving.ResolutionNotPossible) as refused:
        await resolve(number, "send_back", refund_no="R261124000000001")
    assert refused.value.params["why"] == "not_confirmed"


async def test_a_refund_explains_nothing_before_the_money_went_back(db, tmp_path):
    trade = await books.paid(1_000)
    part_no = await books.refunded(trade, 300, told=False)
    number = await one_difference(tmp_path, trade, amount_fen=1_300)
    refund_no = part_no.removesuffix("_1")
    with pytest.raises(resolving.ResolutionNotPossible) as refused:
        await resolve(number, "send_back", refund_no=refund_no)
    assert refused.value.params["why"] == "refund_missing"
    found = at_channel.ChannelRefund(part_no, f"50{part_no}", "paid_back", 300)
    assert await refunds.settle(trade.channel, found) == "paid_back"
    assert (await resolve(number, "send_back", refund_no=refund_no)).difference.resolution == "send_back"


async def test_one_refund_explains_one_of_two_differences_at_once(db, tmp_path):
    trade = await books.paid(1_000)
    part_no = await books.refunded(trade, 1_000)
    keeper = books.BookKeeper()
    back = books.row(trade, amount_fen=1_000, refund_no=part_no)
    await books.compared(keeper, books.bill([books.row(trade, amount_fen=1_300), back]), tmp_path)
    after = DAY + timedelta(days=1)
    twice = books.row(trade, at=f"{after} 00:00:01")
    await books.compared(keeper, books.bill([twice]), tmp_path, day=after)
    numbers = [number for (number,) in await books.found("difference_no", subject="payment")]
    refund_no = part_no.removesuffix("_1")
    done = await asyncio.gather(
        *(resolve(number, "send_back", refund_no=refund_no) for number in numbers), return_exceptions=True
    )
    (refused,) = [one for one in done if isinstance(one, resolving.ResolutionNotPossible)]
    assert refused.params["why"] == "refund_used"
    assert len(numbers) == 2 == len(await books.found("resolution", resolution="send_back")) + 1


async def test_a_refund_made_at_the_channels_own_desk_is_adjusted(db, tmp_path):
    trade = await books.paid(1_000)
    keeper = books.BookKeeper()
    content = books.bill([books.row(trade), books.row(trade, amount_fen=200, refund_no="by-hand")])
    await books.compared(keeper, content, tmp_path)
    ((number,),) = await books.found("difference_no")
    held = await balance_of(accounts.WECHAT_PAY)
    await resolve(number, "adjust")
    assert await balance_of(accounts.WECHAT_PAY) == held + 200


async def test_a_refund_that_went_back_here_and_not_there_is_adjusted(db, tmp_path):
    trade = await books.paid(1_000)
    part_no = await books.refunded(trade, 300)
    rows = [
        books.row(trade),
        books.row(trade, amount_fen=300, refund_no=part_no, state="FAIL"),
    ]
    await books.compared(books.BookKeeper(), books.bill(rows), tmp_path)
    assert await books.found("kind", "ours_state", "theirs_state") == [("refund", "paid", "closed")]
    ((number,),) = await books.found("difference_no")
    held = await balance_of(accounts.WECHAT_PAY)
    await resolve(number, "adjust")
    assert await balance_of(accounts.WECHAT_PAY) == held - 300, "the channel has it still"


async def test_a_deviating_fee_moves_nothing_and_is_explained(db, tmp_path):
    from reconciliation import rates

    await rates.add(
        1, rates.Terms("channel", "wechat_pay", None, 0, 6_000, 0, 0, None, DAY, None), key=factories.key()
    )
    trade = await books.paid(1_000)
    number = await one_difference(tmp_path, trade, fee_milli=9_000)
    with pytest.raises(resolving.ResolutionNotPossible):
        await resolve(number, "adjust")
    assert (await resolve(number, "ignore")).difference.state == "resolved"


async def test_owner_and_remark_are_kept_with_their_history(db, tmp_path):
    trade = await books.paid(1_000)
    number = await one_difference(tmp_path, trade, amount_fen=1_300)
    key = factories.key()
    for _ in range(2):
        await differences.assign(1, number, owner_id=7, key=key)
    await differences.note(1, number, remark="已问微信客服", key=factories.key())
    found = await differences.get(number)
    assert (found.owner_id, found.remark) == (7, "已问微信客服")
    assert [one.difference_no for one in await differences.page(differences.Filter(owner_id=7))] == [number]
    await resolve(number, "ignore")
    acts = [(one.act, one.who) for one in await history.of_difference(found.id)]
    assert acts == [
        ("found", "clock"),
        ("assigned", "operator:1"),
        ("remarked", "operator:1"),
        ("resolved", "operator:1"),
    ]
    with pytest.raises(differences.DifferenceResolved):
        await differences.note(1, number, remark="迟了", key=factories.key())
    with pytest.raises(Exception, match="append-only"):
        await database.execute("DELETE FROM reconciliation_event")


async def test_nothing_is_resolved_that_does_not_exist(db):
    with pytest.raises(differences.NoSuchDifference):
        await resolve("D261124000000001", "ignore")
