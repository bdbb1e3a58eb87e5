"""Orders in the model."""

from __future__ import annotations

from dataclasses import dataclass

from tests.model.books.refused import Refused

UNPAID, UNPAID_MOST = 30, 20


@dataclass
class Sku:
    price: int
    stock: int
    on_shelf: bool = True


@dataclass
class Order:
    customer: int
    lines: dict[int, int]
    total: int
    expires: int
    state: str = "placed"


class Ordering:
    """Part of ``Books``."""

    def place(self, customer, wanted, key, seen):
        lines = {}
        for sku, quantity in wanted:
            lines[sku] = lines.get(sku, 0) + quantity

        def act():
            wrong = set()
            for sku, quantity in lines.items():
                if sku not in self.skus or not self.skus[sku].on_shelf:
                    wrong.add("sku_not_for_sale")
                elif self.skus[sku].stock < quantity:
                    wrong.add("out_of_stock")
            if (
                sum(one.customer == customer and one.state == "placed" for one in self.orders.values())
                >= UNPAID_MOST
            ):
                wrong.add("too_many_unpaid_orders")
            if wrong:
                raise Refused(*wrong)
            for sku, quantity in lines.items():
                self.skus[sku].stock -= quantity
            total = sum(self.skus[sku].price * quantity for sku, quantity in lines.items())
            number, ends = seen or "?", self.now + UNPAID
            self.orders[number] = Order(customer, lines, total, ends)
            self.issue(
                f"order:{number}", customer, total, ends, mode="full", automatic=False, on_the_minute=False
            )
            return number

        return self.once(customer, "place", key, sorted(lines.items()), act)

    def order_of(self, customer, number):
        order = self.orders.get(number)
        if order is None or order.customer != customer:
            raise Refused("no_such_order")
        return order

    def pay_order(self, customer, number, key):
        def act():
            order = self.order_of(customer, number)
            if order.state != "placed":
                raise Refused("order_state_forbids")
            self.take_in_full(f"order:{number}", "customer")
            if not self.bills[f"order:{number}"].is_owed:
                order.state = "paid"
            return number

        answer = self.once(customer, "pay_order", key, number, act)
        self.order_of(customer, number)
        return answer

    def cancel(self, customer, number):
        order = self.order_of(customer, number)
        if order.state == "completed":
            raise Refused("order_state_forbids")
        if order.state == "cancelled":
            return
        if order.state == "placed" and self._awaited(number):
            raise Refused("bill_payment_awaited")
        bill = self.bills[f"order:{number}"]
        if order.state == "paid":
            self.give_back(bill, bill.to_give_back)
        else:
            self.void(bill)
        for sku, quantity in order.lines.items():
            self.skus[sku].stock += quantity
        order.state = "cancelled"

    def _awaited(self, number):
        return any(
            one.kind == "counter_bill"
            and one.content[0] == f"order:{number}"
            and one.state == "waiting"
            and one.expires > self.now
            for one in self.approvals.values()
        )

    def complete(self, number, key):
        def act():
            if number not in self.orders:
                raise Refused("no_such_order")
            if self.orders[number].state != "paid":
                raise Refused("order_state_forbids")
            if not self.bills[f"order:{number}"].to_give_back:
                raise Refused("order_refunded")
            self.orders[number].state = "completed"
            return number

        return self.once("operator", "hand_over", key, number, act)

    def unpaid_in_time(self):
        return [
            number
            for number, one in self.orders.items()
            if one.state == "placed"
            and one.expires <= self.now
            and not self.bills[f"order:{number}"].pending
            and not self._awaited(number)
        ]

    def expire_order(self, number):
        if (
            self.orders[number].state != "placed"
            or self.bills[f"order:{number}"].pending
            or self._awaited(number)
        ):
            return 0
        self.cancel(self.orders[number].customer, number)
        return 1
