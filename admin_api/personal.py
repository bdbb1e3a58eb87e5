"""Which reads of the operators' API tell of identified customers: each of them is written down before its answer leaves. The only place
that says so."""

from __future__ import annotations

from core import http as kit


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERSONAL = _names("""
    acts_as_csv acts_listing acts_one adjustments_listing adjustments_one after_sales_listing after_sales_one after_sales_photo
    approvals_listing approvals_one bills_due bills_of_customer bills_one bookings_of_customer bookings_of_day chat_scenes_origin chat_words_unanswered
    chats_of_customer chats_same_phone_as closings_listing closings_one closings_preview combined_payments_listing conversations_events
    conversations_listing conversations_messages conversations_of_customer conversations_one counter_foreseen counter_listing counter_offers counter_one coupons_of_customer credit_assess
    credit_changes credit_show customers_changes customers_forecast customers_listing customers_one delivery_addresses_of_customer
    differences_listing differences_one due_runs_dry_run due_runs_dry_run_csv due_runs_parked dunning_cases explanations_lots
    explanations_why holds_listing holds_of_customer holds_one invoices_listing invoices_one merges_listing merges_one merges_preview
    messages_consents messages_listing messages_one messages_reach notices_listing notices_one orders_listing orders_one parcels_one
    payments_listing payments_one plans_listing plans_one plans_periods plans_usage points_movements points_of_customer quarantine_listing
    quarantine_one receipts_listing receipts_one receipts_page refunds_listing refunds_one remittances_listing remittances_one
    reviews_listing reviews_one segments_members segments_tags_of settings_history settings_read shipping_listing
    standing_orders_deliveries standing_orders_listing standing_orders_of_day standing_orders_one statements_as_csv statements_as_xlsx
    statements_read tickets_listing tickets_one transfers_listing transfers_one vouchers_image vouchers_listing vouchers_one
""")
"""They tell of customers: by name, number or address, or what one of them did, said, has or owes."""

IMPERSONAL = _names("""
    agreements_listing alerts_listing orders_mark bookings_listing bookings_slots canned_answers_listing categories_listing chat_menus_languages
    chat_menus_publications chat_menus_state conversations_colleagues chat_scenes_listing chat_scenes_one chat_words_answers chat_words_concepts chat_words_synonyms coupons_one
    coupons_templates deduction_rules_listing due_runs_listing due_runs_one dunning_policies freight_listing freight_preview
    messages_kinds_of_messages messages_wording_history messages_wordings_in_force notices_refusals opening_hours_of_shop
    opening_hours_of_store packages_listing plan_offers_calendar plan_offers_listing points_rules price_rules_listing price_rules_of_product
    product_images_listing product_tables_as_csv product_tables_as_xlsx products_listing products_one rates_commission
    rates_commission_lines rates_listing reconciliation_as_csv reconciliation_as_xlsx reconciliation_lines reconciliation_listing
    reconciliation_one reports_now reports_owed reports_trend roles_listing roles_one segments_listing segments_one segments_progress segments_reach segments_run segments_runs
    segments_tags shop_settings_care shop_settings_dunning shop_settings_history shop_settings_listing shop_settings_orders
    shop_settings_plans shop_settings_rules shop_settings_top_ups passkeys_mine second_factors_mine staff_attempts staff_listing staff_me staff_my_sessions
    staff_one staff_sessions stock_levels stock_of_product stock_movements stores_listing
    tickets_satisfaction_of tiers_listing upkeep_health upkeep_jobs
""")
"""They tell of the shop's rules, goods, people and totals."""

CUSTOMERS_THEMSELVES = frozenset({"customers_listing", "customers_one", "segments_members"})
"""What they list are customers: their ``id`` is a customer's."""


def tells(route: kit.Route) -> bool:
    """Whether a read tells of identified customers.

    Raises:
        TypeError: neither table has it.
    """
    name = route.operation_id
    if name not in PERSONAL and name not in IMPERSONAL:
        raise TypeError(f"admin_api/personal.py does not say whether {name} tells of customers")
    return name in PERSONAL
