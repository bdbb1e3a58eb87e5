"""A process is killed before and after every statement and every call of a money path; nothing is lost, nothing doubled.

``make crash`` kills at every step. Among all tests a run kills at every eighth, from a step chosen at random: each step has its turn.
"""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.crash
EVERY = int(os.environ.get("YUCUN_CRASH_EVERY", "8"))


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("top_up", 30),
        ("confirm", 20),
        ("pay_order", 20),
        ("pay_orders", 10),
        ("cancel_order", 20),
        ("pay_on_credit", 50),
        ("review", 45),
        ("refund_bill", 50),
        ("refund_top_up", 30),
        ("refund_refused", 30),
        ("due_run", 15),
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
    ],
)
@pytest.mark.timeout(900)
def test_a_kill_at_any_step_loses_and_doubles_nothing(database_url, path, least):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.crash.driver", path, database_url, str(EVERY)],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    report = json.loads(ran.stdout.splitlines()[-1])
    assert report["steps"] >= least, (
        "the path has fewer steps than it must have: is the enumeration still hitting them?"
    )
    assert report["killed"] == report["tried"] >= 1, "each was killed at its step, exactly"
    assert report["wrong"] == []
