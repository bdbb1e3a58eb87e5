"""Recharge packages: who may buy which, when and how often; and that nobody gets more by asking twice at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billing import package_rules as rules
from billing import packages, payments, stores, top_ups
from core import clock, errors
from core import db as database
from members import tiers
from tests import factories


async def package(pay_fen=1000, bonus_fen=100, **limits):
    return await packages.add(
        name="套餐", pay_fen=pay_fen, bonus_fen=bonus_fen, rules=packages.Rules(**limits)
    )


async def start(customer, one=None, *, amount_fen=None, store=None, method="native", key=None):
    return await top_ups.start(
        factories.open_channels(), customer.id, package_id=one and one.id, amount_fen=amount_fen, channel="wechat_pay",
        method=method, payer=None, store=store, key=key or factories.key(),
    )  # fmt: skip


async def buy(customer, one):
    started = await start(customer, one)
    assert await payments.confirm(factories.trade(started)) == "credited"
    return started


async def closed(started):
    word = factories.trade(started, state="closed", channel_trade_no=None)
    assert await payments.confirm(word) == "closed"


async def seen(customer, **where):
    """Package id → the code of what is against it."""
    offers = await rules.offered(customer and customer.id, **where)
    return {offer.package.id: offer.refusal and offer.refusal.code for offer in offers}


async def test_a_package_of_a_tier_is_sold_to_that_tier(db):
    await tiers.put("gold", name_zh="金卡", name_en="Gold", rank=2)
    await tiers.put("silver", name_zh="银卡", name_en="Silver", rank=1)
    plain, silver = await factories.customer(), await factories.customer(tier="silver")
    one = await package(tiers=["gold", "silver"])
    with pytest.raises(rules.NotForTier) as refused:
        await start(plain, one)
    assert refused.value.sentence("zh-CN") == "该套餐仅限 银卡、金卡 会员购买"
    assert refused.value.sentence("en") == "This package is for Silver, Gold members only"
    assert await seen(plain) == {one.id: "package_not_for_tier"} == await seen(None)
    assert await seen(silver) == {one.id: None}
    await buy(silver, one)


async def test_a_package_of_a_store_is_sold_where_that_store_is_named(db):
    await stores.put("west", name="西湖店")
    await stores.put("east", name="城东店")
    await stores.put("gone", name="旧店", state="closed")
    customer, one = await factories.customer(), await package(stores=["west", "gone"])
    for store in (None, "east"):
        with pytest.raises(rules.NotAtStore) as refused:
            await start(customer, one, store=store)
        assert refused.value.sentence("zh-CN") == "该套餐仅限以下门店：西湖店, 旧店"
    for store in ("gone", "nowhere"):
        with pytest.raises(stores.NoSuchStore):
            await start(customer, one, store=store)
    assert await seen(customer) == {one.id: "package_not_at_store"}
    assert await seen(customer, store="east") == {}
    assert await seen(customer, store="west") == {one.id: None}
    assert (await start(customer, one, store="west")).store == "west"


async def test_a_package_is_sold_from_its_first_instant_to_before_its_last(db):
    customer, now = await factories.customer(), clock.now()
    one = await package(from_at=now + timedelta(hours=1), until_at=now + timedelta(hours=2))
    assert await seen(customer) == {one.id: "package_not_yet"}
    with pytest.raises(rules.TooEarly):
        await start(customer, one)
    clock.set_offset(timedelta(hours=1))
    assert await seen(customer) == {one.id: None}
    await closed(await start(customer, one))
    clock.set_offset(timedelta(hours=2))
    assert await seen(customer) == {}
    with pytest.raises(rules.TooLate):
        await start(customer, one)


async def test_a_top_up_started_in_time_is_credited_with_its_bonus_when_it_is_paid_late(db):
    customer = await factories.customer()
    one = await package(until_at=clock.now() + timedelta(minutes=1), stock=1, first_time_only=True)
    started = await start(customer, one)
    clock.set_offset(timedelta(hours=1))
    await closed(started)
    await packages.change(one.id, name="没有了", active=False, rules=packages.Rules())
    assert await payments.confirm(factories.trade(started)) == "credited"
    assert await factories.balance(customer.id) == (1000, 100)


async def test_a_package_for_the_first_time_is_for_who_has_never_topped_up(db):
    new, old = await factories.customer(), await factories.customer(principal=100)
    one = await package(first_time_only=True)
    with pytest.raises(rules.FirstOnly):
        await start(old, one)
    assert one.id not in await seen(old)
    await closed(await start(new, one))
    await buy(new, one)
    with pytest.raises(rules.FirstOnly):
        await start(new, one)


async def test_an_unfinished_top_up_takes_the_place_of_the_first_until_it_is_closed(db):
    customer, one = await factories.customer(), await package(first_time_only=True)
    unfinished = await start(customer, amount_fen=500)
    with pytest.raises(rules.Unfinished) as refused:
        await start(customer, one)
    assert refused.value.params == {"top_up_no": unfinished.top_up_no}
    assert await seen(customer) == {one.id: "top_up_unfinished"}
    await closed(unfinished)
    await start(customer, one)


async def test_a_customer_buys_a_package_as_often_as_it_says(db):
    customer, other = await factories.customer(), await factories.customer()
    one = await package(per_customer=2)
    await buy(customer, one)
    unfinished = await start(customer, one)
    with pytest.raises(rules.Unfinished) as refused:
        await start(customer, one)
    assert refused.value.params["top_up_no"] == unfinished.top_up_no
    assert await payments.confirm(factories.trade(unfinished)) == "credited"
    with pytest.raises(rules.LimitReached):
        await start(customer, one)
    assert await seen(customer) == {one.id: "package_limit_reached"}
    assert await seen(other) == {one.id: None}


async def test_a_package_is_sold_as_often_as_there_is_of_it_and_what_was_closed_is_sold_again(db):
    people = [await factories.customer() for _ in range(3)]
    one = await package(stock=2)
    first, _ = await start(people[0], one), await buy(people[1], one)
    with pytest.raises(rules.SoldOut):
        await start(people[2], one)
    assert await seen(people[2]) == {one.id: "package_sold_out"}
    await closed(first)
    await start(people[2], one)
    with pytest.raises(rules.SoldOut):
        await start(people[0], one)


async def test_money_set_aside_counts_for_no_limit_until_an_operator_decides(db):
    customer, one = await factories.customer(), await package(first_time_only=True, per_customer=1, stock=1)
    started = await start(customer, one)
    assert await payments.confirm(factories.trade(started, amount_fen=1)) == "quarantined"
    await buy(customer, one)


async def outcomes(*starts):
    """How many of these were made, and the codes of the others."""
    done = await asyncio.gather(*starts, return_exceptions=True)
    refused = [one.code for one in done if isinstance(one, errors.DomainError)]
    assert len(refused) + sum(isinstance(one, top_ups.TopUp) for one in done) == len(done), done
    return len(done) - len(refused), set(refused)


async def test_two_at_once_do_not_both_get_what_is_there_once(db):
    customer = await factories.customer()
    for limits, code in (
        ({"first_time_only": True}, "top_up_unfinished"),
        ({"per_customer": 1}, "top_up_unfinished"),
        ({"stock": 1}, "package_sold_out"),
    ):
        customer, one = await factories.customer(), await package(**limits)
        assert await outcomes(*(start(customer, one) for _ in range(6))) == (1, {code})


async def test_many_customers_at_once_get_as_many_as_there_are(db):
    people = [await factories.customer() for _ in range(6)]
    one = await package(stock=2)
    assert await outcomes(*(start(person, one) for person in people)) == (2, {"package_sold_out"})


async def test_the_same_key_gives_the_same_top_up_though_the_package_is_sold_out_by_it(db):
    customer, one = await factories.customer(), await package(per_customer=1, stock=1)
    made = await asyncio.gather(*(start(customer, one, key="the-same-key") for _ in range(4)))
    assert len({each.top_up_no for each in made}) == 1


async def test_a_package_is_changed_and_withdrawn_but_never_its_terms(db):
    customer, one = await factories.customer(), await package()
    later = packages.Rules(sort_order=3, per_customer=5)
    changed = await packages.change(one.id, name="新名", active=True, rules=later)
    assert changed == replace(one, name="新名", rules=later) == await packages.get(one.id)
    await packages.change(one.id, name="新名", active=False, rules=later)
    with pytest.raises(packages.NoSuchPackage):
        await start(customer, one)
    assert await seen(customer) == {} and [each.id for each in await packages.page()] == [one.id]
    with pytest.raises(packages.NoSuchPackage):
        await packages.change(404, name="没有", active=True, rules=later)


async def test_a_package_names_tiers_and_stores_there_are_and_ends_after_it_begins(db):
    now = clock.now()
    for limits, refusal in (
        ({"from_at": now, "until_at": now}, packages.PeriodReversed),
        ({"tiers": ["gold"]}, tiers.NoSuchTier),
        ({"stores": ["west"]}, stores.NoSuchStore),
    ):
        with pytest.raises(refusal):
            await package(**limits)
    assert await database.fetchval("SELECT count(*) FROM recharge_package") == 0


async def test_packages_stand_in_the_shops_order(db):
    small, big, front = await package(100), await package(900), await package(2000, sort_order=-1)
    assert list(await seen(None)) == [front.id, small.id, big.id]
