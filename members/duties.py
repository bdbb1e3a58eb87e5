"""Duties 职责: what operators may do. A role is a set of duties; a post is a role held in the whole shop or in one of its stores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from core import errors
from members import amount_limits
from members.amount_limits import Kind, Limits, Most


class NotYourStore(errors.Forbidden):
    """What was asked for is another store's, or the whole shop's, and the operator's posts are in others."""

    code = "not_your_store"


Duty = Literal[
    "customers.see", "customers.change", "money.see", "money.take", "money.move", "money.approve", "books.see", "books.close",
    "catalogue.see", "catalogue.change", "stock.change", "orders.see", "orders.serve", "plans.see", "plans.change", "plans.run",
    "messages.see", "messages.change", "chats.see", "chats.answer", "rules.see", "rules.change", "shop.see", "shop.run", "people.see", "people.change",
]  # fmt: skip
"""``money.take``: at the counter, from balances, holds; ``move``: adjust, refund, transfer, merge, close, pay out; ``approve``: decide as
the second person. ``books``: reconciliation. ``rules``: tiers, stores, packages, dunning, credit, fees. ``shop``: jobs, alerts, proof.
``chats``: what customers say to the shop's people. ``people``: operators and what they did."""

FixedRole = Literal["owner", "manager", "accountant", "cashier", "clerk", "support", "auditor"]

FIXED: tuple[FixedRole, ...] = get_args(FixedRole)
IN_ORDER: tuple[Duty, ...] = get_args(Duty)
DUTIES: frozenset[Duty] = frozenset(IN_ORDER)
_SEEING = frozenset(duty for duty in DUTIES if duty.endswith(".see"))
_FRONT: frozenset[Duty] = frozenset({"customers.see", "catalogue.see", "orders.see", "plans.see", "shop.see"})

ROLES: Mapping[str, frozenset[Duty]] = {
    "owner": DUTIES,
    "manager": DUTIES - {"people.change"},
    "accountant": (_SEEING - {"chats.see"}) | {"money.move", "money.approve", "books.close"},
    "cashier": _FRONT
    | {
        "customers.change",
        "money.see",
        "money.take",
        "orders.serve",
        "plans.change",
        "chats.see",
        "chats.answer",
    },
    "clerk": frozenset({"catalogue.see", "stock.change", "orders.see", "orders.serve", "shop.see"}),
    "support": _FRONT | {"messages.see", "messages.change", "orders.serve", "chats.see", "chats.answer"},
    "auditor": _SEEING,
}

IN_A_STORE: frozenset[Duty] = frozenset(
    {
        "catalogue.see", "stock.change", "orders.see", "orders.serve", "customers.see", "customers.change", "money.take", "money.see",
        "plans.see", "plans.change", "shop.see", "chats.see", "chats.answer",
    }
)  # fmt: skip
"""What a post in one store is good for. All else concerns the whole shop, whoever looks."""


COUNTED: Mapping[Kind, frozenset[Duty]] = {
    "counter": frozenset({"money.take", "money.approve"}),
    "adjustments": frozenset({"money.move", "books.close", "money.approve"}),
    "refunds": frozenset({"money.move", "orders.serve", "money.approve"}),
    "write_offs": frozenset({"money.move", "money.take", "plans.run", "money.approve"}),
    "credit": frozenset({"rules.change", "money.approve"}),
    "gifts": frozenset({"money.move", "rules.change", "money.approve"}),
}
"""With which duties an amount of each kind is moved, or agreed to."""


@dataclass(frozen=True, slots=True)
class Post:
    """A role somebody holds; ``store`` is the code of the only store it is held in, None: in all of the shop. A role that the shop has
    composed itself brings its name and its duties along (``members.roles``)."""

    role: str
    store: str | None = None
    role_name: str | None = field(default=None, compare=False)
    composed_of: frozenset[Duty] = field(default=frozenset(), compare=False)
    limits: Limits = field(default_factory=dict, compare=False)

    @property
    def duties(self) -> frozenset[Duty]:
        """What it is good for, where it is held."""
        granted = ROLES.get(self.role, self.composed_of)
        return granted if self.store is None else granted & IN_A_STORE

    def allows(self, duty: Duty) -> bool:
        """Whether the duty is part of it."""
        return duty in self.duties

    def most(self, kind: Kind) -> Most:
        """How much of a kind may be moved with it."""
        return self.limits.get(kind, amount_limits.OPEN)


def allowed(posts: Iterable[Post], duty: Duty) -> bool:
    """Whether any of these posts allows a duty."""
    return any(post.allows(duty) for post in posts)


def stores(posts: Iterable[Post], duty: Duty) -> frozenset[str] | None:
    """The codes of the stores in which these posts allow a duty; None: everywhere."""
    good = [post.store for post in posts if post.allows(duty)]
    if None in good:
        return None
    return frozenset(store for store in good if store is not None)


def most(posts: Iterable[Post], kind: Kind, duty: Duty, *, store: str | None = None) -> tuple[Most, ...]:
    """How much of a kind each of these posts allows that allow the duty, the highest last, in the store of this code, with "" in the whole
    shop only; None: wherever. Without any, nothing. Each is a bound of its own: one does not lift what another bounds."""
    good = {
        post.most(kind)
        for post in posts
        if post.allows(duty) and (store is None or post.store in (None, store))
    }
    return tuple(sorted(good or {amount_limits.NOTHING}, key=amount_limits.height))


def covers(mine: Sequence[Post], given: Post) -> bool:
    """Whether who has these posts may do all that another post allows, where it allows it, and as much of it."""
    return all(any(_covers(one, given, duty) for one in mine) for duty in given.duties)


def _covers(mine: Post, given: Post, duty: Duty) -> bool:
    kinds = (kind for kind, duties in COUNTED.items() if duty in duties)
    return (
        mine.allows(duty)
        and mine.store in (None, given.store)
        and all(mine.most(kind).covers(given.most(kind)) for kind in kinds)
    )
