"""The daily seal: every day once, in a chain, and whatever is rewritten afterwards is named."""

import asyncio
import hashlib
import json
import tracemalloc
from datetime import timedelta

import asyncpg
import pytest

from core import clock
from core import db as database
from ledger import posting, proof, seal, settled
from tests import factories
from tests.ledger.breaking import rewrite


def in_days(days, **more):
    clock.set_offset(timedelta(days=days, **more))


async def three_days():
    """Two days with transfers and one between without any; the clock then stands on the fourth."""
    customer = await factories.customer(principal=1_000, bonus=100)
    await factories.topped_up(customer.id, 500)
    in_days(2)
    await factories.topped_up(customer.id, 700, 70)
    in_days(3)
    return customer


async def seals():
    return await database.fetch("SELECT * FROM seal ORDER BY day")


async def test_every_finished_day_is_sealed_once_and_in_order(db):
    await three_days()
    assert len((await seal.run()).seals) == 3
    assert (await seal.run()).seals == ()
    first, empty, last = await seals()
    assert [row["transfers"] for row in (first, empty, last)] == [2, 0, 1]
    assert (first["first_transfer_id"], first["last_transfer_id"]) == (1, 2)
    assert (empty["first_transfer_id"], empty["last_transfer_id"], empty["amount_fen"]) == (3, 2, 0)
    assert (last["postings"], last["entries"], last["amount_fen"]) == (2, 1, 770)
    assert last["previous_hash"] == empty["hash"] and empty["previous_hash"] == first["hash"]
    verified = await seal.verify()
    assert (verified.days, verified.difference, verified.last.hash) == (3, None, last["hash"])


async def test_the_running_day_is_not_sealed_and_its_transfers_go_into_the_next_seal(db):
    customer = await factories.customer(principal=100)
    assert (await seal.run()).seals == ()
    in_days(1)
    await factories.topped_up(customer.id, 200)
    (only,) = (await seal.run()).seals
    assert (only.transfers, only.last_id) == (1, 1)
    in_days(2)
    (second,) = (await seal.run()).seals
    assert (second.first_id, second.transfers) == (2, 1)


async def test_nothing_was_ever_posted_so_there_is_nothing_to_seal(db):
    assert (await seal.run()).seals == ()
    assert (await seal.verify()).days == 0


async def test_the_hash_is_what_the_document_says(db):
    await factories.customer(principal=1_000, bonus=100)
    in_days(1)
    (made,) = (await seal.run()).seals
    content = b""
    for transfer in await database.fetch("SELECT * FROM transfer ORDER BY id"):
        lines = [
            ["transfer", transfer["id"], transfer["reference"], transfer["kind"], transfer["fingerprint"].hex(),
             transfer["operator"], transfer["memo"], transfer["burn_policy"], transfer["reverses_id"],
             _micros(transfer["created_at"])]
        ]  # fmt: skip
        for row in await database.fetch("SELECT * FROM posting ORDER BY id"):
            names = (
                "id",
                "transfer_id",
                "source_id",
                "target_id",
                "source_lot_id",
                "target_lot_id",
                "amount_fen",
            )
            lines.append(["posting", *(row[name] for name in names)])
        for row in await database.fetch("SELECT * FROM entry ORDER BY id"):
            names = (
                "id", "transfer_id", "account_id", "entry_no", "principal_fen", "bonus_fen", "principal_after_fen",
                "bonus_after_fen",
            )  # fmt: skip
            lines.append(["entry", *(row[name] for name in names), _micros(row["created_at"])])
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        content += hashlib.sha256(text.encode()).digest()
    content_hash = hashlib.sha256(content).digest()
    summary = f"{made.day} 1 1 1 2 1 1100\n".encode()
    assert made.hash == hashlib.sha256(bytes(32) + content_hash + summary).digest()


def _micros(instant):
    seconds = int(instant.replace(microsecond=0).timestamp())
    return seconds * 1_000_000 + instant.microsecond


TAMPERING = {
    "transfer": ("UPDATE transfer SET memo = 'x' WHERE id = 2", 2, "was changed"),
    "time": ("UPDATE transfer SET created_at = created_at - interval '1 microsecond' WHERE id = 2", 2, "was changed"),
    "posting": ("UPDATE posting SET amount_fen = amount_fen + 1 WHERE transfer_id = 2", 2, "was changed"),
    "entry": ("UPDATE entry SET principal_after_fen = 7 WHERE transfer_id = 2", 2, "was changed"),
    "posting removed": ("DELETE FROM posting WHERE transfer_id = 2", 2, "was changed"),
    "posting moved": ("UPDATE posting SET transfer_id = 1 WHERE transfer_id = 2", 1, "was changed"),
    "transfer removed": ("DELETE FROM transfer WHERE id = 3", 3, "was changed"),
    "entry removed": ("DELETE FROM entry WHERE transfer_id = 3", 3, "was changed"),
    "before all": ("UPDATE transfer SET id = 0 WHERE id = 2", 0, "stands before the first seal"),
}  # fmt: skip


@pytest.mark.broken_books
@pytest.mark.parametrize("how", TAMPERING)
async def test_what_was_rewritten_is_named_by_day_and_transfer(db, how):
    await three_days()
    await seal.run()
    statement, transfer_id, what = TAMPERING[how]
    await rewrite(statement)
    difference = (await seal.verify()).difference
    assert (difference.row_id, difference.what) == (transfer_id, what)
    first, _, last = await seals()
    assert difference.day == (last["day"] if transfer_id == 3 else first["day"])


@pytest.mark.broken_books
async def test_a_transfer_that_vanished_without_a_trace_and_one_slipped_in_are_named(db):
    await three_days()
    await seal.run()
    await rewrite(*(f"DELETE FROM {table} WHERE transfer_id = 2" for table in ("posting", "entry")),
                  "DELETE FROM transfer WHERE id = 2")  # fmt: skip
    difference = (await seal.verify()).difference
    assert (difference.row_id, difference.what) == (2, "is gone")
    assert "I4" in {violation.invariant for violation in await proof.check()}


@pytest.mark.broken_books
async def test_a_transfer_put_into_a_gap_of_the_numbers_is_named(db):
    customer = await factories.customer(principal=1_000)
    await database.execute("SELECT nextval('transfer_id_seq')")
    await factories.topped_up(customer.id, 500)
    in_days(1)
    await seal.run()
    await rewrite(
        "INSERT INTO transfer (id, reference, kind, fingerprint, operator, memo, burn_policy, reverses_id, created_at) SELECT 2, 'forged', kind, fingerprint, operator, memo, burn_policy, reverses_id, created_at"
        " FROM transfer WHERE id = 1"
    )
    difference = (await seal.verify()).difference
    assert (difference.row_id, difference.what) == (2, "was not there when the day was sealed")


CHAIN = {
    "hash": "UPDATE seal SET hash = sha256('x') WHERE id = 2",
    "link": "UPDATE seal SET previous_hash = sha256('x') WHERE id = 2",
    "count": "UPDATE seal SET transfers = transfers + 1 WHERE id = 1",
    "content": "UPDATE seal SET content_hash = sha256('x') WHERE id = 1",
    "range": "UPDATE seal SET last_transfer_id = last_transfer_id + 1 WHERE id = 3",
    "day gone": "DELETE FROM seal WHERE id = 2",
    "first day gone": "DELETE FROM seal WHERE id = 1",
}


@pytest.mark.broken_books
@pytest.mark.parametrize("how", CHAIN)
async def test_seals_that_do_not_link_are_named_by_proof_and_by_verifying(db, how):
    await three_days()
    await seal.run()
    await rewrite(CHAIN[how])
    assert {violation.invariant for violation in await proof.check()} == {"I4"}
    assert (await seal.verify()).difference is not None


@pytest.mark.broken_books
async def test_a_seal_that_is_the_hash_of_what_it_says_but_goes_on_from_another_day_is_named(db):
    await three_days()
    await seal.run()
    _, second, third = await seals()
    fields = {**dict(second), "previous_hash": hashlib.sha256(b"x").digest()}
    names = ("day", "first_transfer_id", "last_transfer_id", "transfers", "postings", "entries", "amount_fen")
    summary = " ".join(str(fields[name]) for name in names) + "\n"
    forged = hashlib.sha256(fields["previous_hash"] + fields["content_hash"] + summary.encode()).hexdigest()
    await rewrite(
        f"UPDATE seal SET previous_hash = sha256('x'), hash = decode('{forged}', 'hex') WHERE id = {second['id']}"
    )
    (violation,) = await proof.check()
    assert (violation.invariant, violation.where) == (
        "I4",
        (f"seal {second['day']}", f"seal {third['day']}"),
    )
    assert (await seal.verify()).difference.day == second["day"]


@pytest.mark.broken_books
async def test_a_seal_forged_to_fit_forged_books_breaks_the_chain(db):
    await three_days()
    await seal.run()
    await rewrite("UPDATE transfer SET memo = 'x' WHERE id = 1", "DELETE FROM seal WHERE id = 1",
                  "DELETE FROM seal_block WHERE block_no = 0 AND day = (SELECT min(day) FROM seal_block)")  # fmt: skip
    day = (await seals())[0]["day"] - timedelta(days=1)
    async with database.transaction():
        forged = await seal._computed(day, None, 2)
        values = [getattr(forged, name) for name in seal.Seal.__dataclass_fields__]
        await database.execute(seal._KEEP.replace("RETURNING id", ""), *values, clock.now())
    difference = (await seal.verify()).difference
    assert (difference.day, difference.what) == (
        day + timedelta(days=1),
        "its seal does not go on from the day before",
    )


async def test_seals_cannot_be_rewritten(db):
    await three_days()
    await seal.run()
    for table in ("seal", "seal_block"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET day = day"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await database.execute(statement)


async def post_slowly(connection, reference):
    leg = posting.credit("house:adjustment", "customer:1", 10, kind="principal")
    transfer = posting.Transfer(reference, "adjustment", [leg], operator="clock")
    await connection.execute(
        posting._POST.replace("SELECT *", "SELECT outcome"), *posting._columns([transfer])
    )


async def test_a_transaction_that_commits_late_is_waited_for_and_in_the_seal(db, database_url):
    first = await factories.customer(principal=100)
    assert first.id == 1
    other = await factories.customer()
    late = await asyncpg.connect(database_url)
    try:
        begun = late.transaction()
        await begun.start()
        await post_slowly(late, "late")
        await factories.topped_up(other.id, 300)  # numbered after it, committed before it
        in_days(1)
        waiting = await seal.run(patience_s=0.2)
        assert waiting.is_waiting and waiting.seals == () and await seals() == []
        sealing = asyncio.create_task(seal.run(patience_s=20))
        await asyncio.sleep(0.3)
        assert not sealing.done()
        await factories.topped_up(other.id, 400)  # nobody is blocked by the one who waits
        await begun.commit()
        (made,) = (await sealing).seals
    finally:
        await late.close()
    assert (made.transfers, made.last_id) == (3, 3)
    assert (await seal.verify()).difference is None


async def test_what_begins_after_the_look_is_not_waited_for(db, database_url):
    await factories.customer(principal=100)
    late = await asyncpg.connect(database_url)
    try:
        ids = await settled.last_ids(("transfer",), patience_s=0)
        begun = late.transaction()
        await begun.start()
        await post_slowly(late, "late")
        assert ids == {"transfer": 1}
        assert await settled.last_ids(("transfer",), patience_s=0) is None
        await begun.rollback()
        assert await settled.last_ids(("transfer",), patience_s=0) == ids
    finally:
        await late.close()


async def test_of_two_sealers_one_wins_each_day(db, monkeypatch):
    monkeypatch.setattr(seal, "BLOCK", 2)
    await three_days()
    runs = await asyncio.gather(*(seal.run() for _ in range(4)))
    assert sorted(one.day for run in runs for one in run.seals) == [row["day"] for row in await seals()]
    assert len(await seals()) == 3
    verified = await seal.verify()
    assert (verified.days, verified.difference) == (3, None)


async def test_twenty_thousand_transfers_are_sealed_in_bounded_memory(db):
    await factories.customer(principal=100)
    for part in range(10):
        await posting.post([
            posting.Transfer(f"bulk:{part}:{n}", "test", [posting.between_houses("house:fees", "house:revenue", 1)], operator="clock")
            for n in range(2_000)
        ])  # fmt: skip
    in_days(1)
    tracemalloc.start()
    try:
        (made,) = (await seal.run()).seals
        verified = await seal.verify()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (made.transfers, verified.difference) == (20_001, None)
    assert await database.fetchval("SELECT count(*) FROM seal_block") == 21
    assert peak < 10_000_000, f"{peak} bytes at the most"
