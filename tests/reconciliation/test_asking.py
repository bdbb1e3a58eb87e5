"""Asking the channel before anybody is blamed."""

from collections import Counter
from datetime import timedelta
from typing import get_args

import pytest

from core import clock, words
from reconciliation import asking, resolving
from tests.reconciliation import books


class SlowKeeper(books.BookKeeper):
    """Needs half a minute for each answer; another worker looks for work meanwhile."""

    async def query(self, out_trade_no):
        clock.set_offset(clock.offset() + timedelta(seconds=30))
        found = await super().query(out_trade_no)
        if len(self.asked) == 6:
            await asking.ask_due(self.opened())
        return found


async def test_a_slow_channel_is_asked_once_about_each_though_many_wait(db, tmp_path):
    keeper = SlowKeeper()
    trades = [await books.paid(1_000 + number, told=False) for number in range(8)]
    await books.compared(keeper, books.bill([books.row(trade) for trade in trades]), tmp_path)
    for trade in trades:
        keeper.trades[trade.out_trade_no] = trade
    await asking.ask_due(keeper.opened())
    assert Counter(keeper.asked) == Counter(trade.out_trade_no for trade in trades)


@pytest.mark.parametrize("why", get_args(resolving.Why))
def test_what_stands_against_a_decision_is_said_in_words(why):
    for locale in words.LOCALES:
        sentence = resolving.ResolutionNotPossible(why=why).sentence(locale)
        assert why not in sentence.split() and "_" not in sentence and len(sentence) > 20
