"""Which duty each operation of the operators' API calls for. The only place that says so; ``members.duties`` says who has which."""

from __future__ import annotations

from dataclasses import replace

from admin_api import limited
from admin_api.services import Operator
from core import http as kit
from members import limits, step_up
from members.duties import DUTIES, Duty

OF_FILES: dict[str, tuple[Duty, Duty]] = {
    "acts": ("people.see", "people.change"),
    "adjustments": ("money.see", "money.move"),
    "after_sales": ("orders.see", "orders.serve"),
    "agreements": ("customers.see", "rules.change"),
    "alerts": ("shop.see", "shop.run"),
    "approvals": ("money.see", "money.approve"),
    "bills": ("money.see", "money.take"),
    "bookings": ("orders.see", "orders.serve"),
    "canned_answers": ("chats.see", "chats.answer"),
    "categories": ("catalogue.see", "catalogue.change"),
    "chats": ("customers.see", "customers.change"),
    "chat_menus": ("messages.see", "rules.change"),
    "chat_scenes": ("messages.see", "messages.change"),
    "chat_words": ("messages.see", "messages.change"),
    "closings": ("money.see", "money.move"),
    "combined_payments": ("money.see", "money.move"),
    "conversations": ("chats.see", "chats.answer"),
    "counter": ("money.see", "money.take"),
    "coupons": ("customers.see", "rules.change"),
    "credit": ("money.see", "rules.change"),
    "customers": ("customers.see", "customers.change"),
    "deduction_rules": ("rules.see", "rules.change"),
    "delivery_addresses": ("customers.see", "customers.change"),
    "differences": ("books.see", "books.close"),
    "due_runs": ("plans.see", "plans.run"),
    "dunning": ("rules.see", "rules.change"),
    "explanations": ("money.see", "money.move"),
    "freight": ("rules.see", "rules.change"),
    "holds": ("money.see", "money.take"),
    "invoices": ("money.see", "money.move"),
    "instalments": ("money.see", "money.take"),
    "merges": ("money.see", "money.move"),
    "messages": ("messages.see", "messages.change"),
    "notices": ("books.see", "books.close"),
    "opening_hours": ("shop.see", "messages.change"),
    "operators": ("people.see", "people.change"),
    "orders": ("orders.see", "orders.serve"),
    "packages": ("rules.see", "rules.change"),
    "parcels": ("orders.see", "orders.serve"),
    "payments": ("money.see", "money.take"),
    "plan_offers": ("plans.see", "rules.change"),
    "plans": ("plans.see", "plans.change"),
    "points": ("customers.see", "rules.change"),
    "price_rules": ("catalogue.see", "catalogue.change"),
    "product_images": ("catalogue.see", "catalogue.change"),
    "product_tables": ("catalogue.see", "catalogue.change"),
    "products": ("catalogue.see", "catalogue.change"),
    "quarantine": ("books.see", "money.move"),
    "rates": ("books.see", "rules.change"),
    "receipts": ("money.see", "money.take"),
    "reconciliation": ("books.see", "books.close"),
    "refunds": ("money.see", "money.move"),
    "remittances": ("money.see", "money.move"),
    "reports": ("books.see", "books.close"),
    "reversals": ("money.see", "money.move"),
    "reviews": ("money.see", "money.approve"),
    "roles": ("people.see", "people.change"),
    "segments": ("customers.see", "messages.change"),
    "settings": ("customers.see", "rules.change"),
    "shipping": ("orders.see", "orders.serve"),
    "staff": ("people.see", "people.change"),
    "standing_orders": ("plans.see", "plans.change"),
    "statements": ("money.see", "money.move"),
    "stock": ("catalogue.see", "stock.change"),
    "shop_settings": ("rules.see", "rules.change"),
    "stores": ("shop.see", "rules.change"),
    "tiers": ("customers.see", "rules.change"),
    "tickets": ("chats.see", "chats.answer"),
    "transfers": ("money.see", "money.move"),
    "upkeep": ("shop.see", "shop.run"),
    "vouchers": ("money.see", "money.approve"),
}
"""By the handler's file: the duty to read, and the duty to change."""

OF_OPERATIONS: dict[str, Duty | None] = {
    "after_sales_refund": "money.move",
    "bookings_add": "rules.change",
    "bookings_book": "money.take",
    "bookings_book_weekly": "money.take",
    "bookings_change": "rules.change",
    "bookings_close_days": "rules.change",
    "bookings_put_slot": "rules.change",
    "chat_scenes_origin": "customers.see",
    "chat_words_explain": "messages.see",
    "canned_answers_add_shops": "messages.change",
    "canned_answers_change_shops": "messages.change",
    "canned_answers_remove_shops": "messages.change",
    "conversations_colleagues": "chats.answer",
    "dunning_cases": "plans.see",
    "dunning_write_off": "money.move",
    "instalments_preview": "money.see",
    "messages_preview": "messages.see",
    "operators_sign_out": None,
    "points_adjust": "money.move",
    "refunds_approve": "money.approve",
    "refunds_reject": "money.approve",
    "passkeys_add": None,
    "passkeys_ask_again": None,
    "passkeys_begin": None,
    "passkeys_mine": None,
    "passkeys_remove": None,
    "passkeys_rename": None,
    "passkeys_show_again": None,
    "second_factors_begin_totp": None,
    "second_factors_confirm_totp": None,
    "second_factors_mine": None,
    "second_factors_new_recovery_codes": None,
    "second_factors_remove_totp": None,
    "second_factors_show_again": None,
    "segments_add_tag": "customers.change",
    "segments_give_coupons": "rules.change",
    "segments_preview": "customers.see",
    "segments_put_tags": "customers.change",
    "reports_now": "shop.see",
    "single_sign_on_begin_link": None,
    "single_sign_on_link": None,
    "single_sign_on_unlink": None,
    "staff_end_my_other_sessions": None,
    "staff_end_my_session": None,
    "staff_me": None,
    "staff_my_password": None,
    "staff_my_sessions": None,
    "tickets_satisfaction_of": "people.see",
    "standing_orders_of_day": "orders.see",
    "approvals_withdraw": None,
}
"""Where an operation is not what the rest of its file is. None: everybody who is signed in."""


OPEN_TO_UNENROLLED: frozenset[str] = frozenset(
    {
        "operators_sign_out", "passkeys_add", "passkeys_ask_again", "passkeys_begin", "passkeys_mine", "passkeys_show_again",
        "second_factors_begin_totp", "second_factors_confirm_totp", "second_factors_mine",
        "second_factors_show_again", "staff_me", "staff_my_password",
    }
)  # fmt: skip
"""What somebody may do whose role calls for a second factor and who has none yet: get one."""

ALWAYS_FRESH: frozenset[str] = frozenset(
    {
        "passkeys_add", "passkeys_begin", "passkeys_remove", "second_factors_begin_totp", "second_factors_confirm_totp",
        "second_factors_new_recovery_codes", "second_factors_remove_totp", "single_sign_on_begin_link", "single_sign_on_link",
        "single_sign_on_unlink",
    }
)  # fmt: skip
"""What changes how somebody signs in: it asks for a fresh session whatever the shop has chosen."""


def assigned(api: kit.Api) -> kit.Api:
    """The table of contents, with the duty of each route, and what is asked of its caller beyond it.

    Raises:
        TypeError: a route has a caller, and neither its file nor itself is in the tables.
    """
    routes = (_assigned(route) if route.auth is not None else route for route in api.routes)
    return replace(api, routes=tuple(routes))


def _assigned(route: kit.Route) -> kit.Route:
    duty, enrolled = _duty(route), route.operation_id not in OPEN_TO_UNENROLLED
    fresh = route.operation_id in ALWAYS_FRESH

    def gate(caller: Operator) -> None:
        if enrolled:
            step_up.refuse_unenrolled(caller.on_duty)
        if fresh:
            step_up.refuse_not_fresh(caller.on_duty)
        step_up.refuse_stale(caller.on_duty, duty)

    refusals = [*route.refusals]
    if enrolled:
        refusals.append(step_up.SecondFactorRequired)
    if fresh or duty in step_up.STEP_UP:
        refusals.append(step_up.StepUpRequired)
    if route.operation_id in limited.LIMITED:
        refusals.append(limits.AboveYourLimit)
    return replace(route, duty=duty, gate=gate, refusals=tuple(refusals))


def _duty(route: kit.Route) -> Duty | None:
    if route.operation_id in OF_OPERATIONS:
        return OF_OPERATIONS[route.operation_id]
    if route.tag not in OF_FILES:
        raise TypeError(f"admin_api/duties.py does not say which duty {route.operation_id} calls for")
    see, change = OF_FILES[route.tag]
    assert {see, change} <= DUTIES
    return see if route.method == "GET" else change
