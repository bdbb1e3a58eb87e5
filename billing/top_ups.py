"""Top-ups 充值: a customer asks to put money on the account; the channel's word credits it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from billing import agreements, attempts, caps, package_rules, payment_methods, payments, terms
from billing.channels import Channels
from core import clock, db, errors, ids, money
from ledger import accounts, idempotency


class NoSuchTopUp(errors.NotFound):
    """The customer has no top-up of this number."""

    code = "no_such_top_up"


class AmountOutOfRange(errors.Invalid):
    """A top-up of this amount is not taken."""

    code = "top_up_amount_out_of_range"


class PackageOrAmount(errors.Invalid):
    """A top-up names either a package or an amount."""

    code = "package_or_amount"


PayerUnknown = attempts.PayerUnknown
MethodNotHere = payment_methods.MethodNotHere
ReturnAddressNotOurs = payment_methods.ReturnAddressNotOurs
BalanceLimit = caps.BalanceLimit
KeyReused = idempotency.KeyReused
AgreementRequired = agreements.AgreementRequired
AgreementOutdated = agreements.AgreementOutdated


@dataclass(frozen=True, slots=True)
class TopUp:
    """A top-up with its attempt at the channel."""

    id: int
    top_up_no: str
    customer_id: int
    pay_fen: int
    bonus_fen: int
    store: str | None
    state: str
    created_at: datetime
    is_looked_at: bool
    """Whether an operator has to look at its payment's money."""
    payment: attempts.Payment

    @property
    def standing(self) -> str:
        """Its state as the customer sees it: ``quarantined`` while an operator has to look at its payment."""
        return "quarantined" if self.is_looked_at else self.state


LIFETIME = timedelta(minutes=30)
"""How long a customer may take to pay."""

_CREATE = """
INSERT INTO top_up (top_up_no, customer_id, package_id, pay_fen, bonus_fen, bonus_days, store, state, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8)
"""


async def start(
    channels: Channels,
    customer_id: int,
    *,
    package_id: int | None,
    amount_fen: int | None,
    channel: str,
    method: str,
    payer: str | None = None,
    store: str | None = None,
    key: str,
    agreement_version: str | None = None,
    place: payment_methods.Place = payment_methods.NOWHERE,
) -> TopUp:
    """Makes a top-up and prepares its payment at the channel. The same key gives the same top-up, prepared again if needed.

    ``payer`` is the customer's openid, used where the method needs one and looked up when left out; ``store`` the code of the store it is started at;
    ``agreement_version`` the version of the prepayment agreement that the customer agrees to, needed where one is published;
    ``place`` where the customer is.

    Raises:
        MethodNotHere, ReturnAddressNotOurs, PayerUnknown, PackageOrAmount, AmountOutOfRange, BalanceLimit, NoSuchStore, NoSuchChannel, KeyReused,
        AgreementRequired, AgreementOutdated,
        NoSuchPackage, NotForTier, NotAtStore, TooEarly, TooLate, FirstOnly, LimitReached, SoldOut, Unfinished: see ``package_rules``.
        ChannelUnavailable: the channel gave no definite answer; asking again with the same key is safe.
    """
    top_up_no = await _make(
        channels,
        customer_id,
        package_id=package_id,
        amount_fen=amount_fen,
        channel=channel,
        method=method,
        payer=payer,
        store=store,
        key=key,
        agreement_version=agreement_version,
        place=place,
    )
    made = await get(customer_id, top_up_no)
    await payments.prepare(channels, made.payment, description=f"账户充值 {money.yuan(made.pay_fen)} 元")
    return await get(customer_id, top_up_no)


@db.retried
async def _make(
    channels: Channels,
    customer_id: int,
    *,
    package_id: int | None,
    amount_fen: int | None,
    channel: str,
    method: str,
    payer: str | None,
    store: str | None,
    key: str,
    agreement_version: str | None = None,
    place: payment_methods.Place,
) -> str:
    chosen = await payment_methods.choose(
        channels, customer_id, channel=channel, method=method, place=place, payer=payer
    )
    caller = accounts.of_customer(customer_id)

    async def act() -> str:
        agreed = await terms_of(customer_id, package_id, amount_fen, store)
        top_up_no = await create(customer_id, package_id, store, agreed)
        await agreements.fix_terms(top_up_no, agreement_version, channel="mini_program")
        await attempts.create(
            chosen.opened,
            customer_id=customer_id,
            purpose="top_up",
            purpose_no=top_up_no,
            method=method,
            amount_fen=agreed.pay_fen,
            payer=chosen.payer,
            expires_at=clock.now() + LIFETIME,
            app_id=chosen.app_id,
            client_ip=chosen.place.address,
            place=chosen.place.kept,
        )
        return top_up_no

    asked = {
        "package_id": package_id,
        "amount_fen": amount_fen,
        "channel": channel,
        "method": method,
        "store": store,
        "agreement_version": agreement_version,
        "client": place.client,
    }
    async with db.transaction():
        return await idempotency.once(
            caller=caller, operation="top_ups.start", key=key, content=asked, act=act
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What is paid for a top-up, and what is given with it."""

    pay_fen: int
    bonus_fen: int
    bonus_days: int | None


async def terms_of(
    customer_id: int, package_id: int | None, amount_fen: int | None, store: str | None
) -> Terms:
    """What is paid and given. From here to the end of the transaction the customer has no other top-up started: two at once
    would each find room for themselves alone under the cap and in what a package is limited to.

    Raises:
        PackageOrAmount, AmountOutOfRange, BalanceLimit, NoSuchStore, NoSuchAccount, and what ``package_rules`` says against it.
    """
    if (package_id is None) == (amount_fen is None):
        raise PackageOrAmount
    least, most = terms.current().top_up_min_fen, terms.current().top_up_max_fen
    if amount_fen is not None and not max(1, least) <= amount_fen <= most:
        raise AmountOutOfRange(min_fen=least, max_fen=most)
    balance = await accounts.locked_balance(customer_id)
    buyer = await package_rules.buyer_of(customer_id, store, balance=balance)
    if package_id is not None:
        package = await package_rules.check(package_id, customer_id, buyer)
        return Terms(package.pay_fen, package.bonus_fen, package.bonus_days)
    assert amount_fen is not None
    if no := package_rules.over_cap(buyer, amount_fen):
        raise no
    return Terms(amount_fen, 0, None)


async def create(customer_id: int, package_id: int | None, store: str | None, agreed: Terms) -> str:
    """Writes an unpaid top-up down, in the caller's transaction. Returns its number."""
    top_up_no = ids.new_no("T")
    await db.execute(
        _CREATE, top_up_no, customer_id, package_id, agreed.pay_fen, agreed.bonus_fen, agreed.bonus_days, store, clock.now()
    )  # fmt: skip
    return top_up_no


_COLUMNS = f"""
t.id, t.top_up_no, t.customer_id, t.pay_fen, t.bonus_fen, t.store, t.state, t.created_at,
p.state = 'quarantined' AND EXISTS (
    SELECT FROM quarantine q WHERE q.payment_no = p.payment_no AND q.channel = p.channel AND q.state <> 'resolved'),
{attempts.columns("p")}
FROM top_up t JOIN payment p ON p.purpose = 'top_up' AND p.purpose_no = t.top_up_no
"""
_GET = f"SELECT {_COLUMNS} WHERE t.top_up_no = $1 AND t.customer_id = $2 ORDER BY p.id DESC LIMIT 1"


async def get(customer_id: int, top_up_no: str) -> TopUp:
    """One top-up of the customer.

    Raises:
        NoSuchTopUp: it is not theirs or does not exist.
    """
    row = await db.fetchrow(_GET, top_up_no, customer_id)
    if row is None:
        raise NoSuchTopUp(top_up_no=top_up_no)
    return _top_up(tuple(row))


async def check(channels: Channels, customer_id: int, top_up_no: str) -> TopUp:
    """Asks the channel how the payment stands, if it is still open, and acts on the answer.

    Raises:
        NoSuchTopUp, ChannelUnavailable.
    """
    found = await get(customer_id, top_up_no)
    if found.payment.is_open:
        await payments.ask(channels, found.payment.payment_no)
    return await get(customer_id, top_up_no)


async def cancel(channels: Channels, customer_id: int, top_up_no: str) -> TopUp:
    """Gives up an unpaid top-up: it is closed at the channel, then here. Money that came meanwhile is credited instead.

    Where the channel cannot promise that the number will not be paid any more it stays open until its time is over.

    Raises:
        NoSuchTopUp, ChannelUnavailable.
    """
    found = await get(customer_id, top_up_no)
    if found.payment.is_open:
        await payments.ask(channels, found.payment.payment_no, give_up=True)
    return await get(customer_id, top_up_no)


_PAGE = f"SELECT {_COLUMNS} WHERE t.customer_id = $1 AND t.id < $2 ORDER BY t.id DESC LIMIT $3"


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[TopUp]:
    """The customer's top-ups, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, limit)
    return [_top_up(tuple(row)) for row in rows]


def _top_up(row: tuple[Any, ...]) -> TopUp:
    names = (field.name for field in fields(TopUp))
    return TopUp(**dict(zip(names, (*row[:9], attempts.of_row(row[9:])), strict=True)))
