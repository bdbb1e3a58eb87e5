"""Who may buy which recharge package: one judgement for the list a customer sees and for the top-up that is started.

A limit counts top-ups that were paid and those that may still be: started and not closed. Starting checks and inserts under
the lock of the customer's account, and of the package where its stock is limited, so two at once cannot both take the last
one. Money that comes for a top-up that was closed is credited with the terms it was started under, limits or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from billing import caps, packages, stores
from billing.packages import NoSuchPackage, Package, Rules
from billing.stores import Store
from core import clock, db, errors, words
from ledger import accounts
from members import customers, tiers
from members.tiers import Tier


class NotForTier(errors.Conflict):
    """The package is for customers of another tier; ``tiers`` holds the names of those by language."""

    code = "package_not_for_tier"

    def sentence(self, locale: str = words.DEFAULT_LOCALE) -> str:
        """The names in the sentence's own language."""
        return words.say(f"errors.{self.code}", locale, tiers=self.params["tiers"].get(locale, ""))


class NotAtStore(errors.Conflict):
    """The package is sold at certain stores only, and none of them was named."""

    code = "package_not_at_store"


class TooEarly(errors.Conflict):
    """The package is not on offer yet."""

    code = "package_not_yet"


class TooLate(errors.Conflict):
    """The time of the package is over."""

    code = "package_over"


class FirstOnly(errors.Conflict):
    """The package is for a customer's first top-up."""

    code = "package_first_only"


class LimitReached(errors.Conflict):
    """The customer has bought the package as often as one may."""

    code = "package_limit_reached"


class SoldOut(errors.Conflict):
    """All that there were of the package are sold, or being paid."""

    code = "package_sold_out"


class Unfinished(errors.Conflict):
    """A top-up that is not paid yet takes the place; pay or cancel that one first."""

    code = "top_up_unfinished"


REFUSALS = (
    NoSuchPackage, NotForTier, NotAtStore, TooEarly, TooLate, FirstOnly, LimitReached, SoldOut, Unfinished,
    caps.BalanceLimit, stores.NoSuchStore,
)  # fmt: skip
"""What ``check`` and ``buyer_of`` say against a purchase, for whoever sells packages."""


@dataclass(frozen=True, slots=True)
class Names:
    """What tiers and stores are called, by code."""

    tiers: Mapping[str, Tier] = field(default_factory=dict)
    stores: Mapping[str, Store] = field(default_factory=dict)

    def of_tiers(self, codes: Sequence[str], locale: str) -> str:
        """The names of these tiers in one language, the lowest first."""
        between = "、" if locale == words.DEFAULT_LOCALE else ", "
        return between.join(tier.name(locale) for code, tier in self.tiers.items() if code in codes)

    def of_stores(self, codes: Sequence[str]) -> str:
        """The names of these stores."""
        return ", ".join(store.name for code, store in self.stores.items() if code in codes)


@dataclass(frozen=True, slots=True)
class Buyer:
    """What is known of who wants to buy; the defaults are of somebody we do not know."""

    tier: str | None = None
    store: str | None = None
    cap_fen: int | None = None
    principal_fen: int = 0
    promised_fen: int = 0
    has_topped_up: bool = False
    unfinished_no: str | None = None
    """A top-up of theirs that may still be paid, whatever it is for."""
    names: Names = field(default_factory=Names)


@dataclass(frozen=True, slots=True)
class Taken:
    """How often a package has been bought: by the buyer and paid, the buyer's unfinished one, by all."""

    paid: int = 0
    unfinished: int = 0
    unfinished_no: str | None = None
    in_all: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A package as one customer sees it. ``refusal``: why it cannot be bought now; None: it can."""

    package: Package
    refusal: errors.DomainError | None


def refusal(package: Package, buyer: Buyer, taken: Taken) -> errors.DomainError | None:
    """Why this buyer cannot have this package now; None when there is nothing against it."""
    return (_period(package.rules) or _place(package, buyer) or _again(package, buyer, taken)) or over_cap(
        buyer, package.pay_fen
    )


def over_cap(buyer: Buyer, pay_fen: int) -> caps.BalanceLimit | None:
    """The refusal of a top-up that would bring the account above its cap, with the unfinished ones counted as paid."""
    if buyer.cap_fen is None or buyer.principal_fen + buyer.promised_fen + pay_fen <= buyer.cap_fen:
        return None
    return caps.BalanceLimit(
        limit_fen=buyer.cap_fen, principal_fen=buyer.principal_fen, promised_fen=buyer.promised_fen
    )


def _period(rules: Rules) -> errors.DomainError | None:
    now = clock.now()
    if rules.from_at is not None and now < rules.from_at:
        return TooEarly(from_at=rules.from_at)
    if rules.until_at is not None and now >= rules.until_at:
        return TooLate(until_at=rules.until_at)
    return None


def _place(package: Package, buyer: Buyer) -> errors.DomainError | None:
    tiers, stores = package.rules.tiers, package.rules.stores
    if tiers is not None and buyer.tier not in tiers:
        return NotForTier(tiers={locale: buyer.names.of_tiers(tiers, locale) for locale in words.LOCALES})
    if stores is not None and buyer.store not in stores:
        return NotAtStore(stores=buyer.names.of_stores(stores))
    return None


def _again(package: Package, buyer: Buyer, taken: Taken) -> errors.DomainError | None:
    rules = package.rules
    if rules.first_time_only and buyer.has_topped_up:
        return FirstOnly()
    if rules.first_time_only and buyer.unfinished_no is not None:
        return Unfinished(top_up_no=buyer.unfinished_no)
    if rules.per_customer is not None and taken.paid >= rules.per_customer:
        return LimitReached(limit=rules.per_customer)
    if rules.per_customer is not None and taken.paid + taken.unfinished >= rules.per_customer:
        return Unfinished(top_up_no=taken.unfinished_no)
    if rules.stock is not None and taken.in_all >= rules.stock:
        return SoldOut()
    return None


_LOCK_PACKAGE = f"""
SELECT {packages.COLUMNS} FROM recharge_package WHERE id = $1 AND stock IS NOT NULL FOR NO KEY UPDATE
"""
_STARTED = f"""
SELECT EXISTS (SELECT FROM top_up t WHERE t.customer_id = ANY ({customers.NUMBERS.format("$1")}) AND t.state NOT IN ('pending', 'closed')) AS has_topped_up,
       (SELECT t.top_up_no FROM top_up t WHERE t.customer_id = ANY ({customers.NUMBERS.format("$1")}) AND {caps.MAY_BE_PAID} ORDER BY t.id DESC LIMIT 1)
           AS unfinished_no
"""
_TAKEN = f"""
SELECT count(*) FILTER (WHERE t.customer_id = ANY ({customers.NUMBERS.format("$2")}) AND t.state <> 'pending') AS paid,
       count(*) FILTER (WHERE t.customer_id = ANY ({customers.NUMBERS.format("$2")}) AND {caps.MAY_BE_PAID}) AS unfinished,
       max(t.top_up_no) FILTER (WHERE t.customer_id = ANY ({customers.NUMBERS.format("$2")}) AND {caps.MAY_BE_PAID}) AS unfinished_no,
       count(*) FILTER (WHERE t.state <> 'pending' OR {caps.MAY_BE_PAID}) AS in_all
FROM top_up t WHERE t.package_id = $1 AND t.state <> 'closed' AND (t.customer_id = ANY ({customers.NUMBERS.format("$2")}) OR $3)
"""


async def buyer_of(customer_id: int, store: str | None, *, balance: accounts.Balance) -> Buyer:
    """What the rules ask of a customer, with the balance as the caller has read (and perhaps locked) it before.

    Raises:
        NoSuchCustomer: there is none of this id.
        NoSuchStore: ``store`` is none, or has closed.
    """
    if store is not None:
        await stores.check([store])
    customer = await customers.get(customer_id)
    started = await db.fetchrow(_STARTED, customer_id)
    assert started is not None
    return Buyer(
        tier=customer.tier,
        store=store,
        cap_fen=caps.for_named(customer.is_named),
        principal_fen=balance.principal_fen,
        promised_fen=await caps.promised_fen(customer_id),
        **dict(started),
        names=await _names(),
    )


async def _names() -> Names:
    return Names(
        {tier.code: tier for tier in await tiers.listing()},
        {store.code: store for store in await stores.listing(closed_too=True)},
    )


async def check(package_id: int, customer_id: int, buyer: Buyer) -> Package:
    """The package, if the buyer may have it; the caller holds the lock of the customer's account until the top-up is there.

    Raises:
        NoSuchPackage, NotForTier, NotAtStore, TooEarly, TooLate, FirstOnly, LimitReached, SoldOut, Unfinished, BalanceLimit.
    """
    row = await db.fetchrow(_LOCK_PACKAGE, package_id)
    package = packages.of_row(row) if row is not None else await packages.get(package_id)
    if not package.active:
        raise NoSuchPackage(package_id=package_id)
    no = refusal(package, buyer, await _taken(package, customer_id))
    if no is not None:
        raise no
    return package


async def _taken(package: Package, customer_id: int | None) -> Taken:
    if package.rules.per_customer is None and package.rules.stock is None:
        return Taken()
    row = await db.fetchrow(_TAKEN, package.id, customer_id, package.rules.stock is not None)
    assert row is not None
    return Taken(**dict(row))


_OFFERED = f"""
SELECT {packages.COLUMNS} FROM recharge_package WHERE active AND (until_at IS NULL OR until_at > $1)
ORDER BY sort_order, pay_fen, id
"""


async def offered(customer_id: int | None, *, store: str | None = None) -> list[Offer]:
    """The packages a customer may want to see, each with what is against buying it now; None: somebody we do not know.

    Left out: withdrawn ones, those whose time is over, those for a first top-up where it is not one, and those of other
    stores where a store is named.

    Raises:
        NoSuchStore, NoSuchCustomer, NoSuchAccount.
    """
    buyer = Buyer(store=store, names=await _names())
    if customer_id is not None:
        buyer = await buyer_of(customer_id, store, balance=await accounts.balance(customer_id))
    found = []
    for row in await db.fetch(_OFFERED, clock.now()):
        package = packages.of_row(row)
        no = refusal(package, buyer, await _taken(package, customer_id))
        if isinstance(no, FirstOnly) or (isinstance(no, NotAtStore) and store is not None):
            continue
        found.append(Offer(package, no))
    return found
