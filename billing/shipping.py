"""Shipping reports 发货信息: the mini-program's platform lets go of a payment only when it is told that the customer has what was
paid for.

A payment made in the mini-program becomes a row of work; the clock uploads it until the platform has it, or alerts the shop's people.
Top-ups are virtual goods. Orders are picked up at the shop, or virtual, as the settings say; one that is sent waits until all its parcels
have gone, and is reported with them (``follow``). An operator may enter an express parcel instead. No money moves here.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal, Protocol

from billing import staff_alerts
from core import clock, db, errors
from gateways.wechat.platform import PlatformError, PlatformRefused
from gateways.wechat.shipping import NOT_VISIBLE_YET, Parcel, Shipment
from ledger import idempotency

log = logging.getLogger(__name__)

KeyReused = idempotency.KeyReused
How = Literal["virtual", "pick_up", "express"]


class NoSuchShippingReport(errors.NotFound):
    """There is no shipping report for this payment."""

    code = "no_such_shipping_report"


class ShippingReportForbids(errors.Conflict):
    """What the report stands at does not allow this: it is under way, or was corrected before."""

    code = "shipping_report_forbids"


class Platform(Protocol):
    """Who is told; ``gateways.wechat.OrderShipping`` is one."""

    async def is_managed(self) -> bool: ...

    async def report(self, shipment: Shipment) -> None: ...


@dataclass(frozen=True, slots=True)
class ShippingReport:
    """One payment's report. ``due``: to be uploaded; ``waiting``: its order is yet to be sent; ``done``; ``needless``: the platform does not want it; ``given_up``: an operator
    has to look."""

    id: int
    payment_no: str
    channel_trade_no: str
    payer: str
    item: str
    how: How
    express_company: str | None
    tracking_no: str | None
    state: str
    paid_at: datetime
    next_at: datetime | None
    attempts: int
    uploads: int
    last_answer: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where an order is: it is ``to_come`` to its customer, in parcels for the most part; it ``is_over``, so nothing will; or all of it has
    gone in these parcels. None of the three: it is fetched. ``unknown_carrier``: of one of them the platform's code is not known."""

    to_come: bool = False
    is_over: bool = False
    parcels: tuple[Parcel, ...] = ()
    unknown_carrier: str | None = None


Deliveries = Callable[[Sequence[str]], Awaitable[Mapping[str, Delivery]]]
_followed: list[Deliveries] = []


def follow(deliveries: Deliveries) -> None:
    """From now on ``deliveries`` is asked where orders are, by their numbers."""
    _followed[:] = [deliveries]


_WAKE = """
UPDATE shipping_report SET state = 'due', next_at = $2 WHERE state IN ('waiting', 'due') AND payment_no IN (
    SELECT p.payment_no FROM bill b JOIN bill_payment p ON p.bill_id = b.id WHERE b.bill_no = $1 AND p.payment_no IS NOT NULL)
"""


async def look_again(bill_no: str) -> None:
    """What a bill is for has gone, or is over: what waited for that is due. Part of the caller's transaction."""
    await db.execute(_WAKE, bill_no, clock.now())


_LEASE = timedelta(seconds=60)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 60, 3_600
MOST_ATTEMPTS = 14
"""Refusals after which an operator has to look; half a day at these pauses."""
_LOOK_BACK, _OVERLAP = timedelta(days=30), timedelta(hours=1)

_NAMES = ", ".join(field.name for field in fields(ShippingReport))
_COLLECT = """
INSERT INTO shipping_report (payment_no, channel_trade_no, payer, item, how, state, paid_at, next_at, attempts, uploads, created_at)
SELECT p.payment_no, p.channel_trade_no, p.payer,
       CASE WHEN p.purpose = 'top_up' THEN '账户充值 ' || (p.amount_fen / 100.0)::numeric(20, 2) || ' 元' ELSE left(b.title, 120) END,
       CASE WHEN b.source LIKE 'order:%' THEN $2 ELSE 'virtual' END, 'due', p.ended_at, $1, 0, 0, $1
FROM payment p
LEFT JOIN combined_payment c ON p.purpose = 'bill' AND c.combined_no = p.purpose_no
LEFT JOIN bill b ON b.id = c.bill_id
WHERE p.state = 'paid' AND p.channel = 'wechat_pay' AND p.method = 'jsapi' AND p.app_id = $3 AND p.payer IS NOT NULL
  AND p.ended_at > $4 AND NOT EXISTS (SELECT FROM shipping_report r WHERE r.payment_no = p.payment_no)
ORDER BY p.ended_at LIMIT $5
ON CONFLICT (payment_no) DO NOTHING
"""
_LAST = "SELECT max(paid_at) FROM shipping_report"


async def collect(app_id: str, *, orders: Literal["pick_up", "virtual"], limit: int = 500) -> int:
    """Writes down what is to be reported of payments made since the last one, in this mini-program. Returns how many."""
    now = clock.now()
    last: datetime | None = await db.fetchval(_LAST)
    # Payments that committed out of order are found within the overlap.
    since = max(now - _LOOK_BACK, last - _OVERLAP) if last is not None else now - _LOOK_BACK
    return await db.execute(_COLLECT, now, orders, app_id, since, limit)


_CLAIM = f"""
WITH due AS (
    SELECT id FROM shipping_report WHERE next_at <= $1 ORDER BY next_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE shipping_report SET next_at = $3 FROM due WHERE shipping_report.id = due.id
RETURNING {", ".join(f"shipping_report.{field.name}" for field in fields(ShippingReport))}
"""


async def upload(platform: Platform, *, limit: int = 50) -> int:
    """Tells the platform what is due. Returns how many reports have ended. Each is leased first, so that two workers do not tell the same."""
    now = clock.now()
    due = [ShippingReport(*row) for row in await db.fetch(_CLAIM, now, limit, now + _LEASE)]
    if not due:
        return 0
    try:
        is_managed = await platform.is_managed()
    except PlatformError as error:
        log.warning("whether shipments are to be reported is not known: %s", error)
        return 0
    ended, where = 0, await _deliveries(due)
    for report in due:
        try:
            ended += await _upload(platform, report, where.get(report.payment_no), is_managed=is_managed)
        except Exception:  # one that cannot be handled must not keep the others waiting
            log.exception("shipping report of %s could not be uploaded", report.payment_no)
    return ended


_ORDERS = """
SELECT p.payment_no, substr(b.source, 7) AS order_no FROM payment p JOIN combined_payment c ON c.combined_no = p.purpose_no
JOIN bill b ON b.id = c.bill_id WHERE p.payment_no = ANY ($1::text[]) AND b.source LIKE 'order:%'
"""


async def _deliveries(due: Sequence[ShippingReport]) -> dict[str, Delivery]:
    """Where the orders are that these payments were for; not those that are virtual, or sent as an operator said."""
    asked = [report.payment_no for report in due if report.how == "pick_up"]
    rows = await db.fetch(_ORDERS, asked) if asked else []
    if not rows or not _followed:
        return {}
    found = await _followed[0]([row["order_no"] for row in rows])
    return {row["payment_no"]: found[row["order_no"]] for row in rows if row["order_no"] in found}


_END = """
UPDATE shipping_report SET state = $3, next_at = NULL, ended_at = $4, last_answer = $5, attempts = attempts + 1,
    uploads = uploads + $6, how = CASE WHEN $7::text IS NULL THEN how ELSE 'express' END, express_company = coalesce($7, express_company),
    tracking_no = coalesce($8, tracking_no)
WHERE id = $1 AND next_at = $2 AND state = 'due'
"""
_LATER = """
UPDATE shipping_report SET next_at = $3, last_answer = $4, attempts = attempts + $5 WHERE id = $1 AND next_at = $2
"""


_WAIT = "UPDATE shipping_report SET state = 'waiting', next_at = NULL WHERE id = $1 AND next_at = $2"


async def _upload(
    platform: Platform, report: ShippingReport, where: Delivery | None, *, is_managed: bool
) -> bool:
    if not is_managed:
        return await _end(report, "needless", "not managed", uploads=0)
    if where is not None and where.is_over:
        return await _end(report, "needless", "order cancelled", uploads=0)
    if where is not None and where.to_come:
        await db.execute(_WAIT, report.id, report.next_at)
        return False
    if where is not None and where.unknown_carrier is not None:
        return await _give_up(report, f"unknown carrier {where.unknown_carrier}")
    parcels = _parcels(report, where)
    how: How = "express" if parcels else report.how
    try:
        await platform.report(
            Shipment(report.channel_trade_no, report.payer, report.item, how, clock.now(), parcels)
        )
    except PlatformRefused as refused:
        if report.attempts + 1 >= MOST_ATTEMPTS:
            return await _give_up(report, str(refused))
        await _later(report, str(refused), counts=True)
        if refused.errcode != NOT_VISIBLE_YET:
            log.warning("shipping report of %s refused: %s", report.payment_no, refused)
        return False
    except PlatformError as error:
        await _later(report, str(error), counts=False)
        return False
    ended = await _end(report, "done", "ok", uploads=1, first=parcels[0] if parcels else None)
    await staff_alerts.resolve("shipping_given_up", [report.payment_no])
    return ended


def _parcels(report: ShippingReport, where: Delivery | None) -> tuple[Parcel, ...]:
    if report.express_company is not None and report.tracking_no is not None:
        return (Parcel(report.express_company, report.tracking_no),)
    return where.parcels if where is not None else ()


async def _end(
    report: ShippingReport, state: str, answer: str, *, uploads: int, first: Parcel | None = None
) -> bool:
    """Ends a report, unless somebody else has it by now; of what was sent the ``first`` parcel is kept."""
    sent = (first.express_company, first.tracking_no) if first is not None else (None, None)
    return bool(
        await db.execute(_END, report.id, report.next_at, state, clock.now(), answer[:200], uploads, *sent)
    )


async def _give_up(report: ShippingReport, why: str) -> bool:
    async with db.transaction():
        ended = await _end(report, "given_up", why, uploads=0)
        if ended:
            params = {"payment_no": report.payment_no, "why": why[:120]}
            await staff_alerts.raise_once("shipping_given_up", report.payment_no, params)
        return ended


async def _later(report: ShippingReport, answer: str, *, counts: bool) -> None:
    pause_s = min(_FIRST_PAUSE_S * 2 ** min(report.attempts, 10), _LONGEST_PAUSE_S)
    at = clock.now() + timedelta(seconds=pause_s)
    await db.execute(_LATER, report.id, report.next_at, at, answer[:200], int(counts))


_LOCK = f"SELECT {_NAMES} FROM shipping_report WHERE payment_no = $1 FOR NO KEY UPDATE"
_AGAIN = """
UPDATE shipping_report SET state = 'due', next_at = $2, ended_at = NULL, attempts = 0 WHERE id = $1
"""
_EXPRESS = """
UPDATE shipping_report SET how = 'express', express_company = $2, tracking_no = $3, state = 'due', next_at = $4, ended_at = NULL,
    attempts = 0
WHERE id = $1
"""


async def retry(operator_id: int, payment_no: str, *, key: str) -> ShippingReport:
    """Has one that was given up uploaded again.

    Raises:
        NoSuchShippingReport, ShippingReportForbids, KeyReused.
    """

    async def act() -> str:
        report = await _locked(payment_no)
        if report.state != "given_up":
            raise ShippingReportForbids(payment_no=payment_no, state=report.state)
        await db.execute(_AGAIN, report.id, clock.now())
        await staff_alerts.resolve("shipping_given_up", [payment_no])
        return payment_no

    await idempotency.alone(
        caller=f"operator:{operator_id}", operation="shipping.retry", key=key, content={"payment_no": payment_no}, act=act
    )  # fmt: skip
    return await get(payment_no)


async def express(
    operator_id: int, payment_no: str, *, company: str, tracking_no: str, key: str
) -> ShippingReport:
    """Enters the parcel that a payment was sent in; uploaded at once, or once more where it was reported otherwise before.

    Raises:
        NoSuchShippingReport, KeyReused,
        ShippingReportForbids: the platform does not want it, or took a correction before; it takes one.
    """

    async def act() -> str:
        report = await _locked(payment_no)
        if report.state == "needless" or report.uploads > 1:
            raise ShippingReportForbids(payment_no=payment_no, state=report.state)
        await db.execute(_EXPRESS, report.id, company, tracking_no, clock.now())
        await staff_alerts.resolve("shipping_given_up", [payment_no])
        return payment_no

    content = {"payment_no": payment_no, "company": company, "tracking_no": tracking_no}
    await idempotency.alone(
        caller=f"operator:{operator_id}", operation="shipping.express", key=key, content=content, act=act
    )
    return await get(payment_no)


async def _locked(payment_no: str) -> ShippingReport:
    row = await db.fetchrow(_LOCK, payment_no)
    if row is None:
        raise NoSuchShippingReport(payment_no=payment_no)
    return ShippingReport(*row)


_GET = f"SELECT {_NAMES} FROM shipping_report WHERE payment_no = $1"


async def get(payment_no: str) -> ShippingReport:
    """The report of one payment.

    Raises:
        NoSuchShippingReport.
    """
    row = await db.fetchrow(_GET, payment_no)
    if row is None:
        raise NoSuchShippingReport(payment_no=payment_no)
    return ShippingReport(*row)


_PAGE = f"""
SELECT {_NAMES} FROM shipping_report WHERE id < $1 AND ($2::text IS NULL OR state = $2) ORDER BY id DESC LIMIT $3
"""


async def page(
    *, state: str | None = None, before: int | None = None, limit: int = 20
) -> list[ShippingReport]:
    """Reports, newest first: all, or those in a state."""
    rows = await db.fetch(_PAGE, before if before is not None else 2**62, state, limit)
    return [ShippingReport(*row) for row in rows]
