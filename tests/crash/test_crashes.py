"""A process is killed before and after every statement and every call of a money path; nothing is lost, nothing doubled.

``make crash`` kills at every step. Among all tests a run kills at every twenty-fourth, from a step chosen at random: each step has its
turn.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.crash import driver, reach

pytestmark = pytest.mark.crash
EVERY = int(os.environ.get("YUCUN_CRASH_EVERY", "24"))


@pytest.fixture(scope="module")
def killer(_migrated, tmp_path_factory):
    """One process that has read everything and forks for each step."""
    said = tmp_path_factory.mktemp("crash") / "said"
    with said.open("w") as errors, subprocess.Popen(
        [sys.executable, "-m", "tests.crash.driver", str(EVERY)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
    ) as process:  # fmt: skip

        def kill(path):
            process.stdin.write(f"{path} {_migrated}\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            assert answer, said.read_text()[-3000:]
            return json.loads(answer)

        yield kill
        process.stdin.close()


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("top_up", 30),
        ("confirm", 20),
        ("pay_order", 20),
        ("pay_admitted", 10),
        ("pay_orders", 10),
        ("cancel_order", 20),
        ("pay_on_credit", 50),
        ("place_and_pay", 8),
        ("buy", 5),
        ("buy_together", 25),
        ("place_with_more", 20),
        ("place_paid", 25),
        ("edit_order", 25),
        ("reject_order", 25),
        ("withdraw_order", 25),
        ("pay_in_parts", 20),
        ("cancel_in_parts", 25),
        ("ship_order", 20),
        ("close_order", 20),
        ("standing_delivery", 40),
        ("book_and_cancel", 50),
        ("cancel_by_yes", 40),
        ("attend", 40),
        ("correct", 40),
        ("review", 45),
        ("refund_bill", 50),
        ("refund_stuck_to_card", 20),
        ("refund_top_up", 30),
        ("refund_refused", 30),
        ("due_run", 15),
        ("due_run_parks", 25),
        ("dry_run", 12),
        ("dunning", 20),
        ("dunning_ends", 8),
        ("plan_goes_on", 60),
        ("due_bills", 18),
        ("arrange", 30),
        ("hold_expiry", 8),
        ("deliver", 6),
        ("start_combined", 30),
        ("confirm_combined", 25),
        ("close_combined", 20),
        ("capture_hold", 25),
        ("adjust_approved", 20),
        ("transfer", 40),
        ("merge", 60),
        ("close", 50),
        ("cancel_top_up", 25),
        ("cancel_paid_top_up", 30),
        ("check_top_up", 45),
        ("pay_another_way", 50),
        ("paid_before_another_way", 45),
        ("paid_twice", 20),
        ("poll_top_up", 28),
        ("notice", 28),
        ("pay_bill_combined", 50),
        ("cancel_combined", 30),
        ("let_go", 10),
        ("expire_order", 15),
        ("expire_bonus", 20),
        ("repay_freed", 14),
        ("review_rejected", 40),
        ("review_expired", 40),
        ("release_hold", 55),
        ("operator_bills", 40),
        ("pay_by_word", 24),
        ("confirm_in_chat", 50),
        ("reverse_adjustment", 40),
        ("own_transfer", 45),
        ("finish_closing", 16),
        ("close_by_channel", 90),
        ("refund_requested", 180),
        ("after_sale", 60),
        ("refund_stuck", 120),
        ("refund_stuck_paid_out", 35),
        ("counter_top_up", 30),
        ("counter_bill", 20),
        ("counter_undo", 20),
        ("confirm_voucher", 25),
        ("quarantine_credited", 25),
        ("quarantine_sent_back", 30),
        ("quarantine_paid_out", 25),
        ("notices_replayed", 40),
        ("remit_closing", 40),
        ("remit_refund", 40),
        ("reconcile", 120),
        ("replace_bill", 60),
        ("decide_difference", 80),
        ("points_to_bonus", 24),
        ("follow_spending", 60),
        ("give_coupons", 24),
        ("broadcast", 15),
    ],
)
@pytest.mark.timeout(900)
def test_a_kill_at_any_step_loses_and_doubles_nothing(database_url, killer, path, least):
    report = killer(path)
    assert report["steps"] >= least, (
        "the path has fewer steps than it must have: is the enumeration still hitting them?"
    )
    assert report["killed"] == report["tried"] >= 1, "each was killed at its step, exactly"
    assert report["wrong"] == []


def test_every_public_desk_function_that_moves_money_has_a_path():
    moving = reach.money_functions()
    assert len(moving) > 40, "is the enumeration still finding them?"
    assert not moving - reach.called_by_paths(), "killed nowhere: add a path beside the others"


def test_every_path_is_run():
    (named,) = [
        mark.args[1]
        for mark in test_a_kill_at_any_step_loses_and_doubles_nothing.pytestmark
        if mark.name == "parametrize"
    ]
    assert {path for path, _ in named} == set(driver.PATHS)
