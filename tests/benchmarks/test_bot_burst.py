"""A burst of chat messages at two server processes: everybody is answered in time and once, also where a message comes to both."""

from __future__ import annotations

import pytest

from app import config
from benchmarks import bot_burst, place


@pytest.fixture
def where(database_url, redis_url, tmp_path):
    settings = tmp_path / "config.toml"
    settings.write_text(place.settings_toml(database_url, redis_url), encoding="utf-8")
    return place.Place(tmp_path, None, config.load(settings), settings)


async def test_a_few_messages_half_of_them_to_both_processes(where, monkeypatch):
    monkeypatch.setattr(bot_burst, "TWICE", 0.5)
    monkeypatch.setattr(bot_burst, "PEOPLE", 20)
    found = await bot_burst.burst(where, messages=80, within_s=1)
    assert not found.wrong, found
    assert found.deliveries > 100


@pytest.mark.stress
async def test_two_thousand_within_ten_seconds(where):
    found = await bot_burst.burst(where, messages=2_000, within_s=10)
    assert found.is_good, found
