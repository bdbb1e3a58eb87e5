"""Keys as those who run a shop change them: by commands, beside a database from before and one in use."""

import json
import re

import asyncpg
import pytest
from tortoise.migrations.executor import MigrationTarget

from app import config, database
from core import sealed
from notifications import addresses
from tests import conftest, factories, keys
from tests.app.test_commands import yucun

PHONE = "13800138000"


def with_keys(config_file, *kids):
    """The settings with these keys in this order; each of a name is the same each time."""
    text = config_file.read_text()
    made = "".join(f'[[sealing.keys]]\nkid = "{kid}"\nsecret = "{kid.encode().hex():0<64}"\n' for kid in kids)
    text = re.sub(r"(?s)\[\[sealing\.keys\]\].*?(?=\n\[(?!\[sealing\.keys))", made, text)
    config_file.write_text(text)
    return config_file


async def test_a_key_is_changed_and_dropped_only_when_nothing_stands_under_it(config_file, db):
    sealed.use(config.load(with_keys(config_file, "old")).sealing.ring())
    customer = await factories.customer()
    await addresses.put(customer.id, "sms", PHONE, by="test")

    with_keys(config_file, "new", "old")
    held = yucun(config_file, "keys", "check", "--without", "old")
    assert held.returncode == 1 and "yucun keys rotate" in held.stdout, held.stderr
    turned = yucun(config_file, "keys", "rotate")
    assert turned.returncode == 0 and "1 values sealed anew with new" in turned.stdout, turned.stderr
    free = yucun(config_file, "keys", "check", "--without", "old")
    assert free.returncode == 0 and "old may be dropped" in free.stdout
    assert yucun(config_file, "keys", "check", "--without", "new").returncode == 1, "it seals"

    with_keys(config_file, "new")
    assert yucun(config_file, "keys", "check").returncode == 0
    sealed.use(config.load(config_file).sealing.ring())
    assert [one.address for one in await addresses.of(customer.id)] == [PHONE]

    with_keys(config_file, "another")
    missing = yucun(config_file, "keys", "check")
    assert missing.returncode == 1 and re.search(r"new +1 .*do not name this key", missing.stdout)
    again = yucun(config_file, "keys", "rotate")
    assert again.returncode == 1 and "1 cannot be opened" in again.stdout and PHONE not in again.stderr
    assert "message_address.address" in again.stderr and "key new" in again.stderr


@pytest.fixture
def url(servers):
    """A database of this test's own, without tables."""
    with conftest._database_on(servers.database_url) as made:
        yield made


@pytest.mark.timeout(600)  # all migrations, which a busy machine is slow to draw
async def test_what_is_there_already_is_sealed_by_the_migration_and_not_without_keys(url):
    async with database._executor(url) as executor:
        await executor.migrate([MigrationTarget("models", "0034_chat_identity")])
    connection = await asyncpg.connect(url)
    where = {"recipient": "林晓", "phone": PHONE, "detail": "龙井路"}
    await connection.execute(
        "INSERT INTO customer (id, name, locale, state, created_at) VALUES (1, '林晓', 'zh-CN', 'active', now())"
    )
    await connection.execute(
        "INSERT INTO message_address (customer_id, channel, address, set_by, set_at) VALUES (1, 'sms', $1, 't', now()), (1, 'email', $2, 't', now())",
        PHONE, "lin@example.com",
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO shop_order (order_no, customer_id, state, store_id, goods_fen, discount_fen, freight_fen, total_fen, tax_fen, address,"
        " remark, bill_no, placed_at, expires_at) SELECT 'S' || n, 1, 'placed', 0, 1, 0, 0, 1, 0, CASE WHEN n = 1 THEN $1::jsonb END, '',"
        " 'B' || n, now(), now() FROM generate_series(1, 2) n",
        json.dumps(where),
    )
    sealed.use(None)
    with pytest.raises(AssertionError):
        await database.migrate(url)
    assert await connection.fetchval("SELECT address FROM message_address WHERE channel = 'sms'") == PHONE
    sealed.use(keys.RING)
    await database.migrate(url)
    rows = await connection.fetch("SELECT channel, address, address_index FROM message_address")
    assert {(row["channel"], sealed.opened(row["address"], addresses.COLUMN), row["address_index"]) for row in rows} == {
        ("sms", PHONE, addresses.index("sms", PHONE)), ("email", "lin@example.com", addresses.index("email", "lin@example.com")),
    }  # fmt: skip
    orders = await connection.fetch("SELECT address::text FROM shop_order ORDER BY order_no")
    kept = json.loads(orders[0]["address"])
    assert sealed.opened(kept.pop("phone"), "shop_order.address.phone") == PHONE
    assert kept | {"phone": PHONE} == where and orders[1]["address"] is None
    await connection.close()
