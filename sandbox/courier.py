"""Notifications to the merchant, sent again on a schedule until accepted. Used by both payment channels."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.agenda import Agenda
from sandbox.clock import WorldClock
from sandbox.faults import FaultPlan, Rule
from sandbox.store import Shelf, Store


@dataclass
class Delivery:
    """One notification and the tries so far; `state` waiting | accepted | given_up | lost."""

    id: str
    route: str
    url: str
    subject: str
    body: dict[str, Any]
    created_at: float
    state: str = "waiting"
    tries: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    accepted: bool
    note: str


# A sender makes one HTTP call for a delivery, misbehaving as the fault says.
Sender = Callable[[Delivery, Rule | None], Awaitable[Outcome]]


@dataclass(frozen=True)
class Route:
    """How one channel notifies: the sender, the pauses (seconds) between its tries, how it can misbehave."""

    send: Sender
    pauses_s: Sequence[float]
    faults: frozenset[str]


class Courier:
    def __init__(
        self, store: Store, clock: WorldClock, agenda: Agenda, faults: FaultPlan, time_scale: float
    ) -> None:
        self._clock = clock
        self._agenda = agenda
        self._faults = faults
        self._time_scale = time_scale
        self._deliveries = Shelf(store, "delivery", Delivery)
        self._routes: dict[str, Route] = {}
        agenda.register("delivery", self._try)

    def open_route(self, name: str, route: Route) -> None:
        self._routes[name] = route
        self._faults.declare(name, route.faults | {"delay", "drop", "duplicate"})
        self._faults.declare(f"{name}.queue", {"delay_all", "lose"})

    def send(self, *, route: str, url: str, subject: str, body: dict[str, Any]) -> str:
        """Queues a notification; the first try goes out at once."""
        delivery = Delivery(uuid.uuid4().hex, route, url, subject, body, self._clock.epoch_s())
        self._deliveries.put(delivery.id, delivery)
        fault = self._faults.take(f"{route}.queue")
        if fault is not None and fault.do == "lose":
            delivery.state = "lost"
            self._deliveries.put(delivery.id, delivery)
        else:
            delay_s = fault.seconds if fault is not None and fault.do == "delay_all" else 0.0
            self._agenda.add("delivery", {"id": delivery.id}, delay_s=delay_s)
        return delivery.id

    def resend(self, delivery_id: str) -> bool:
        """One more try out of turn, accepted or not: the duplicate every channel promises to send."""
        if self._deliveries.get(delivery_id) is None:
            return False
        self._agenda.add("delivery", {"id": delivery_id, "extra": True})
        return True

    def deliveries(self) -> list[Delivery]:
        return list(self._deliveries)

    async def _try(self, errand: dict[str, Any]) -> None:
        delivery = self._deliveries.get(errand["id"])
        if delivery is None or (delivery.state != "waiting" and not errand.get("extra")):
            return
        route = self._routes[delivery.route]
        fault = self._faults.take(delivery.route)
        if fault is not None and fault.do == "delay":
            self._agenda.add("delivery", errand, delay_s=fault.seconds)
            return
        if fault is not None and fault.do == "drop":
            outcome = Outcome(False, "dropped on purpose")
        else:
            outcome = await route.send(delivery, fault)
        if fault is not None and fault.do == "duplicate":
            self._agenda.add("delivery", {"id": delivery.id, "extra": True})
        self._record(delivery, outcome, route, extra=bool(errand.get("extra")))

    def _record(self, delivery: Delivery, outcome: Outcome, route: Route, *, extra: bool) -> None:
        delivery.tries.append(
            {"at": self._clock.epoch_s(), "accepted": outcome.accepted, "note": outcome.note, "extra": extra}
        )
        if outcome.accepted:
            delivery.state = "accepted"
        elif not extra:
            regular_tries = sum(1 for one in delivery.tries if not one["extra"])
            if regular_tries > len(route.pauses_s):
                delivery.state = "given_up"
            else:
                pause_s = route.pauses_s[regular_tries - 1] * self._time_scale
                self._agenda.add("delivery", {"id": delivery.id}, delay_s=pause_s)
        self._deliveries.put(delivery.id, delivery)
