"""Going over to a new key: beside writers, stopped in the middle, with values nobody can read; and what the database refuses to keep plain."""

import asyncio
import random
import re
from collections import Counter

import asyncpg
import pytest

from billing import invoices, remittance_records, schedule, tax_numbers
from core import clock, sealed, sealed_columns
from core import db as database
from members import addresses, confirming, operators, second_factors
from notifications import addresses as reach
from shop import orders, orders_shown, placing, standing_orders, standing_shown
from tests import factories, keys
from tests.shop.standing import by

PHONE = "13800138000"
WHERE = addresses.Where("林晓", PHONE, "330106", "浙江省", "杭州市", "西湖区", "龙井路 1 号")
TAX_NO = "91330106MA2H2GXW7"
TAX_NO += tax_numbers.check_character(TAX_NO)


@pytest.fixture
def small(monkeypatch):
    """A few rows at once, and no long waits."""
    monkeypatch.setattr(sealed_columns, "BATCH", 3)
    monkeypatch.setattr(sealed_columns, "_PATIENCE_S", 0.01)


async def kids():
    """How many values stand under which key."""
    found = Counter()
    for one in await sealed_columns.counts():
        found[one.kid] += one.values
    return dict(found)


async def reachable(count):
    """So many customers with a phone each."""
    made = [(await factories.customer()).id for _ in range(count)]
    for nth, customer_id in enumerate(made):
        await reach.put(customer_id, "sms", f"138001380{nth:02d}", by="test")
    return made


async def phone_of(customer_id):
    (found,) = await reach.of(customer_id)
    return found.address


async def everything():
    """A value in every column."""
    customer = await factories.customer(principal=50_000)
    await reach.put(customer.id, "sms", PHONE, by="test")
    await reach.put(customer.id, "email", "lin@example.com", by="test")
    await confirming._kept(confirming.Asking(customer.id, "127.0.0.1", "zh-CN"), "sms", PHONE, "hash")
    home = await addresses.add(customer.id, WHERE, is_default=True, key=factories.key())
    wanted = [placing.Wanted((await factories.sku(1_000)).id, 1)]
    order = await orders.place(customer.id, wanted, placing.How(address_id=home.id), key=factories.key())
    consent = standing_orders.Consent(standing_orders.agreement().version)
    wish = standing_orders.Wish(wanted, schedule.of_cycle("daily"), 5_000, consent, address_id=home.id)
    standing_id = await standing_orders.start(by(customer), customer.id, wish, key=factories.key())
    title = invoices.Title("company", "杭州一盏茶有限公司", TAX_NO, "tax@example.com")
    top_up_no = await database.fetchval("SELECT top_up_no FROM top_up WHERE customer_id = $1", customer.id)
    invoice = await invoices.request(
        customer.id, "top_up", top_up_no, title, door="mini_program", key=factories.key()
    )
    await remittance_records.create(
        "W1", customer_id=customer.id, purpose="closing", purpose_no="C1", channel="wechat_pay", payee="o1", payee_name="林晓",
        amount_fen=1, remark="退款", operator_id=1, ask_at=clock.now(),
    )  # fmt: skip
    boss = await operators.create(login="boss", name="店长", password="long enough to be a password")
    await second_factors.begin_totp(boss.id, "boss")
    await remittance_records.end(await remittance_records.get("W1"), "failed", "nothing was set aside", None)

    async def read():
        kept = await invoices.get(invoice.invoice_no)
        sent = await remittance_records.get("W1")
        return (
            {one.channel: one.address for one in await reach.of(customer.id)},
            (await addresses.get(customer.id, home.id)).where,
            (await orders_shown.get(customer.id, order.order_no)).address["phone"],
            (await standing_shown.get(standing_id)).address["phone"],
            (kept.title, kept.tax_no, kept.email),
            sealed.opened(sent.payee_name, remittance_records.PAYEE_NAME),
            len(second_factors._shown(await database.fetchval("SELECT secret FROM operator_totp"))),
        )

    return read


EVERYTHING = (
    {"email": "lin@example.com", "sms": PHONE}, WHERE, PHONE, PHONE, ("杭州一盏茶有限公司", TAX_NO, "tax@example.com"), "林晓", 32,
)  # fmt: skip


async def test_every_sealed_column_goes_over_to_the_new_key_and_the_old_one_can_be_dropped(db):
    read = await everything()
    counted = {str(one.column): one.values for one in await sealed_columns.counts()}
    assert counted.keys() == {str(column) for column in sealed_columns.COLUMNS}
    indexes = await database.fetch("SELECT address_index FROM message_address ORDER BY id")
    sealed.use(keys.TURNED)
    seen = []
    done = await sealed_columns.turn(seen.append)
    assert done == sealed_columns.Turned(turned=sum(counted.values()), unreadable=0, left=0)
    assert sum(seen) == done.turned and await kids() == {"test-2": done.turned}
    sealed.use(keys.DROPPED)
    assert await read() == EVERYTHING
    assert await database.fetch("SELECT address_index FROM message_address ORDER BY id") == indexes
    assert (await sealed_columns.turn()).turned == 0


async def test_nothing_that_is_sealed_is_missing_from_the_list_and_nothing_in_it_is_unguarded(db):
    rows = await database.fetch(
        "SELECT conrelid::regclass::text AS of, pg_get_constraintdef(oid) AS check FROM pg_constraint WHERE contype = 'c'"
        " AND pg_get_constraintdef(oid) LIKE '%s1.%'"
    )
    guarded = {
        (row["of"], column, inner or None)
        for row in rows
        for column, inner in re.findall(
            r"starts_with\(\(?(\w+)(?: ->> '(\w+)'::text)?\)?(?:::text)?, 's1\.'", row["check"]
        )
    }
    assert guarded == {(one.table, one.name, one.inner) for one in sealed_columns.COLUMNS}


async def test_the_database_refuses_what_is_not_sealed(db):
    await everything()
    for column in sealed_columns.COLUMNS:
        if column.inner is None:
            plain = f"UPDATE {column.table} SET {column.name} = $1"
        else:
            plain = (
                f"UPDATE {column.table} SET {column.name} = jsonb_build_object('{column.inner}', $1::text)"
            )
        with pytest.raises(asyncpg.CheckViolationError):
            await database.execute(plain, PHONE)


async def test_what_is_written_while_the_keys_turn_is_what_stands_at_the_end(db, small):
    """Writers of two processes: one that has the new key in front already, and one that has not yet."""
    made = await reachable(12)
    sealed.use(keys.TURNED)
    last, going = {}, True

    async def writes(ring, own):
        chosen = random.Random(ring.sealing)
        while going:
            customer_id, number = chosen.choice(own), f"139{chosen.randrange(10**8):08d}"
            await database.execute(
                "UPDATE message_address SET address = $2, address_index = $3 WHERE customer_id = $1", customer_id,
                ring.seal(number, reach.COLUMN), ring.index(number, "sms"),
            )  # fmt: skip
            last[customer_id] = number

    writing = [
        asyncio.create_task(writes(ring, made[at::2])) for at, ring in enumerate((keys.TURNED, keys.RING))
    ]
    for _ in range(10):
        await sealed_columns.turn()
    going = False
    await asyncio.gather(*writing)
    assert (await sealed_columns.turn()).left == 0
    assert await kids() == {"test-2": 12}
    sealed.use(keys.DROPPED)
    assert len(last) > 6
    assert {customer_id: await phone_of(customer_id) for customer_id in last} == last


async def test_a_row_that_somebody_has_locked_is_passed_over_and_seen_again_as_they_left_it(db, small):
    held, *_ = await reachable(5)
    sealed.use(keys.TURNED)
    turned, leave = asyncio.Event(), asyncio.Event()

    async def holds():
        async with database.transaction():
            number, ring = "13911112222", keys.RING
            await database.execute(
                "UPDATE message_address SET address = $2 WHERE customer_id = $1", held, ring.seal(number, reach.COLUMN)
            )  # fmt: skip
            turned.set()
            await leave.wait()

    holding = asyncio.create_task(holds())
    await turned.wait()
    turning = asyncio.create_task(sealed_columns.turn())
    while (await kids()).get("test-2") != 4:
        await asyncio.sleep(0.01)
    assert not turning.done()
    leave.set()
    await holding
    assert await turning == sealed_columns.Turned(5, 0, 0)
    assert await phone_of(held) == "13911112222"


async def test_a_run_that_was_killed_halfway_is_gone_on_with(db, small):
    made = await reachable(8)
    sealed.use(keys.TURNED)

    def dies(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await sealed_columns.turn(dies)
    assert await kids() == {"test-1": 5, "test-2": 3}
    assert [await phone_of(one) for one in made] == [f"138001380{nth:02d}" for nth in range(8)]
    assert await sealed_columns.turn() == sealed_columns.Turned(5, 0, 0)
    sealed.use(keys.DROPPED)
    assert [await phone_of(one) for one in made] == [f"138001380{nth:02d}" for nth in range(8)]


async def test_values_that_cannot_be_read_are_told_of_and_stop_nothing(db, small):
    made = await reachable(8)
    swapped = sealed.seal(PHONE, "delivery_address.phone")
    await database.execute("UPDATE message_address SET address = $2 WHERE customer_id = $1", made[0], swapped)
    lost = sealed.Keyring([sealed.Key("lost", b"l" * 32)], keys.SEARCH).seal(PHONE, reach.COLUMN)
    await database.execute("UPDATE message_address SET address = $2 WHERE customer_id = $1", made[1], lost)
    sealed.use(keys.TURNED)
    assert await sealed_columns.turn() == sealed_columns.Turned(turned=6, unreadable=2, left=0)
    assert await kids() == {"test-1": 1, "test-2": 6, "lost": 1}


async def test_another_search_key_finds_again_once_the_indexes_are_made_anew(db, small):
    first, second = (await factories.customer()).id, (await factories.customer()).id
    await reach.put(first, "sms", PHONE, by="test")
    await reach.put(first, "email", "lin@example.com", by="test")
    sealed.use(sealed.Keyring([keys.OLD], b"t" * 32))
    await reach.put(second, "sms", PHONE, by="test")
    assert await sealed_columns.index_anew() == 2
    assert await database.fetchval("SELECT count(DISTINCT address_index) FROM message_address") == 2
    assert await sealed_columns.index_anew() == 0


@pytest.mark.parametrize(
    "written", ["13800138000", "+86 138 0013 8000", "+8613800138000", "0086-138-0013-8000", "86 13800138000", " 138-0013-8000 "]
)  # fmt: skip
async def test_one_number_has_one_index_however_it_is_written(db, written):
    customer = await factories.customer()
    await reach.put(customer.id, "sms", written, by="test")
    kept = await database.fetchval("SELECT address_index FROM message_address")
    assert kept == reach.index("sms", PHONE)
    assert await phone_of(customer.id) == PHONE
