"""A history made in one go stands like one that was lived, and slopes are what they say."""

from __future__ import annotations

import pytest

from benchmarks import growth, history
from core import db as database
from ledger import accounts, posting
from members import sign_in

S, M, L = growth.Size(100, 0), growth.Size(1000, 0), growth.Size(1000, 9)


async def test_a_history_is_proven_and_goes_on(db):
    customers = await history.write(customers=30, entries=4)
    assert len(customers) == 30
    assert await database.fetchval("SELECT count(*) FROM entry") == 150
    assert (await sign_in.admitted(customers[7])).balance.balance_fen == history.OPENING_FEN - 400
    leg = posting.debit(accounts.of_customer(customers[7]), accounts.REVENUE, 1)
    done = await posting.post_one(
        posting.Transfer("benchmark:next", "benchmark", (leg,), operator="benchmark")
    )
    assert done.available_after_fen == history.OPENING_FEN - 401
    # the fixture proves the books


def test_a_slope_is_that_of_the_logarithms_along_one_thing():
    assert growth.slope({S: 1.0, M: 1.0, L: 5.0}, "customers") == pytest.approx(0)
    assert growth.slope({S: 1.0, M: 10.0, L: 5.0}, "customers") == pytest.approx(1)
    assert growth.slope({S: 1.0, M: 2.0, L: 2.0 * 10**0.05}, "entries") == pytest.approx(0.05)
    assert growth.slope({S: 1.0, L: 5.0}, "customers") is None


def test_slopes_of_rounds_are_their_medians():
    done = [{("post", S): 1.0, ("post", M): factor} for factor in (1.0, 10.0, 100.0)]
    found = growth.slopes(done)
    assert list(found) == ["slope_post_by_customers"]
    assert found["slope_post_by_customers"].middle == pytest.approx(1)


@pytest.mark.parametrize("text", ["10000x0", "1000000x10"])
def test_sizes_are_written_as_they_are_read(text):
    assert str(growth.Size.of(text)) == text
