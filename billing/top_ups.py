"""Top-ups 充值: a customer asks to put money on the account; the channel's word credits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from billing import agreements, attempts, caps, package_rules, payment_methods, payments, preparing, terms
from billing.channels import Channels, NoSuchChannel
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
    """A top-up with the attempt at a channel that counts: the one that paid it, else the one its customer chose last."""

    id: int
    top_up_no: str
    customer_id: int
    pay_fen: int
    bonus_fen: int
    store: str | None
    state: str
    created_at: datetime
    is_looked_at: bool
    """Whether it is not paid, and an operator has to look at money that came for it."""
    payment: attempts.Payment

    @property
    def standing(self) -> str:
        """Its state as the customer sees it: ``quarantined`` while an operator has to look at money that came for it."""
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
    return await prepared(channels, await get(customer_id, top_up_no))


async def prepared(channels: Channels, made: TopUp) -> TopUp:
    """A top-up whose attempt is opened at its channel, unless that was done and what the customer was given still works.

    Raises:
        ChannelUnavailable, ChannelDeclined.
    """
    if made.payment.left_at is None:
        await preparing.prepare(channels, made.payment, description=f"账户充值 {money.yuan(made.pay_fen)} 元")
    return await get(made.customer_id, made.top_up_no)


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

    async def act() -> str:
        agreed = await terms_of(customer_id, package_id, amount_fen, store)
        top_up_no = await create(customer_id, package_id, store, agreed)
        await agreements.fix_terms(top_up_no, agreement_version, channel="mini_program")
        await attempt(chosen, customer_id, top_up_no, agreed.pay_fen)
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
    return await idempotency.alone(
        caller=accounts.of_customer(customer_id), operation="top_ups.start", key=key, content=asked, act=act
    )


async def attempt(chosen: payment_methods.Chosen, customer_id: int, top_up_no: str, pay_fen: int) -> str:
    """Records an attempt to pay a top-up, in the caller's transaction. Returns its number."""
    return await attempts.create(
        chosen.opened,
        customer_id=customer_id,
        purpose="top_up",
        purpose_no=top_up_no,
        method=chosen.method,
        amount_fen=pay_fen,
        payer=chosen.payer,
        expires_at=clock.now() + LIFETIME,
        app_id=chosen.app_id,
        client_ip=chosen.place.address,
        place=chosen.place.kept,
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
t.state <> 'credited' AND EXISTS (
    SELECT FROM payment a JOIN quarantine q ON q.payment_no = a.payment_no AND q.channel = a.channel
    WHERE a.purpose = 'top_up' AND a.purpose_no = t.top_up_no AND a.state = 'quarantined' AND q.state <> 'resolved'),
{attempts.columns("p")}
FROM top_up t CROSS JOIN LATERAL (
    SELECT * FROM payment WHERE purpose = 'top_up' AND purpose_no = t.top_up_no
    ORDER BY state = 'paid' DESC, left_at IS NULL DESC, id DESC LIMIT 1) p
"""
_GET = f"SELECT {_COLUMNS} WHERE t.top_up_no = $1 AND t.customer_id = $2"


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
    """Asks the channels how the attempts that are still open stand, and acts on the answers. What the customer was given to pay with
    and works no more is asked for anew.

    Raises:
        NoSuchTopUp, ChannelUnavailable.
    """
    failed = await ask_open(channels, await attempts_of(customer_id, top_up_no))
    found = await get(customer_id, top_up_no)
    if found.payment.payment_no in failed:
        raise failed[found.payment.payment_no]
    return await prepared(channels, found) if found.payment.is_stale else found


async def ask_open(
    channels: Channels, tried: Sequence[attempts.Payment], *, give_up: bool = False
) -> dict[str, errors.DomainError]:
    """Asks about those that may still be paid, in this order. Returns why which of them could not be asked about: a channel that has
    given no answer is not waited for again, so that many attempts take no longer than one; the clock asks about the rest."""
    failed: dict[str, errors.DomainError] = {}
    silent: dict[str, errors.DomainError] = {}
    for attempt in (one for one in tried if one.is_open):
        if attempt.channel not in silent:
            try:
                await payments.ask(channels, attempt.payment_no, give_up=give_up)
                continue
            except (payments.ChannelUnavailable, NoSuchChannel) as error:
                silent[attempt.channel] = error
        failed[attempt.payment_no] = silent[attempt.channel]
    return failed


async def attempts_of(customer_id: int, top_up_no: str) -> list[attempts.Payment]:
    """All attempts to pay a top-up of the customer, the newest first.

    Raises:
        NoSuchTopUp: it is not theirs, does not exist, or was paid at the counter.
    """
    found = await attempts.of("top_up", top_up_no, customer_id)
    if not found:
        raise NoSuchTopUp(top_up_no=top_up_no)
    return found[::-1]


async def cancel(channels: Channels, customer_id: int, top_up_no: str) -> TopUp:
    """Gives up an unpaid top-up: it is closed at the channel, then here. Money that came meanwhile is credited instead.

    Where the channel cannot promise that a number will not be paid any more it stays open until its time is over.

    Raises:
        NoSuchTopUp, ChannelUnavailable.
    """
    failed = await ask_open(channels, await attempts_of(customer_id, top_up_no), give_up=True)
    found = await get(customer_id, top_up_no)
    if failed and found.state == "pending":
        raise next(iter(failed.values()))
    return found


_PAGE = f"SELECT {_COLUMNS} WHERE t.customer_id = $1 AND t.id < $2 ORDER BY t.id DESC LIMIT $3"


async def page(customer_id: int, *, before: int | None = None, limit: int = 20) -> list[TopUp]:
    """The customer's top-ups, newest first; ``before`` is the id the last page ended at."""
    rows = await db.fetch(_PAGE, customer_id, before if before is not None else 2**62, limit)
    return [_top_up(tuple(row)) for row in rows]


def _top_up(row: tuple[Any, ...]) -> TopUp:
    names = (field.name for field in fields(TopUp))
    return TopUp(**dict(zip(names, (*row[:9], attempts.of_row(row[9:])), strict=True)))
