"""The database fixture itself: what one test commits, the next does not see."""

from __future__ import annotations

import pytest

from core import clock
from core import db as core_db
from models.customer import Customer


@pytest.mark.parametrize("turn", [1, 2])
async def test_every_test_starts_on_empty_tables_even_after_commits(db, turn):
    assert await Customer.all().count() == 0
    async with core_db.transaction():
        customer = await Customer.create(name=f"客户 {turn}", created_at=clock.now())
    assert customer.id == 1
