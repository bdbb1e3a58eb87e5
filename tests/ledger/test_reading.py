"""What the ledger answers about accounts: whose changes, which kinds, how much, by which key. Others' money lies between all of it."""

import asyncio
from datetime import timedelta

import pytest
from asyncpg.exceptions import LockNotAvailableError

from billing import expiry as bonus_expiry
from core import clock
from core import db as database
from ledger import accounts, credit_line, expiry, habits, history, idempotency, origins, posting
from tests import factories


async def move(customer, amount_fen, *, kind="grant", of="principal", memo="", **how):
    """One change of a customer, who gets the amount of principal or bonus, or gives it."""
    account = accounts.of_customer(customer.id)
    leg = (
        posting.credit(accounts.ADJUSTMENT, account, amount_fen, kind=of, **how)
        if amount_fen > 0
        else posting.debit(account, accounts.REVENUE, -amount_fen)
    )
    number = factories.key()
    await posting.post_one(posting.Transfer(number, kind, [leg], operator="t", memo=memo))
    return number


async def two_with_changes():
    """Two customers whose changes take turns."""
    one, other = await factories.customer(), await factories.customer()
    numbers = {one.id: [], other.id: []}
    for step in range(3):
        for customer in (one, other):
            numbers[customer.id].append(await move(customer, 100 + step, memo=f"{customer.id}:{step}"))
    return one, other, numbers


async def test_a_page_has_the_changes_of_one_account_with_what_each_was(db):
    one, _, numbers = await two_with_changes()
    page = await history.page(one.id)
    assert [(change.reference, change.memo, change.kind) for change in page] == [
        (number, f"{one.id}:{step}", "grant") for step, number in reversed(list(enumerate(numbers[one.id])))
    ]
    assert [change.principal_fen for change in page] == [102, 101, 100]
    assert await history.page(one.id, before=page[0].entry_no, limit=1) == page[1:2]


async def test_the_last_deduction_is_what_took_money_whatever_came_after(db):
    customer, other = await factories.customer(), await factories.customer(principal=500)
    await move(customer, 500)
    assert await history.last_deduction(customer.id) is None
    await move(customer, -200)
    await move(customer, 300, of="bonus")
    await move(other, -100)
    assert await history.last_deduction(customer.id) == 2


async def test_bonus_that_is_soon_over_is_what_is_left_and_in_time_page_by_page(db):
    customer, now = await factories.customer(), clock.now()
    for days in (1, 2, 2, 9):
        await move(customer, 100 + days, of="bonus", expires_at=now + timedelta(days=days))
    await move(customer, 50, of="bonus")
    await move(customer, -30)
    found = await expiry.soon(now + timedelta(days=3), limit=10)
    assert sorted(one.amount_fen for one in found) == [71, 102, 102]
    assert [one.customer_id for one in found] == [customer.id] * 3
    first = await expiry.soon(now + timedelta(days=3), limit=2)
    rest = await expiry.soon(now + timedelta(days=3), after=first[-1], limit=2)
    assert [*first, *rest] == found
    await move(customer, -71)
    assert [one.amount_fen for one in await expiry.soon(now + timedelta(days=3), limit=10)] == [102, 102]


async def test_habits_are_of_the_kinds_and_the_time_asked_for_with_principal_and_bonus_together(db):
    one, other, _ = await two_with_changes()
    code, since = accounts.of_customer(one.id), clock.now()
    await move(one, 20, of="bonus", kind="given")
    spent = await move(one, -310, kind="taken")
    await move(other, -50, kind="taken")
    found = await habits.latest([code], kinds=["taken"], since=since)
    assert [(one.kind, one.reference, one.amount_fen) for one in found[code]] == [("taken", spent, -310)]
    last = await move(one, -1, kind="taken")
    found = await habits.latest([code], kinds=["taken"], since=since)
    assert [one.reference for one in found[code]] == [last, spent], "the latest first"
    assert await habits.latest([code], kinds=["taken"], since=clock.now() + timedelta(seconds=1)) == {
        code: []
    }
    assert [one.amount_fen for one in (await habits.latest([code], kinds=["grant"], since=since))[code]] == []


async def test_a_key_is_for_one_content_whatever_the_order_of_its_parts(db):
    assert idempotency.fingerprint({"a": 1, "b": [2, 3]}) == idempotency.fingerprint({"b": [2, 3], "a": 1})
    assert idempotency.fingerprint({"a": 1}) != idempotency.fingerprint({"a": "1"})
    acted = []

    async def once(answer, content):
        async def act():
            acted.append(answer)
            return "made"

        async with database.transaction():
            return await idempotency.once(
                caller="c", operation=f"o:{answer}", key="key-00001", content=content, act=act, answer=answer
            )

    for answer, said in (("known", "known"), (None, "made")):
        assert [await once(answer, {"x": 1}), await once(answer, {"x": 1})] == [said, said]
        with pytest.raises(idempotency.KeyReused):
            await once(answer, {"x": 2})
    assert acted == ["known", None]


async def test_what_expired_of_one_source_is_counted_once_and_is_nobody_elses(db):
    customer, other, now = await factories.customer(), await factories.customer(), clock.now()
    ends = now + timedelta(days=1)
    sources = [await move(customer, amount_fen, of="bonus", expires_at=ends) for amount_fen in (400, 70)]
    await move(other, 900, of="bonus", expires_at=ends)
    await move(customer, -150)
    real_now, clock.now = clock.now, lambda: ends + timedelta(hours=1)
    try:
        assert await bonus_expiry.expire_bonus(limit=10) == 3
    finally:
        clock.now = real_now
    left = [await origins.left_of(customer.id, source) for source in sources]
    assert [one.expired_fen for one in left] == [250, 70] and not left[0].pieces
    assert (await origins.left_of(other.id, sources[0])).expired_fen == 0


async def test_there_is_room_where_credit_is_left_of_those_asked_about(db):
    drawn, other, asked = [await factories.customer() for _ in range(3)]
    for customer, used in ((drawn, 500), (other, 0), (asked, 100)):
        await database.execute(
            "UPDATE account SET credit_limit_fen = 500, credit_used_fen = $2 WHERE code = $1",
            accounts.of_customer(customer.id),
            used,
        )
    try:
        async with database.transaction():
            found = await credit_line.rooms([accounts.of_customer(one.id) for one in (drawn, asked)])
        assert [(code, room.left_fen) for code, room in found.items()] == [
            (accounts.of_customer(asked.id), 400)
        ]
    finally:  # nobody lent it
        await database.execute("UPDATE account SET credit_limit_fen = 0, credit_used_fen = 0")


@pytest.mark.parametrize("lock", [True, False])
async def test_what_is_left_of_a_source_stays_so_where_that_was_asked_for(db, lock):
    customer = await factories.customer()
    source, code = await move(customer, 100), accounts.of_customer(customer.id)

    async def is_held():
        try:
            async with database.transaction():
                await database.execute("SELECT FROM account WHERE code = $1 FOR NO KEY UPDATE NOWAIT", code)
        except LockNotAvailableError:
            return True
        return False

    read, over = asyncio.Event(), asyncio.Event()

    async def reader():
        async with database.transaction():
            await origins.left_of(customer.id, source, lock=lock)
            read.set()
            await over.wait()

    task = asyncio.create_task(reader())
    await read.wait()
    try:
        assert await is_held() is lock
    finally:
        over.set()
        await task
