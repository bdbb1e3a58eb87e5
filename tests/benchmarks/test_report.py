"""What a run says, and that one whose books do not balance says nothing good."""

from __future__ import annotations

import json
import random

import pytest

from benchmarks import __main__ as benches
from benchmarks import report, rounds

MEASURED = rounds.Measured(
    (rounds.Round(floor=1000.0, subject=800.0, control=990.0), rounds.Round(900.0, 720.0, 905.0)),
    rounds.Ratio(0.8, 0.78, 0.82),
    rounds.Ratio(1.0, 0.99, 1.01),
    {"statements": 2.0},
)


def said(**changes):
    return report.Report(
        **{"name": "http-balance", "floor": "SELECT 1", "measured": MEASURED, "target": 0.8} | changes
    )


def test_the_json_is_one_line_with_the_agreed_fields():
    line = report.as_json(said())
    assert "\n" not in line
    found = json.loads(line)
    agreed = ("name", "ratio", "low", "high", "floor_per_s", "subject_per_s", "counters")
    assert {name: found[name] for name in agreed} == {
        "name": "http-balance",
        "ratio": 0.8,
        "low": 0.78,
        "high": 0.82,
        "floor_per_s": 950.0,
        "subject_per_s": 760.0,
        "counters": {"statements": 2.0},
    }
    assert found["control"] == 1.0
    assert found["too_noisy"] is False


def test_a_failed_run_scores_zero_and_says_why():
    found = json.loads(report.as_json(said(failed="the books do not balance: I2")))
    assert (found["ratio"], found["low"], found["high"]) == (0, 0, 0)
    assert found["failed"] == "the books do not balance: I2"
    assert "scores 0" in report.as_text(said(failed="the books do not balance: I2"))


def test_noise_is_said_aloud():
    noisy = rounds.Measured(MEASURED.rounds, rounds.Ratio(0.8, 0.5, 1.0), MEASURED.control)
    assert "too noisy" in report.as_text(said(measured=noisy))
    assert "too noisy" not in report.as_text(said())


@pytest.mark.broken_books
async def test_books_that_do_not_balance_make_a_run_worthless(db, database_url):
    from core import db as core_db
    from members import customers

    await customers.create(name="小林")
    await core_db.execute("UPDATE account SET principal_fen = 5 WHERE kind = 'customer'")

    class Where:
        def __init__(self):
            self.database_url = database_url

    assert "I2" in await benches.unproven(Where())


async def test_a_benchmark_that_breaks_scores_zero_instead_of_ending_the_others(database_url):
    class Broken:
        name, floor, target = "broken", "SELECT 1", None

        @staticmethod
        def open(_where):
            raise RuntimeError("no such thing")

    found = await benches.run(Broken(), None, count=1, seconds=0.1, order=random.Random(1))
    assert not found.is_valid
    assert "no such thing" in found.failed
