"""What the command line does for somebody who runs a shop."""

import subprocess
import sys
from datetime import timedelta

import pytest

from app import config
from billing import inbox, inbox_refusals, job_record
from core import clock
from core import db as database
from gateways.channel import PaymentNotice
from members import operator_sign_in, operators, second_factors, sign_in_attempts
from reconciliation import days
from tests import factories
from tests.gateways import bill_files


def yucun(config_file, *arguments, said=""):
    return subprocess.run(
        [sys.executable, "-m", "app", "--config", str(config_file), *arguments],
        capture_output=True, text=True, timeout=60, input=said,
    )  # fmt: skip


async def test_the_first_operator_is_added_and_a_password_can_be_set_anew(config_file, db):
    for password in ("the first one", "the second one"):
        done = yucun(config_file, "operator", "chen", "陈店长", "--password-stdin", said=f"{password}\n")
        assert done.returncode == 0, done.stderr
    assert (await operator_sign_in.sign_in("chen", "the second one")).operator.name == "陈店长"
    with pytest.raises(operator_sign_in.WrongLogin):
        await operator_sign_in.sign_in("chen", "the first one")


async def test_a_short_password_is_refused_in_both_languages(config_file, db):
    refused = yucun(config_file, "operator", "chen", "陈", "--password-stdin", said="short\n")
    assert refused.returncode == 1 and "10" in refused.stderr and "·" in refused.stderr
    assert await database.fetchval("SELECT count(*) FROM operator") == 0


@pytest.mark.broken_books
async def test_proof_says_whether_the_books_balance_and_names_what_does_not(config_file, db):
    customer = await factories.customer(principal=500)
    good = yucun(config_file, "proof")
    assert (good.returncode, "the books balance" in good.stdout) == (0, True)
    await database.execute("UPDATE account SET principal_fen = 501 WHERE kind = 'customer'")
    bad = yucun(config_file, "proof")
    assert bad.returncode == 1 and f"customer:{customer.id}" in bad.stdout and "I2" in bad.stdout


async def test_explain_shows_the_lots_behind_a_balance_and_a_change(config_file, db):
    customer = await factories.customer(principal=2_000, bonus=300)
    balance = yucun(config_file, "explain", str(customer.id))
    assert balance.returncode == 0 and "23.00" in balance.stdout and balance.stdout.count("← top_up:") == 2
    change = yucun(config_file, "explain", str(customer.id), "--change", "1")
    assert "#1" in change.stdout and "bonus 3.00" in change.stdout
    for wrong in (("999",), (str(customer.id), "--change", "7")):
        refused = yucun(config_file, "explain", *wrong)
        assert refused.returncode == 1 and "·" in refused.stderr


async def test_liability_is_told_in_yuan_for_now_a_day_and_in_between(config_file, db):
    await factories.customer(principal=20_000, bonus=2_000)
    today = clock.today()
    now = yucun(config_file, "liability")
    assert now.returncode == 0 and "220.00 = 本金 · principal 200.00 + 赠送 · bonus 20.00" in now.stdout, now
    then = yucun(config_file, "liability", "--at", f"{today}")
    assert f"{today} 00:00:00 (Asia/Shanghai)  应付顾客 · owed 0.00" in then.stdout
    between = yucun(config_file, "liability", "--from", f"{today}")
    opening, moved, closing = between.stdout.splitlines()
    assert "owed 0.00" in opening and "top_up ×1  220.00" in moved and "owed 220.00" in closing
    refused = yucun(config_file, "liability", "--at", "2900-01-01")
    assert refused.returncode == 2 and "·" in refused.stderr
    for wrong in ("yesterday", "2026-01-01T00:00:00"):
        assert yucun(config_file, "liability", "--at", wrong).returncode == 2


async def test_the_proof_can_go_on_from_the_last_one(config_file, db):
    await factories.customer(principal=500)
    first = yucun(config_file, "proof", "--since-last")
    assert first.returncode == 0 and "no proof to go on from" in first.stdout
    await factories.customer(principal=500)
    second = yucun(config_file, "proof", "--since-last")
    assert (
        second.returncode == 0 and "since the last proof" in second.stdout and "1 transfers" in second.stdout
    )


@pytest.mark.broken_books
async def test_days_are_sealed_and_what_was_rewritten_since_is_named(config_file, db):
    nothing = yucun(config_file, "seal", "verify")
    assert nothing.returncode == 0 and "nothing was sealed yet" in nothing.stdout
    clock.set_offset(timedelta(days=-1))
    await factories.customer(principal=500)
    sealed = yucun(config_file, "seal", "run")
    yesterday = str(clock.today())
    assert (sealed.returncode, sealed.stdout[:10]) == (0, yesterday)
    assert "no day is waiting" in yucun(config_file, "seal", "run").stdout
    good = yucun(config_file, "seal", "verify")
    assert good.returncode == 0 and yesterday in good.stdout
    assert good.stdout.split()[-1] == sealed.stdout.split()[-1]
    async with database.transaction():
        await database.execute("SET LOCAL session_replication_role = replica")
        await database.execute("UPDATE transfer SET memo = 'x'")
    bad = yucun(config_file, "seal", "verify")
    assert bad.returncode == 1 and f"{yesterday}, transfer 1: was changed" in bad.stdout


async def test_seals_wait_for_a_database_like_everything_else(config_file, db, monkeypatch):
    monkeypatch.setenv("YUCUN_DATABASE_URL", "postgres://nobody:x@127.0.0.1:1/none")
    assert yucun(config_file, "seal", "verify").returncode == 4


async def test_assess_says_each_rule_and_the_limit(config_file, db):
    customer = await factories.customer(principal=100)
    done = yucun(config_file, "assess", str(customer.id))
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert (
        len(said) == 9
        and said[1].startswith("+2：近 12 个月充值 1 次")
        and "no credit is suggested" in said[-1]
    )
    assert yucun(config_file, "assess", "999").returncode == 1


async def test_the_inbox_is_listed_shown_and_handed_in_again(config_file, db):
    await inbox_refusals.refuse("alipay", "bad signature", headers={}, body=b"sign=\xff")
    notice = PaymentNotice("e1", "TRANSACTION.SUCCESS", None, None, "P1")
    await inbox.receive("wechat_pay", notice, headers={"Wechatpay-Serial": "7"}, body=b'{"id": 1}')
    listed = yucun(config_file, "inbox", "list")
    assert "bad signature" in listed.stdout and "ask_channel" in listed.stdout
    shown = yucun(config_file, "inbox", "show", "2")
    assert "Wechatpay-Serial: 7" in shown.stdout and '{"id": 1}' in shown.stdout
    again = yucun(config_file, "inbox", "replay", "2")
    assert (again.returncode, "cli: ask_channel" in again.stdout) == (0, True)
    failed = yucun(config_file, "inbox", "replay", "--failed")
    assert (failed.returncode, "left 1" in failed.stdout) == (1, True)


async def test_a_bill_is_taken_by_hand_compared_and_reported(config_file, db, tmp_path):
    on = days.yesterday()
    merchant_id = config.load(config_file).wechat_pay.mch_id
    rows = [bill_files.Row("P-x", 55, at=f"{on} 12:00:00", merchant_id=merchant_id)]
    bill, table = tmp_path / "bill.csv", tmp_path / "report.csv"
    bill.write_bytes(bill_files.wechat(rows)[:-40])
    refused = yucun(config_file, "reconcile", "import", "wechat_pay", str(on), str(bill))
    assert refused.returncode == 1 and "·" in refused.stderr, refused
    bill.write_bytes(bill_files.wechat(rows))
    taken = yucun(config_file, "reconcile", "import", "wechat_pay", str(on), str(bill))
    assert taken.returncode == 0, taken.stderr
    assert "已比对" in taken.stdout and "差异 · differences 1 (1)" in taken.stdout
    assert "读取 · reading: 1" in taken.stderr
    written = yucun(
        config_file, "reconcile", "report", "--from", str(on), "--to", str(on), "--csv", str(table)
    )
    assert written.returncode == 0 and str(on) in table.read_text("utf-8-sig")


async def test_jobs_are_listed_and_one_that_fails_again_and_again_is_the_answer_no(config_file, db):
    none = yucun(config_file, "jobs")
    assert none.returncode == 0 and "no job has run yet" in none.stdout, none.stderr
    every = timedelta(minutes=5)
    await job_record.finished(
        await job_record.begin("seal", every, worker="shop-1:7"), duration_ms=1_500, result="3 days"
    )
    well = yucun(config_file, "jobs")
    assert well.returncode == 0 and "seal: 正常 · well" in well.stdout and "took 1.5 s" in well.stdout
    assert "3 days" in well.stdout and "shop-1:7" in well.stdout
    for _ in range(3):
        await job_record.failed(await job_record.begin("seal", every, worker="shop-1:7"), error="no luck")
    failing = yucun(config_file, "jobs")
    assert failing.returncode == 1 and "失败 · failing" in failing.stdout and "no luck" in failing.stdout


async def test_due_runs_are_tried_held_and_run_from_the_command_line(config_file, db, tmp_path):
    customer = await factories.customer(principal=5_000)
    await factories.plan(customer.id, 900)
    tried = yucun(config_file, "due-run", "dry-run", "--csv", str(tmp_path / "due.csv"))
    assert tried.returncode == 0 and "charged: 1 (9.00)" in tried.stdout, tried.stderr
    assert (tmp_path / "due.csv").read_text("utf-8-sig").count("\n") == 2
    paused = yucun(config_file, "due-run", "pause", "--reason", "价格有误")
    assert paused.returncode == 0 and "paused: 0/0" in paused.stdout and "cli: 价格有误" in paused.stdout
    assert "paused" in yucun(config_file, "due-run", "start").stdout
    assert yucun(config_file, "due-run", "resume").returncode == 0
    again = yucun(config_file, "due-run", "resume")
    assert again.returncode == 1 and "·" in again.stderr
    done = yucun(config_file, "due-run", "start")
    assert done.returncode == 0 and "finished: 1/1" in done.stdout and "charged 1" in done.stdout, done.stderr
    assert "nothing is parked" in yucun(config_file, "due-run", "parked").stdout
    assert yucun(config_file, "due-run", "retry", "7").returncode == 1
    assert await factories.balance(customer.id) == (4_100, 0)


async def test_a_lost_second_factor_is_taken_away_on_the_command_line(config_file, db):
    who = await operators.create(login="chen", name="陈店长", password="the first one")
    await second_factors.begin_totp(who.id, "chen")
    await database.execute("UPDATE operator_totp SET confirmed_at = now()")
    assert yucun(config_file, "operator", "nobody", "--reset-second-factor").returncode == 1
    done = yucun(config_file, "operator", "chen", "--reset-second-factor")
    assert done.returncode == 0, done.stderr
    assert await second_factors.kinds(who.id) == ()
    (noted,) = await sign_in_attempts.page()
    assert (noted.operator_id, noted.way, noted.outcome) == (who.id, "command_line", "second_factor_reset")
    assert yucun(config_file, "operator", "chen").returncode == 1, "a name is missing"
