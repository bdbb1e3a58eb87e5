"""Duties 职责: what operators may do. A role is a set of duties; a post is a role held in the whole shop or in one of its stores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core import errors


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

Role = Literal["owner", "manager", "accountant", "cashier", "clerk", "support", "auditor"]

DUTIES: frozenset[Duty] = frozenset(get_args(Duty))
_SEEING = frozenset(duty for duty in DUTIES if duty.endswith(".see"))
_FRONT: frozenset[Duty] = frozenset({"customers.see", "catalogue.see", "orders.see", "plans.see", "shop.see"})

ROLES: Mapping[Role, frozenset[Duty]] = {
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


@dataclass(frozen=True, slots=True)
class Post:
    """A role somebody holds; ``store`` is the code of the only store it is held in, None: in all of the shop."""

    role: Role
    store: str | None = None

    def allows(self, duty: Duty) -> bool:
        """Whether the duty is part of it."""
        return duty in ROLES[self.role] and (self.store is None or duty in IN_A_STORE)


def posts(roles: Sequence[Any] | None, stores: Sequence[str | None] | None) -> tuple[Post, ...]:
    """Posts as the database has them: roles and their stores, in the same order."""
    return tuple(Post(role, store) for role, store in zip(roles or (), stores or (), strict=True))


def allowed(posts: Iterable[Post], duty: Duty) -> bool:
    """Whether any of these posts allows a duty."""
    return any(post.allows(duty) for post in posts)


def stores(posts: Iterable[Post], duty: Duty) -> frozenset[str] | None:
    """The codes of the stores in which these posts allow a duty; None: everywhere."""
    good = [post.store for post in posts if post.allows(duty)]
    if None in good:
        return None
    return frozenset(store for store in good if store is not None)
