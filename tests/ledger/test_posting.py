"""The one verb that moves money."""

import asyncio

import pytest

from core import db as database
from ledger import accounts, history, posting

CLERK = "operator:1"


async def opened(customer_id=1, *, principal=0, bonus=0, policy="bonus_first"):
    await accounts.open_for(customer_id, burn_policy=policy)
    code = accounts.of_customer(customer_id)
    legs = []
    if principal:
        legs.append(posting.credit(accounts.WECHAT_PAY, code, principal, kind="principal"))
    if bonus:
        legs.append(posting.credit(accounts.BONUS_COST, code, bonus, kind="bonus"))
    if legs:
        await posting.post_one(posting.Transfer(f"opening:{customer_id}", "adjustment", legs, operator=CLERK))
    return code


def spend(code, amount, reference="spend:1", **how):
    return posting.Transfer(
        reference, "payment", [posting.debit(code, accounts.REVENUE, amount, **how)], operator=code
    )


async def balance(customer_id=1):
    found = await accounts.balance(customer_id)
    return found.principal_fen, found.bonus_fen


async def test_a_top_up_with_bonus_makes_two_lots_and_one_entry(db):
    await opened(principal=20000, bonus=2000)
    assert await balance() == (20000, 2000)
    lots = await database.fetch("SELECT kind, remaining_fen, source FROM lot ORDER BY id")
    assert [tuple(lot) for lot in lots] == [("principal", 20000, "opening:1"), ("bonus", 2000, "opening:1")]
    (line,) = await history.page(1)
    assert (line.principal_fen, line.bonus_fen, line.balance_after_fen, line.entry_no) == (
        20000,
        2000,
        22000,
        1,
    )


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ("bonus_first", (9000, 0)),
        ("principal_first", (7000, 2000)),
        ("pro_rata", (7500, 1500)),
        ("earliest_expiry", (9000, 0)),
    ],
)
async def test_a_debit_burns_lots_by_the_accounts_policy(db, policy, left):
    code = await opened(principal=10000, bonus=2000, policy=policy)
    posted = await posting.post_one(spend(code, 3000))
    assert await balance() == left
    assert posted.principal_fen + posted.bonus_fen == -3000
    assert await database.fetchval("SELECT burn_policy FROM transfer WHERE kind = 'payment'") == policy


async def test_a_debit_takes_the_oldest_lot_of_a_kind_first(db):
    code = await opened(principal=1000)
    again = posting.credit(accounts.WECHAT_PAY, code, 1000, kind="principal")
    await posting.post_one(posting.Transfer("again", "gift", [again], operator=code))
    await posting.post_one(spend(code, 1500))
    assert [row[0] for row in await database.fetch("SELECT remaining_fen FROM lot ORDER BY id")] == [0, 500]


@pytest.mark.parametrize("without", ["", "nestloop", "nestloop mergejoin", "nestloop hashjoin"])
async def test_new_lots_are_numbered_in_the_order_of_their_legs_whatever_the_plan(db, without):
    customer = await opened()
    amounts = [7 * nth % 61 for nth in range(1, 61)]
    legs = [posting.credit(accounts.BONUS_COST, customer, fen, kind="bonus") for fen in amounts]
    async with database.transaction():
        for way in without.split():
            await database.execute(f"SET LOCAL enable_{way} = off")
        await database.execute("DISCARD PLANS")
        await posting.post_one(posting.Transfer("grant:1", "grant", legs, operator="test"))
    rows = await database.fetch("SELECT original_fen FROM lot WHERE source = 'grant:1' ORDER BY id")
    assert [row[0] for row in rows] == amounts, "lots of one expiry are burnt by their numbers"


async def test_the_same_reference_moves_money_once_and_answers_the_same(db):
    code = await opened(principal=1000)
    first = await posting.post_one(spend(code, 400))
    second = await posting.post_one(spend(code, 400))
    assert (first.outcome, second.outcome) == ("posted", "repeated")
    assert (second.transfer_id, second.principal_fen) == (first.transfer_id, -400)
    assert second.available_after_fen is None
    assert await balance() == (600, 0)


async def test_the_same_reference_with_another_content_is_refused_and_moves_nothing(db):
    code = await opened(principal=1000)
    await posting.post_one(spend(code, 400))
    with pytest.raises(posting.ReferenceTaken):
        await posting.post_one(spend(code, 500))
    assert await balance() == (600, 0)


async def test_a_debit_beyond_the_available_balance_is_refused_and_moves_nothing(db):
    code = await opened(principal=1000, bonus=100)
    with pytest.raises(posting.InsufficientBalance) as refusal:
        await posting.post_one(spend(code, 1101))
    assert refusal.value.params == {"available_fen": 1100, "amount_fen": 1101}
    assert await balance() == (1000, 100)
    assert await database.fetchval("SELECT count(*) FROM transfer WHERE kind = 'payment'") == 0


async def test_a_partial_debit_takes_what_there_is(db):
    code = await opened(principal=1000, bonus=100, policy="pro_rata")
    posted = await posting.post_one(spend(code, 5000, partial=True))
    assert posted.moved_fen == 1100
    assert await balance() == (0, 0)
    with pytest.raises(posting.InsufficientBalance):
        await posting.post_one(spend(code, 1, "spend:2", partial=True))


async def test_money_given_back_returns_to_its_lots_but_never_beyond_what_they_were(db):
    code = await opened(principal=1000, bonus=100)
    await posting.post_one(spend(code, 300))
    lot = await database.fetchval("SELECT id FROM lot WHERE kind = 'principal'")
    back = posting.Transfer(
        "back:1", "refund", [posting.give_back(accounts.REVENUE, code, 200, lot=lot)], operator=CLERK
    )
    await posting.post_one(back)
    assert await balance() == (1000, 0)
    more = posting.Transfer(
        "back:2", "refund", [posting.give_back(accounts.REVENUE, code, 1, lot=lot)], operator=CLERK
    )
    with pytest.raises(posting.NothingMoved):
        await posting.post_one(more)


async def test_nobody_gets_money_back_into_another_customers_lot(db):
    code = await opened(1, principal=1000)
    await posting.post_one(spend(code, 300))
    other = await opened(2, principal=5)
    lot = await database.fetchval("SELECT id FROM lot ORDER BY id LIMIT 1")
    with pytest.raises(posting.NothingMoved):
        await posting.post_one(
            posting.Transfer(
                "steal", "refund", [posting.give_back(accounts.REVENUE, other, 200, lot=lot)], operator=CLERK
            )
        )


async def test_an_unknown_account_refuses_the_whole_transfer(db):
    await opened(principal=1000)
    with pytest.raises(posting.NothingMoved):
        await posting.post_one(spend("customer:99", 1))
    with pytest.raises(posting.NothingMoved):
        await posting.post_one(
            posting.Transfer(
                "x", "payment", [posting.debit("customer:1", "house:nowhere", 1)], operator=CLERK
            )
        )
    assert await balance() == (1000, 0)


async def test_a_set_is_judged_in_order_per_customer_and_refusals_stop_nobody_else(db):
    one, two = await opened(1, principal=1000), await opened(2, principal=100)
    results = await posting.post(
        [
            spend(one, 700, "a"),
            spend(two, 500, "b"),
            spend(one, 700, "c"),
            spend(one, 300, "d"),
            spend(two, 100, "e"),
        ]
    )
    assert [posted.outcome for posted in results] == [
        "posted",
        "insufficient",
        "insufficient",
        "posted",
        "posted",
    ]
    assert [posted.available_after_fen for posted in results if posted.is_new] == [300, 0, 0]
    assert await balance(1) == (0, 0)


async def test_money_between_house_accounts_touches_no_customer(db):
    fee = posting.Transfer(
        "fee:1", "fee", [posting.between_houses("house:fees", accounts.WECHAT_PAY, 12)], operator="clock"
    )
    assert (await posting.post_one(fee)).outcome == "posted"
    assert (await posting.post_one(fee)).outcome == "repeated"


async def test_many_spenders_at_once_get_exactly_what_the_balance_covers(db):
    code = await opened(principal=800, bonus=250)
    outcomes = await asyncio.gather(
        *(posting.post([spend(code, 100, f"spend:{number}")]) for number in range(24)), return_exceptions=True
    )
    assert [posted.outcome for (posted,) in outcomes].count("posted") == 10
    assert await balance() == (50, 0)


async def test_the_same_transfer_from_many_at_once_posts_once(db):
    code = await opened(principal=1000)
    outcomes = await asyncio.gather(*(posting.post_one(spend(code, 100)) for _ in range(16)))
    assert sorted(posted.outcome for posted in outcomes) == ["posted"] + ["repeated"] * 15
    assert {posted.transfer_id for posted in outcomes} == {outcomes[0].transfer_id}


async def test_a_large_set_over_many_customers_posts_in_one_call(db):
    for customer_id in range(1, 51):
        await opened(customer_id, principal=1000 + customer_id)
    results = await posting.post([spend(f"customer:{n}", 1025, f"due:{n}") for n in range(1, 51)])
    assert [posted.is_done for posted in results] == [n >= 25 for n in range(1, 51)]


@pytest.mark.parametrize("table", ["transfer", "posting", "entry"])
async def test_the_books_refuse_to_be_rewritten(db, table):
    await opened(principal=1)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        with pytest.raises(Exception, match="append-only"):
            await database.execute(statement)
