"""What the command line does for somebody who runs a shop."""

import subprocess
import sys

import pytest

from core import db as database
from members import operators
from tests import factories


def yucun(config_file, *arguments, said=""):
    return subprocess.run(
        [sys.executable, "-m", "app", "--config", str(config_file), *arguments],
        capture_output=True, text=True, timeout=60, input=said,
    )  # fmt: skip


async def test_the_first_operator_is_added_and_a_password_can_be_set_anew(config_file, db):
    for password in ("the first one", "the second one"):
        done = yucun(config_file, "operator", "chen", "陈店长", "--password-stdin", said=f"{password}\n")
        assert done.returncode == 0, done.stderr
    assert (await operators.sign_in("chen", "the second one")).operator.name == "陈店长"
    with pytest.raises(operators.WrongLogin):
        await operators.sign_in("chen", "the first one")


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
