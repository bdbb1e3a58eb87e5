"""A bounded share of the model's run, and that the model can fail: broken shops are found."""

import pytest

from billing import (
    abnormal,
    claw_back,
    closings,
    counter,
    due_bills,
    matching,
    merges,
    parts,
    payments,
    settled,
    top_up_refunds,
)
from core import db
from ledger import holds, idempotency
from shop import order_steps, orders
from tests.model import run

SHARE_STEPS, SHARE_S = 1_000, 12
FOUND_WITHIN_STEPS, FOUND_WITHIN_S = 100_000, 240


def test_the_shop_and_the_model_agree_step_by_step(database_url):
    result = run.run(database_url, run.Seeds(SHARE_STEPS, within_s=SHARE_S, explain=False))
    if result.failure is not None:
        pytest.fail(
            f"make model SEED={result.failing_seed} shows it in few steps: {result.failure}",
            pytrace=False,
        )
    assert result.steps > 200


_BREAKS = {
    "bonus first burns principal first": (
        "ledger_burn",
        "WHEN 'bonus_first' THEN (lot.kind = 'principal')::int",
        "WHEN 'bonus_first' THEN (lot.kind = 'bonus')::int",
    ),
    "bonus first burns principal first of several lots": (
        "ledger_lots",
        "WHEN 'bonus_first' THEN (lot.kind = 'principal')::int",
        "WHEN 'bonus_first' THEN (lot.kind = 'bonus')::int",
    ),
    "pro rata rounds up": ("ledger_lots", "THEN floor(amount::numeric", "THEN ceil(amount::numeric"),
    "what expires first is burnt last": (
        "ledger_burn",
        "lot.expires_at NULLS LAST, (lot.kind",
        "lot.expires_at DESC NULLS FIRST, (lot.kind",
    ),
    "the account is not locked first": ("ledger_debit", "ORDER BY a.id FOR NO KEY UPDATE;", ";"),
    "held money is spent": (
        "ledger_burn",
        "WHEN q.amount > a.principal_fen + a.bonus_fen - a.held_fen",
        "WHEN q.amount > a.principal_fen + a.bonus_fen",
    ),
    "any content is a repeat": (
        "ledger_post",
        "THEN 'repeated' ELSE 'mismatch' END",
        "THEN 'repeated' ELSE 'repeated' END",
    ),
    "a partial debit leaves a fen": (
        "ledger_post",
        "ELSE s.principal_fen + s.bonus_fen END)))",
        "ELSE s.principal_fen + s.bonus_fen - 1 END)))",
    ),
}


_QUICKLY_FOUND = {
    "bonus first burns principal first", "the account is not locked first",
    "keys are not remembered", "a repeated word is credited again", "orders expire at once",
}  # fmt: skip


def _each(names):
    """In every run those that are found within seconds, in ``make stress`` the others."""
    return [
        name if name in _QUICKLY_FOUND else pytest.param(name, marks=pytest.mark.stress) for name in names
    ]


@pytest.mark.parametrize("name", _each(_BREAKS))
def test_books_broken_in_the_database_are_found(database_url, name):
    whole = None

    async def breaks():
        nonlocal whole
        function, right, wrong = _BREAKS[name]
        whole = await db.fetchval("SELECT pg_get_functiondef($1::text::regproc)", function)
        assert right in whole
        await db.execute(whole.replace(right, wrong))

    def mend(shop):
        shop.run(db.execute(whole))

    assert _found(database_url, lambda shop: shop.run(breaks()), mend)


async def _nothing(*args, **kwargs):
    return []


async def _no_fen(*args, **kwargs):
    return 0


async def _act_always(*, act, **kwargs):
    return await act()


_PATCHES = {
    "any amount is credited": (payments, "_difference", lambda trade, attempt: None),
    "keys are not remembered": (idempotency, "once", _act_always),
    "what came in settles nothing": (matching.bills, "lock_overdue", _nothing),
    "a repeated word is credited again": (payments, "_PAID", "SELECT $1::text, $2::text, $3::timestamptz, $4::timestamptz"),
    "cancelled orders keep their stock": (order_steps, "_RESERVED", order_steps._RESERVED.replace("reserved > 0", "reserved < 0")),
    "a hold may end twice": (holds, "_END", holds._END.replace("AND state = 'open'", "")),
    "orders expire at once": (orders, "_EXPIRED", orders._EXPIRED.replace("d.expires_at <= $1", "$1 IS NOT NULL")),
    "a later part is due at once": (parts, "due_fen", lambda known: sum(part.owed_fen for part in known)),
    "a part after the first is forgotten": (due_bills, "_COME_AGAIN", due_bills._COME_AGAIN.replace("= next.at", "= NULL")),
    "a rejected deduction is taken unasked": (abnormal, "_GO_ON", abnormal._GO_ON.replace("AND $2", "OR $2")),
    "who is merged takes no plan along": (merges, "_FOLLOW", merges._FOLLOW[2:]),
    "a closed account keeps its bonus": (closings, "forfeit", _no_fen),
    "what is due first is paid first, whatever was chosen": (matching, "_place", lambda bill, due_fen, rule: (bill.due_at, bill.id)),
    "all bonus goes with any refund": (claw_back, "bonus_with", lambda standing, rule, amount_fen: standing.bonus_left_fen),
    "whoever was served has the right all the same": (top_up_refunds, "_HAD_BEFORE", "SELECT $1::bigint IS NULL OR $2::timestamptz IS NULL"),
    "a slip is recorded whenever it is shown": (counter, "_RECORDED", "SELECT NULL WHERE $1 = $2"),
    "a bill that was not paid after all stays paid": (settled, "give_up_part", _nothing),
}  # fmt: skip


@pytest.mark.parametrize("name", _each(_PATCHES))
def test_a_desk_that_forgets_a_rule_is_found(database_url, monkeypatch, name):
    room, attribute, wrong = _PATCHES[name]
    monkeypatch.setattr(room, attribute, wrong)
    assert _found(database_url)


def _found(url, prepare=None, mend=None):
    seeds = run.Seeds(FOUND_WITHIN_STEPS, within_s=FOUND_WITHIN_S, explain=False)
    result = run.run(url, seeds, prepare=prepare, mend=mend)
    return result.failure is not None
