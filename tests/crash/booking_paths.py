"""Reservations that die halfway: booked and paid, cancelled, attended, every week."""

from datetime import datetime, timedelta

from billing import plan_actors
from core import clock, db
from ledger import accounts
from shop import bookables, booking_corrections, booking_ends, bookings
from tests import factories
from tests.crash.path import Path


class _Path(Path):
    """A customer, and two lessons that begin a day and eight ahead."""

    pays: bookables.Pays = "at_booking"
    charges_late = True

    async def before(self):
        made = await super().before()
        sku = await factories.sku(2_000)
        wanted = bookables.Wanted(
            "茶艺课", sku.id, self.pays, (), cancel_hours=2, charges_late=self.charges_late
        )
        lesson = await bookables.add(1, wanted, key=f"lesson-{made['customer']}")
        first = clock.now() + timedelta(days=1)
        begins = [first, first + timedelta(days=7)]
        slots = [await bookables.put_slot(lesson.id, at, minutes=60, capacity=2) for at in begins]
        return {**made, "slots": slots, "begins": first.isoformat()}

    def by(self, made):
        return plan_actors.by_customer(made["customer"])

    async def left(self, made):
        """What the customer has, and how many places are taken."""
        taken = await db.fetchval("SELECT sum(taken) FROM booking_slot WHERE id = ANY ($1)", made["slots"])
        return (await accounts.balance(made["customer"])).balance_fen, taken


class BookAndCancel(_Path):
    """A place is booked and paid, and another; the first is cancelled in time."""

    async def act(self, made):
        first, second = made["slots"]
        number = await bookings.book(self.by(made), made["customer"], first, key="book-it-01")
        await bookings.book(self.by(made), made["customer"], second, key="book-it-02")
        await booking_ends.cancel(self.by(made), number, key="cancel-it-1")

    async def wrong(self, made):
        told = await self.told(made)
        return (*await self.left(made), told["deducted"], told["refunded"]) != (9_000, 1, 2, 1)


class CancelByYes(_Path):
    """A place is booked and paid; the customer says yes to cancelling it for nothing."""

    async def act(self, made):
        number = await bookings.book(self.by(made), made["customer"], made["slots"][0], key="book-it-01")
        await booking_ends.cancel_as_shown(made["customer"], number, "booked|2000|False", key="yes-cancel-1")

    async def wrong(self, made):
        return (*await self.left(made), (await self.told(made))["refunded"]) != (11_000, 0, 1)


class Attend(_Path):
    """Places are booked for two weeks; the customer comes to the first."""

    pays = "at_attendance"

    async def act(self, made):
        places = await bookings.book_weekly(
            self.by(made), made["customer"], made["slots"][0], weeks=2, key="weekly-01"
        )
        begins = datetime.fromisoformat(made["begins"])
        clock.set_offset(begins - clock.now() + clock.offset())
        number = places.places[0].booking_no
        await booking_ends.mark(1, number, "attended", key=f"mark-{number}")

    async def wrong(self, made):
        return (*await self.left(made), (await self.told(made))["deducted"]) != (9_000, 2, 1)


class Correct(_Path):
    """Somebody who did not come is marked as there and pays; that is corrected, and what was paid returns."""

    pays = "at_attendance"
    charges_late = False

    async def act(self, made):
        number = await bookings.book(self.by(made), made["customer"], made["slots"][0], key="book-it-01")
        begins = datetime.fromisoformat(made["begins"])
        clock.set_offset(begins - clock.now() + clock.offset())
        await booking_ends.mark(1, number, "attended", key=f"mark-{number}")
        await booking_corrections.correct(1, number, "no_show", reason="x", key=f"correct-{number}")

    async def wrong(self, made):
        return (*await self.left(made), (await self.told(made))["refunded"]) != (11_000, 1, 1)


PATHS = {"book_and_cancel": BookAndCancel, "cancel_by_yes": CancelByYes, "attend": Attend, "correct": Correct}
