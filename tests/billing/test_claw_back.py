"""Claw-back: for any history of spending and refunds the sums keep their promises. Pure arithmetic, no database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import claw_back
from billing.claw_back import Standing

RULES = ("pro_rata", "bonus_first", "unspent_only", "right")


@pytest.mark.parametrize(
    ("rule", "principal_left", "bonus_left", "refundable", "bonus_back"),
    [
        ("pro_rata", 10_000, 2_000, 10_000, 2_000),  # nothing spent: all of it
        ("pro_rata", 10_000, 0, 8_333, 0),  # the bonus was spent: five sixths of what was not are paid money
        ("pro_rata", 5_000, 2_000, 5_000, 1_000),  # principal was spent first
        ("pro_rata", 5_000, 1_000, 5_000, 1_000),  # spent in proportion
        ("pro_rata", 0, 2_000, 0, 0),
        ("bonus_first", 10_000, 0, 10_000, 0),
        ("bonus_first", 10_000, 500, 10_000, 500),
        (
            "bonus_first",
            5_000,
            2_000,
            5_000,
            0,
        ),  # of 50 spent, 20 count as bonus: the 20 left stand for money paid
        ("unspent_only", 5_000, 2_000, 5_000, 2_000),
        ("right", 9_000, 2_000, 9_000, 2_000),
    ],
)
def test_the_examples_of_the_documentation(rule, principal_left, bonus_left, refundable, bonus_back):
    standing = Standing(10_000, 2_000, principal_left, bonus_left)
    assert claw_back.refundable_fen(standing, rule) == refundable
    if refundable:
        assert claw_back.bonus_with(standing, rule, refundable) == bonus_back


def test_expired_bonus_does_not_count_as_spent():
    assert (
        claw_back.refundable_fen(Standing(10_000, 2_000, 10_000, 0, expired_fen=2_000), "pro_rata") == 10_000
    )


amounts = st.integers(0, 30_000)
acts = st.lists(
    st.tuples(st.sampled_from(("principal", "bonus", "refund", "expire", "return")), amounts), max_size=12
)


class History:
    def __init__(self, paid, bonus):
        self.at = Standing(paid, bonus, paid, bonus)

    def change(self, **by):
        self.at = Standing(**{
            name: getattr(self.at, name) + by.get(name, 0)
            for name in ("paid_fen", "bonus_fen", "principal_left_fen", "bonus_left_fen", "refunded_fen", "clawed_fen", "expired_fen")
        })  # fmt: skip

    def refund(self, rule, wanted):
        amount = min(wanted, claw_back.refundable_fen(self.at, rule))
        if not amount:
            return 0
        back = claw_back.bonus_with(self.at, rule, amount)
        assert 0 <= back <= self.at.bonus_left_fen
        self.change(principal_left_fen=-amount, bonus_left_fen=-back, refunded_fen=amount, clawed_fen=back)
        return amount

    def act(self, rule, what, amount):
        at = self.at
        if what == "refund":
            self.refund(rule, amount)
        elif what == "principal":
            self.change(principal_left_fen=-min(amount, at.principal_left_fen))
        elif what == "bonus":
            self.change(bonus_left_fen=-min(amount, at.bonus_left_fen))
        elif what == "expire":
            gone = min(amount, at.bonus_left_fen)
            self.change(bonus_left_fen=-gone, expired_fen=gone)
        else:  # a bill's refund gives back what was spent of the principal
            out = at.paid_fen - at.refunded_fen - at.principal_left_fen
            self.change(principal_left_fen=min(amount, out))


@given(paid=st.integers(1, 20_000), bonus=amounts, rule=st.sampled_from(RULES), acts=acts)
def test_no_history_refunds_more_than_was_paid_or_takes_bonus_that_is_not_there(paid, bonus, rule, acts):
    history = History(paid, bonus)
    for what, amount in acts:
        history.act(rule, what, amount)
        at = history.at
        assert 0 <= claw_back.refundable_fen(at, rule) <= at.principal_left_fen
        assert at.refunded_fen + at.principal_left_fen <= paid and at.spent_fen >= 0
        assert at.clawed_fen + at.bonus_left_fen + at.expired_fen <= bonus


@given(
    paid=st.integers(1, 20_000), bonus=amounts, rule=st.sampled_from(RULES), spent=acts,
    parts=st.lists(st.integers(1, 8_000), max_size=6),
)  # fmt: skip
def test_many_small_refunds_come_to_the_same_as_one(paid, bonus, rule, spent, parts):
    before = [(what, amount) for what, amount in spent if what != "refund"]
    one, many = History(paid, bonus), History(paid, bonus)
    for history in (one, many):
        for what, amount in before:
            history.act(rule, what, amount)
    took = sum(many.refund(rule, part) for part in parts)
    assert one.refund(rule, took) == took
    assert one.at == many.at


@given(paid=st.integers(1, 20_000), bonus=amounts, spent=st.integers(0, 50_000))
def test_pro_rata_gives_back_paid_money_to_the_fen_and_leaves_no_more_bonus_than_a_fen_brought(
    paid, bonus, spent
):
    of_bonus = min(spent, bonus)
    of_principal = min(spent - of_bonus, paid)
    history = History(paid, bonus)
    history.act("pro_rata", "bonus", of_bonus)
    history.act("pro_rata", "principal", of_principal)
    took = history.refund("pro_rata", paid)
    worth = (paid + bonus - of_bonus - of_principal) * paid // (paid + bonus)
    assert took == min(worth, paid - of_principal)
    assert not took or history.at.bonus_left_fen <= -(-bonus // paid)
