"""Acts above the shop's limit wait for a second person: who may decide, what happens then, and what when several do at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from billing import adjustments, approvals, staff_alerts, terms
from core import clock
from core import db as database
from tests import factories

ASKS, DECIDES, THIRD = 1, 2, 3
LIMIT_FEN = terms.Terms().approval_above_fen


async def asked(customer_id, amount_fen=LIMIT_FEN + 1, kind="principal"):
    made = await adjustments.adjust(
        ASKS, customer_id, kind=kind, amount_fen=amount_fen, reason="补偿", key=factories.key()
    )
    assert made.adjustment_no is None
    return made.approval_no


async def approve(number, by=DECIDES, **more):
    return await approvals.approve(by, number, key=more.pop("key", factories.key()), **more)


async def alerts():
    return [alert.params["approval_no"] for alert in await staff_alerts.page(is_open=True)]


async def test_up_to_the_limit_one_person_is_enough_and_above_nothing_moves(db):
    customer = await factories.customer()
    made = await adjustments.adjust(
        ASKS, customer.id, kind="bonus", amount_fen=LIMIT_FEN, reason="r", key=factories.key()
    )
    assert made.approval_no is None and made.balance.bonus_fen == LIMIT_FEN
    number = await asked(customer.id)
    assert await factories.balance(customer.id) == (0, LIMIT_FEN)
    waiting = await approvals.get(number)
    assert (waiting.state, waiting.amount_fen, waiting.requested_by) == ("waiting", LIMIT_FEN + 1, ASKS)
    assert await alerts() == [number]
    number = await asked(customer.id, -LIMIT_FEN - 1)
    assert (await approvals.get(number)).amount_fen == LIMIT_FEN + 1


async def test_the_limit_is_the_shops(db):
    terms.use(replace(terms.current(), approval_above_fen=99))
    await asked((await factories.customer()).id, 100)


async def test_one_click_asks_once(db):
    customer, key = await factories.customer(), factories.key()

    async def ask():
        return await adjustments.adjust(
            ASKS, customer.id, kind="principal", amount_fen=LIMIT_FEN * 2, reason="r", key=key
        )

    made = await asyncio.gather(ask(), ask(), ask())
    assert len({one.approval_no for one in made}) == 1
    assert len(await approvals.page()) == 1


async def test_a_second_person_agrees_and_it_is_done_at_once_in_the_name_of_who_asked(db):
    customer = await factories.customer()
    number = await asked(customer.id)
    done = await approve(number, note="看过小票")
    assert (done.state, done.decided_by, done.note) == ("executed", DECIDES, "看过小票")
    assert await factories.balance(customer.id) == (LIMIT_FEN + 1, 0)
    made = await adjustments.get(done.result)
    assert (made.operator_id, made.approval_no, made.amount_fen) == (ASKS, number, LIMIT_FEN + 1)
    assert await alerts() == []


async def test_who_asked_never_decides(db):
    number = await asked((await factories.customer()).id)
    for decide in (approvals.approve, approvals.reject):
        with pytest.raises(approvals.OwnRequest):
            await decide(ASKS, number, key=factories.key())
    with pytest.raises(asyncpg.CheckViolationError, match="approval_second_person"):
        await database.execute(
            "UPDATE approval SET state = 'rejected', decided_by = requested_by, decided_at = now()"
        )


async def test_only_who_asked_withdraws(db):
    number = await asked((await factories.customer()).id)
    with pytest.raises(approvals.NotYourRequest):
        await approvals.withdraw(DECIDES, number, key=factories.key())
    assert (await approvals.withdraw(ASKS, number, key=factories.key())).state == "withdrawn"
    assert await alerts() == []


async def test_what_is_decided_stays_decided(db):
    customer = await factories.customer()
    rejected, withdrawn, executed = [await asked(customer.id) for _ in range(3)]
    assert (
        await approvals.reject(DECIDES, rejected, note="没有小票", key=factories.key())
    ).state == "rejected"
    await approvals.withdraw(ASKS, withdrawn, key=factories.key())
    await approve(executed)
    for number in (rejected, withdrawn, executed):
        for decide, by in ((approvals.approve, THIRD), (approvals.reject, THIRD), (approvals.withdraw, ASKS)):
            with pytest.raises(approvals.ApprovalEnded):
                await decide(by, number, key=factories.key())
    assert await factories.balance(customer.id) == (LIMIT_FEN + 1, 0)
    with pytest.raises(approvals.NoSuchApproval):
        await approve("V-none")


async def test_the_same_decision_with_the_same_key_is_answered_again(db):
    customer = await factories.customer()
    number, key = await asked(customer.id), factories.key()
    done = await asyncio.gather(*(approve(number, key=key) for _ in range(3)))
    assert {one.state for one in done} == {"executed"}
    assert await factories.balance(customer.id) == (LIMIT_FEN + 1, 0)
    with pytest.raises(approvals.KeyReused):
        await approve(number, key=key, note="别的话")


async def test_the_facts_of_the_decision_count_and_a_refused_act_stays_visible(db):
    customer = await factories.customer(principal=LIMIT_FEN + 1)
    number = await asked(customer.id, -LIMIT_FEN - 1)
    await adjustments.adjust(
        ASKS, customer.id, kind="principal", amount_fen=-1, reason="r", key=factories.key()
    )
    failed = await approve(number)
    assert (failed.state, failed.result, failed.refusal["code"]) == ("failed", None, "insufficient_balance")
    assert failed.failure("zh-CN") == "余额不足：可用 500.00 元，需要 500.01 元"
    assert await factories.balance(customer.id) == (LIMIT_FEN, 0)
    assert len(await adjustments.page()) == 1, "nothing of the refused act is left"
    with pytest.raises(approvals.ApprovalEnded):
        await approve(number, by=THIRD)


async def test_a_request_nobody_decides_on_is_over_after_a_while(db):
    number = await asked((await factories.customer()).id)
    assert await approvals.expire_old() == 0
    clock.set_offset(approvals.LIFETIME + timedelta(seconds=1))
    with pytest.raises(approvals.ApprovalEnded):
        await approve(number)
    assert sum(await asyncio.gather(approvals.expire_old(), approvals.expire_old())) == 1
    assert (await approvals.get(number)).state == "expired"
    assert await alerts() == []


async def test_of_two_who_decide_at_once_one_does_and_the_other_is_told(db):
    for decides in (
        (approvals.approve, approvals.approve),
        (approvals.approve, approvals.reject),
        (approvals.approve, approvals.withdraw),
        (approvals.reject, approvals.withdraw),
    ):
        customer = await factories.customer()
        number = await asked(customer.id)
        people = [
            ASKS if decide is approvals.withdraw else by
            for decide, by in zip(decides, (DECIDES, THIRD), strict=True)
        ]
        said = await asyncio.gather(
            *(decide(by, number, key=factories.key()) for decide, by in zip(decides, people, strict=True)),
            return_exceptions=True,
        )
        told = [one for one in said if isinstance(one, approvals.ApprovalEnded)]
        assert len(told) == 1, said
        state = (await approvals.get(number)).state
        assert (await factories.balance(customer.id))[0] == (LIMIT_FEN + 1 if state == "executed" else 0)
