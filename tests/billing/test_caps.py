"""What an account may hold: named and unnamed, with unfinished top-ups counted, also when two are started at once."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from billing import caps, payments, staff_alerts, terms, top_ups
from members import customers, settings, tiers
from tests import factories
from tests.billing.test_packages import closed, outcomes, seen, start


@pytest.mark.parametrize(("named", "cap_fen"), [(False, 100_000), (True, 500_000)])
async def test_principal_and_what_may_still_be_paid_stay_within_the_cap(db, named, cap_fen):
    customer = await factories.customer(principal=40_000, bonus=90_000, named=named)
    unfinished = await start(customer, amount_fen=cap_fen - 50_000)
    with pytest.raises(caps.BalanceLimit) as refused:
        await start(customer, amount_fen=10_001)
    assert refused.value.params == {
        "limit_fen": cap_fen,
        "principal_fen": 40_000,
        "promised_fen": cap_fen - 50_000,
    }
    await start(customer, amount_fen=10_000)
    await closed(unfinished)
    await start(customer, amount_fen=cap_fen - 50_000)


async def test_two_started_at_once_do_not_both_find_room(db):
    customer = await factories.customer()
    assert await outcomes(*(start(customer, amount_fen=60_000) for _ in range(5))) == (1, {"balance_limit"})


async def test_a_start_that_races_a_payment_counts_it_once(db):
    customer = await factories.customer()
    for _ in range(8):
        unfinished = await start(customer, amount_fen=5_000)
        room = 100_000 - (await factories.balance(customer.id))[0] - 5_000
        _, *started = await asyncio.gather(
            payments.confirm(factories.trade(unfinished)), start(customer, amount_fen=room)
        )
        assert await outcomes(start(customer, amount_fen=1)) == (0, {"balance_limit"})
        await closed(started[0])


async def test_what_was_paid_is_credited_over_the_cap_and_the_shop_is_told_until_it_is_mended(db):
    customer = await factories.customer(principal=60_000)
    late = await start(customer, amount_fen=40_000)
    await closed(late)
    await factories.topped_up(customer.id, 30_000)
    assert await staff_alerts.page() == []
    assert await payments.confirm(factories.trade(late)) == "credited"
    assert await factories.balance(customer.id) == (130_000, 0)
    (alert,) = await staff_alerts.page(is_open=True)
    assert alert.kind == "over_cap" and "1300.00" in alert.text("zh-CN") and "1000.00" in alert.text("en")
    assert await caps.resolve_alerts() == 0
    await factories.set_up(customer.id, is_named=True)
    assert await caps.resolve_alerts() == 1
    assert await staff_alerts.page(is_open=True) == []


async def test_a_free_amount_is_within_what_the_shop_takes(db):
    terms.use(replace(terms.current(), top_up_min_fen=1_000, top_up_max_fen=20_000))
    customer = await factories.customer()
    for amount_fen in (0, -5, 999, 20_001):
        with pytest.raises(top_ups.AmountOutOfRange):
            await start(customer, amount_fen=amount_fen)
    for amount_fen in (1_000, 20_000):
        await start(customer, amount_fen=amount_fen)


async def test_a_package_above_the_cap_is_shown_with_the_reason(db):
    customer = await factories.customer(principal=40_000)
    unfinished = await factories.top_up(customer.id, 60_000)
    assert list((await seen(customer)).values()) == ["balance_limit", "balance_limit"]
    await closed(unfinished)
    assert list((await seen(customer)).values()) == [None, None]


async def test_the_shops_burn_policy_is_for_new_accounts_and_an_operator_changes_it_for_one(db):
    terms.use(replace(terms.current(), burn_policy="pro_rata"))
    customer = await customers.create(name="小林")
    assert await settings.get(customer.id) == settings.Settings(None, False, "pro_rata")
    await tiers.put("gold", name_zh="金卡", name_en="Gold", rank=1)
    for chosen in (
        settings.Settings("gold", True, "principal_first"),
        settings.Settings("gold", True, "principal_first"),
    ):
        assert await settings.put(7, customer.id, chosen) == chosen == await settings.get(customer.id)
    await settings.put(7, customer.id, replace(chosen, tier=None))
    assert [
        (one.setting, one.before, one.after, one.operator) for one in await settings.history(customer.id)
    ] == [
        ("tier", "gold", None, "operator:7"),
        ("burn_policy", "pro_rata", "principal_first", "operator:7"),
        ("is_named", "false", "true", "operator:7"),
        ("tier", None, "gold", "operator:7"),
    ]


async def test_settings_are_of_a_customer_and_name_a_tier_that_is_there(db):
    customer = await customers.create(name="小林")
    with pytest.raises(tiers.NoSuchTier):
        await settings.put(7, customer.id, settings.Settings("gold", True, "bonus_first"))
    assert await settings.history(customer.id) == []
    with pytest.raises(customers.NoSuchCustomer):
        await settings.get(404)


async def test_two_operators_at_once_leave_a_history_that_chains(db):
    customer = await customers.create(name="小林")
    await asyncio.gather(
        *(
            settings.put(number, customer.id, settings.Settings(None, number % 2 == 0, "bonus_first"))
            for number in range(6)
        )
    )
    told = [(one.before, one.after) for one in reversed(await settings.history(customer.id))]
    assert all(one[1] == other[0] for one, other in itertools.pairwise(told))
    assert not told or told[-1][1] == str((await settings.get(customer.id)).is_named).lower()
