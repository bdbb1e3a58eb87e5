"""Each condition of the checks of deductions under review (I10, I11), broken where no other sees it."""

from billing import deduction_rules, reviews
from shop import orders
from tests import factories
from tests.ledger import breaking


async def decided_and_not():
    """A payment that waits for an operator; one that was approved, and one that was rejected."""
    for decide in (None, reviews.approve, reviews.reject):
        customer = await factories.customer(principal=700)
        order = await factories.order(customer.id, 600)
        assert (await orders.pay(customer.id, order.order_no, key=factories.key())).under_review
        (waiting,) = await reviews.page(state="waiting", customer_id=customer.id)
        if decide is not None:
            await decide(1, waiting.review_no, key=factories.key())


_HOLD = "a review whose hold is not what its state says"
_BILL = "a bill that waits for a review that does not wait for it"
_OF_REVIEWS = "reference LIKE 'review:%'"

CONDITIONS = {
    "nothing is held": (_HOLD, f"DELETE FROM hold WHERE {_OF_REVIEWS}"),
    "less is held": (_HOLD, "UPDATE deduction_review SET amount_fen = amount_fen + 1"),
    "waiting and let go": (
        _HOLD,
        f"UPDATE hold SET state = 'released', ended_at = now() WHERE state = 'open' AND {_OF_REVIEWS}",
    ),
    "approved and let go": (
        _HOLD,
        f"UPDATE hold SET state = 'released', captured_fen = 0 WHERE state = 'captured' AND {_OF_REVIEWS}",
    ),
    "rejected and held": (
        _HOLD,
        f"UPDATE hold SET state = 'open', ended_at = NULL WHERE state = 'released' AND {_OF_REVIEWS}",
    ),
    "rejected and taken": (_HOLD, "UPDATE deduction_review SET state = 'rejected' WHERE state = 'approved'"),
    "the bill does not wait": (_BILL, "UPDATE bill SET pending_no = NULL"),
    "the bill waits for none": (_BILL, "UPDATE bill SET pending_no = 'Yx' WHERE pending_no IS NOT NULL"),
    "the bill waits for one that is over": (
        _BILL,
        "UPDATE bill b SET pending_no = (SELECT review_no FROM deduction_review WHERE bill_id = b.id AND state = 'rejected')"
        " WHERE state = 'open' AND pending_no IS NULL",
    ),
    "over, and the bill waits": (
        _BILL,
        "UPDATE deduction_review SET state = 'rejected', decided_at = now() WHERE state = 'waiting'",
    ),
    "two bills wait for one": (
        _BILL,
        "UPDATE bill SET pending_no = (SELECT review_no FROM deduction_review WHERE state = 'waiting' ORDER BY id DESC LIMIT 1)"
        " WHERE state = 'open' AND pending_no IS NULL",
    ),
}


async def test_every_condition_is_seen_by_its_own_check(db):
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )
    mark = await breaking.marked_between(decided_and_not)
    assert await breaking.unseen(CONDITIONS, mark) == []
