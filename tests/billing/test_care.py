"""What the clock has to say by itself: bonus that expires soon, birthdays, and a word to who was not seen."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from billing import bonus_reminders, care, payments, terms
from core import clock
from core import db as database
from ledger import accounts
from members import birthdays
from notifications import delivery, preferences
from tests import factories
from tests.notifications.messaging import Sender


@pytest.fixture(autouse=True)
def chosen():
    terms.use(replace(terms.current(), bonus_reminder_days=3, birthday_messages=True, missed_after_days=30))


async def agrees(customer, agreed=True):
    await preferences.put(
        customer.id,
        preferences.Preferences(marketing=agreed),
        wording="同意",
        door="counter",
        by="operator:1",
    )
    return customer


async def told(customer, kind):
    rows = await database.fetch(
        "SELECT state, reason, params ->> 'amount_fen' AS fen FROM outbox_message WHERE customer_id = $1 AND kind = $2 ORDER BY id",
        customer.id, kind,
    )  # fmt: skip
    return [(row["state"], row["reason"], row["fen"] and int(row["fen"])) for row in rows]


def on(day):
    clock.set_offset(
        datetime.combine(day, datetime.min.time(), clock.zone()).astimezone(UTC)
        - datetime.now(UTC)
        + timedelta(hours=12)
    )


async def test_bonus_that_expires_soon_is_told_once_for_each_lot(db):
    customer = await factories.customer(principal=10_000, bonus=2_000, bonus_days=5)
    await factories.topped_up(customer.id, 10_000, 1_000)
    assert await bonus_reminders.remind() == 0
    clock.set_offset(timedelta(days=3))
    assert [await bonus_reminders.remind() for _ in range(2)] == [1, 0]
    await delivery.run(Sender().post())
    assert await told(customer, "bonus_expiring") == [("sent", None, 2_000)]
    terms.use()
    assert await bonus_reminders.remind() == 0


async def test_what_was_spent_before_it_went_out_is_told_with_what_is_left_or_not_at_all(db):
    some, none = [await factories.customer(principal=10_000, bonus=2_000, bonus_days=5) for _ in range(2)]
    clock.set_offset(timedelta(days=3))
    assert await bonus_reminders.remind() == 2
    from shop import orders

    for customer, price_fen in ((some, 500), (none, 2_000)):
        placed = await factories.order(customer.id, price_fen)
        await orders.pay(customer.id, placed.order_no, key=factories.key())
    await delivery.run(Sender().post())
    assert await told(some, "bonus_expiring") == [("void", "changed", 2_000)]
    assert await told(none, "bonus_expiring") == [("void", "spent", 2_000)]
    assert [await bonus_reminders.remind() for _ in range(2)] == [1, 0]
    await delivery.run(Sender().post())
    assert (await told(some, "bonus_expiring"))[1:] == [("sent", None, 1_500)]


async def test_birthdays_are_wished_once_a_year_to_who_agreed(db):
    born = date(1990, 2, 28)
    agreed, silent, left = [await factories.customer() for _ in range(3)]
    for customer in (agreed, silent, left):
        await birthdays.reach(customer.id, phone=None, email=None, born_on=born, by="operator:1")
    leap = await agrees(await factories.customer())
    await birthdays.reach(leap.id, phone=None, email=None, born_on=date(1992, 2, 29), by="operator:1")
    await agrees(agreed)
    await agrees(left)
    await agrees(left, False)
    on(date(2027, 2, 28))
    assert [await care.congratulate() for _ in range(2)] == [2, 0]
    assert len(await told(agreed, "birthday")) == len(await told(leap, "birthday")) == 1
    assert await told(silent, "birthday") == await told(left, "birthday") == []
    clock.set_offset(clock.offset() + timedelta(days=1))
    assert (await delivery.run(Sender().post()))["void"] == 2, "yesterday's wishes"
    on(date(2028, 2, 28))
    assert await care.congratulate() == 1
    on(date(2028, 2, 29))
    assert await care.congratulate() == 1


async def test_who_was_not_seen_for_long_gets_one_word_for_each_absence(db):
    customer = await agrees(await factories.customer(principal=5_000))
    poor = await agrees(await factories.customer())
    assert await care.ask_after() == 0
    clock.set_offset(timedelta(days=31))
    assert [await care.ask_after() for _ in range(2)] == [1, 0]
    assert await told(poor, "missed") == []
    started = await factories.top_up(customer.id, 1_000)
    assert await payments.confirm(factories.trade(started)) == "credited"
    await delivery.run(Sender().post())
    assert await told(customer, "missed") == [("void", "seen", None)]
    clock.set_offset(timedelta(days=62))
    assert await care.ask_after() == 1
    assert (await accounts.balance(customer.id)).balance_fen == 6_000


@pytest.mark.parametrize("born_on", [date(1899, 12, 31), date(2100, 1, 1)])
async def test_a_birthday_is_some_living_persons(db, born_on):
    customer = await factories.customer()
    with pytest.raises(birthdays.BirthdayWrong):
        await birthdays.reach(customer.id, phone=None, email=None, born_on=born_on, by="operator:1")
