"""How the console is arranged: the areas on its left, which lists stand in them, and what the tables of operations cannot know by
themselves. A new operation of the operators' API appears by itself; here is only where it is better elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

AREAS: Mapping[str, tuple[str, ...]] = {
    "customers": ("customers_listing", "segments_listing", "coupons_templates", "points_rules", "tiers_listing", "segments_tags"),
    "counter": ("counter_listing", "vouchers_listing", "holds_listing", "invoices_listing"),
    "orders": ("orders_listing", "after_sales_listing", "shipping_listing", "bookings_of_day", "standing_orders_of_day", "parcels_one"),
    "catalogue": ("products_listing", "categories_listing", "bookings_listing", "freight_listing"),
    "plans": (
        "plans_listing", "plan_offers_listing", "standing_orders_listing", "due_runs_listing", "due_runs_dry_run", "due_runs_parked",
        "dunning_cases", "dunning_policies", "plan_offers_calendar",
    ),
    "money": (
        "bills_due", "payments_listing", "combined_payments_listing", "refunds_listing", "remittances_listing", "approvals_listing",
        "reviews_listing", "adjustments_listing", "transfers_listing", "merges_listing", "closings_listing",
    ),
    "books": (
        "reconciliation_listing", "differences_listing", "quarantine_listing", "notices_listing", "reconciliation_lines", "rates_listing",
        "rates_commission", "reports_owed",
    ),
    "messages": ("messages_listing", "messages_wordings_in_force", "messages_kinds_of_messages", "segments_runs"),
    "chats": (
        "conversations_listing", "tickets_listing", "chat_words_unanswered", "chat_words_answers", "chat_words_synonyms",
        "canned_answers_listing", "chat_words_concepts", "chat_words_explain", "chat_scenes_listing", "chat_menus_state",
        "tickets_satisfaction_of",
    ),
    "rules": ("shop_settings_listing", "stores_listing", "opening_hours_of_shop", "packages_listing", "deduction_rules_listing", "agreements_listing"),
    "people": ("staff_listing", "roles_listing", "acts_listing", "staff_attempts", "second_factors_mine", "staff_my_sessions"),
    "system": ("alerts_listing", "upkeep_jobs", "upkeep_prove"),
}  # fmt: skip
"""The areas in the order they stand in, and their pages."""

OWN_PAGES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "counter": (("counter.title", "/counter", "counter_top_up"),),
    "orders": (("kitchen.title", "/kitchen", "orders_listing"),),
}
"""Pages written by hand that stand in an area before its lists: a sentence of ``desk_pages``, the address, and the operation whose duty
they call for."""

ALSO: Mapping[str, tuple[tuple[str, str], ...]] = {"chat_scenes_listing": (("scenes.sheet", "/scene-sheet"),)}
"""Pages written by hand that a list leads to: a sentence of ``desk_pages`` and the address."""

NOT_SHOWN = frozenset(
    {
        "operators_sign_in",  # the console has a page of its own for it
        "operators_second_factor",
        "passkeys_ask",  # passkeys and single sign-on are for scripts and redirects of pages of their own
        "passkeys_sign_in",
        "passkeys_ask_again",
        "passkeys_show_again",
        "passkeys_begin",
        "passkeys_add",
        "single_sign_on_begin",
        "single_sign_on_sign_in",
        "single_sign_on_begin_link",
        "single_sign_on_link",
        "operators_sign_out",
        "second_factors_show_again",  # it gives the session another token, which only a page of its own can keep
        "staff_me",  # a page of its own shows it
        "conversations_events",  # read by the live page
    }
)
"""Operations that are no page and no button."""

ON_PAGES_OF_THEIR_OWN = frozenset(
    {
        "staff_my_password",
        "orders_mark",
        "reports_now",
        "reports_trend",
        "after_sales_photo",
        "chats_let_go",
        "conversations_colleagues",
        "price_rules_add",
        "price_rules_end",
        "price_rules_listing",
        "product_images_describe",
        "product_images_remove",
        "products_change_sku",
        "passkeys_mine",
        "passkeys_remove",
        "passkeys_rename",
        "single_sign_on_unlink",
        "stock_change",
        "stock_levels",
        "stock_movements",
        "refunds_of_top_up",
        "shop_settings_history",
        "shop_settings_rules",
        "upkeep_health",
    }
)
"""Operations that pages written by hand ask for, and no list or button leads to."""

SAME_AS: Mapping[str, str] = {
    "to_customer_id": "customer_id",
    "from_customer_id": "customer_id",
    "owner_id": "operator_id",
}
"""Fields that name the same as a part of a path that is called otherwise."""

ROW_PAGES: Mapping[str, str] = {"reconciliation_listing": "reconciliation_one"}
"""Lists whose rows have their page somewhere else than their paths say."""

LEADS_TO: Mapping[str, str | None] = {
    "opening_hours_put_of_store": "opening_hours_of_store",
    "opening_hours_remove_of_store": None,
}
"""What a row is offered and done on a page that reads: that page; None: not from the row."""

ROW_DEEDS: Mapping[str, tuple[str, ...]] = {
    "alerts_listing": ("alerts_resolve",),
    "canned_answers_listing": ("canned_answers_change_shops", "canned_answers_remove_shops"),
    "due_runs_parked": ("due_runs_retry", "due_runs_waive"),
}
"""What can be done with a row, beyond what the paths say."""

DEEDS: Mapping[str, tuple[str, ...]] = {
    "canned_answers_listing": ("canned_answers_add_shops",),
    "closings_one": ("closings_pay_out", "remittances_of_closing"),
    "messages_listing": ("messages_replay_dead",),
    "parcels_one": ("parcels_watch",),
    "second_factors_mine": (
        "second_factors_begin_totp",
        "second_factors_confirm_totp",
        "second_factors_new_recovery_codes",
        "second_factors_remove_totp",
    ),
}
"""What can be done on a page, beyond what the paths say."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "roles_listing": ("role", "name", "holders", "state", "changed_at"),
    "messages_listing": ("id", "kind", "customer_id", "state", "channel", "error", "attempts", "created_at"),
    "customers_listing": ("id", "name", "state", "tier", "is_named", "low_balance_threshold_fen", "created_at"),
    "payments_listing": ("payment_no", "customer_id", "purpose", "channel", "amount_fen", "state", "created_at"),
    "products_listing": ("picture", "name", "state", "lowest_fen", "available", "is_low", "sold", "code"),
    "orders_listing": ("order_no", "customer_id", "state", "total_fen", "store_id", "remark", "placed_at"),
}  # fmt: skip
"""Which fields a list shows at first, where the first of the answer are not the best."""

MOST_COLUMNS = 7
"""So many fields a list shows at first."""

DANGEROUS = (
    "void",
    "cancel",
    "reject",
    "abort",
    "remove",
    "disable",
    "end",
    "undo",
    "stop",
    "write_off",
    "waive",
    "refuse",
    "let_go",
)
"""How operations end that take something away: their buttons are red."""
