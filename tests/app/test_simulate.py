"""``yucun simulate``: a copy is played without a trace in the database it is of; what makes no sense is refused."""

import asyncio
import hashlib
import json
import signal
import subprocess
import sys
from datetime import date, timedelta

import asyncpg
import pytest

from app import cli, database, simulate_lines
from core import clock
from ledger import accounts
from simulation import days
from tests import factories


def simulate(config_file, *arguments):
    return cli.run(["--config", str(config_file), "simulate", *map(str, arguments)])


async def fingerprint(url):
    """Of every row of every table, and of where the counters stand."""
    server, rows = await asyncpg.connect(url), []
    try:
        tables = await server.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        )
        for (table,) in tables:
            rows += [
                table,
                *sorted(str(row) for row in await server.fetch(f'SELECT t::text FROM "{table}" t')),
            ]
        counters = "SELECT sequencename, last_value FROM pg_sequences ORDER BY sequencename"
        rows += [str(row) for row in await server.fetch(counters)]
    finally:
        await server.close()
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


async def shop_with_a_plan(url):
    async with database.opened(url):
        customer = await factories.customer(principal=5_000)
        await factories.plan(customer.id, 900, "daily")
        await factories.top_up(customer.id, 3_000)  # is never paid: nobody is there to pay it
        other = await factories.customer(principal=700)
        await factories.plan(other.id, 300, "daily")
        return customer.id, (await accounts.balance(customer.id)).principal_fen


def test_a_copy_is_played_and_the_database_it_is_of_stays_as_it_was(config_file, database_url, capsys):
    customer_id, had_fen = asyncio.run(shop_with_a_plan(database_url))
    before = asyncio.run(fingerprint(database_url))
    tomorrow = clock.today() + timedelta(days=1)
    which = ("--from", tomorrow, "--to", tomorrow + timedelta(days=7), "--copy", "--json")
    assert simulate(config_file, *which, "--customer", customer_id) == 0
    *each, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert asyncio.run(fingerprint(database_url)) == before
    assert [line["day"] for line in each] == [str(tomorrow + timedelta(days=n)) for n in range(8)]
    # today's and tomorrow's periods are taken tomorrow; then one a day while the money lasts: five of nine
    assert each[0]["deducted_fen"] == 1_800 and total["deducted_fen"] == 4_500
    assert total["liability_fen"] == had_fen - 4_500 == 500
    assert total["bills_owed"] == 4 and total["messages"]["payment_due"] == 4
    assert total["violations"] == [] and total["jobs_failed"] == {} and total["topped_up_fen"] == 0


def test_a_copy_does_not_outlive_who_is_told_to_stop(config_file, database_url, tmp_path):
    days = ("--from", "2090-01-01", "--to", "2099-12-31", "--copy", "--home", str(tmp_path))
    command = [sys.executable, "-m", "app", "--config", str(config_file), "simulate", *days]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as playing:
        assert playing.stdout.readline().startswith("2090-01-01")
        (place,) = tmp_path.glob("yucun-simulation-*")
        playing.send_signal(signal.SIGTERM)
        playing.stdout.read()
    assert playing.returncode == 128 + signal.SIGTERM and not place.exists()


def test_a_database_that_cannot_be_copied_is_said(config_file, database_url, capsys, monkeypatch):
    monkeypatch.setenv("YUCUN_DATABASE_URL", "postgres://nobody:hidden@127.0.0.1:1/none")
    assert simulate(config_file, "--from", "2027-01-01", "--to", "2027-01-01", "--copy") == 4
    said = capsys.readouterr()
    assert "pg_dump" in said.err and "·" in said.err and "hidden" not in said.err and said.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "2027-01-02", "--to", "2027-01-01"),
        ("--from", "2027-01-01", "--to", "2047-01-01"),
        ("--from", "2027-01-01", "--to", "2027-01-02", "--customer", "7"),
        ("--from", "2027-01-01", "--to", "2027-01-02", "--copy", "--seed", "7"),
        ("--from", "2027-01-01", "--to", "2027-01-02", "--home", "/no/such/place"),
    ],
)
def test_what_makes_no_sense_is_refused_in_both_languages(config_file, capsys, arguments):
    assert simulate(config_file, *arguments) == 2
    assert "·" in capsys.readouterr().err


@pytest.mark.parametrize("day", ["yesterday", "2027-02-29", "2027-13-01", "20270101x", ""])
def test_what_is_no_day_is_refused(config_file, capsys, day):
    with pytest.raises(SystemExit) as left:
        simulate(config_file, "--from", day, "--to", "2027-01-02")
    assert left.value.code == 2 and "不是日期 · is no day" in capsys.readouterr().err


def test_settings_that_are_named_are_wanted(tmp_path, capsys):
    assert simulate(tmp_path / "none.toml", "--from", "2027-01-01", "--to", "2027-01-01") == 3
    assert "none.toml" in capsys.readouterr().err


def test_days_are_said_in_words_with_a_sum_and_whether_the_books_balance(db_words):
    each, total, balance, mark = db_words
    assert (
        each.startswith("2027-01-01  充值 · topped up 0.00; 扣款 · deducted 0.00")
        and "消息 · messages 0" in each
    )
    assert total.startswith("1 天合计 · days in all  充值 · topped up 0.00")
    assert balance == "账本平 · the books balance" and mark.startswith("指纹 · fingerprint ")


@pytest.fixture
async def db_words(db):
    said, day = [], date(2027, 1, 1)
    assert await simulate_lines.play(simulate_lines.Wanted(days.Span(day, day), copy_of="this"), said.append)
    return said
