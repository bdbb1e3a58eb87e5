"""Which files are mutated, and which tests are asked about each: few and quick ones that say what it does."""


def _ledger(*names):
    return tuple(f"tests/ledger/test_{name}.py" for name in names)


def _billing(*names):
    return tuple(f"tests/billing/test_{name}.py" for name in names)


def _shop(*names):
    return tuple(f"tests/shop/test_{name}.py" for name in names)


def _reconciliation(*names):
    return tuple(f"tests/reconciliation/test_{name}.py" for name in names)


_POSTING = _ledger("posting", "posting_edges", "burn_order", "holds", "plain_debits")
_PROOF = _ledger("proof", "proof_operations", "proof_since", "proof_conditions")
_REFUNDS = _billing("bill_refunds", "top_up_refunds")
_COMBINED = _billing("combined_payments", "combined_in_any_order")
_ORDERS = _shop("orders", "paying_together")
_STEPS = _shop("order_steps", "orders", "stock")
_PLACING = _shop("quotes", "orders", "stock")
_INBOX = ("tests/webhooks/test_inbox.py",)

_SQL = {
    "migrations/sql/ledger_post.sql": (
        *_POSTING,
        *_billing("transfers", "top_up_refunds", "credit_limits", "bills"),
    ),
    "migrations/sql/ledger_debit.sql": (*_POSTING, *_ORDERS),
    "migrations/sql/orders_pay.sql": (*_ORDERS, *_billing("credit_limits", "abnormal_deductions")),
    "migrations/sql/pays_quietly.sql": (*_ORDERS, *_billing("credit_limits", "plans_and_due_runs")),
    "migrations/sql/orders_place.sql": _PLACING,
    "migrations/sql/orders_buy.sql": _shop("buying", "quotes"),
    "migrations/sql/stock_move.sql": _STEPS,
    "migrations/sql/plans_charge.sql": _billing("plans_and_due_runs", "credit_limits"),
    "migrations/sql/bill_next_due.sql": _billing("instalments"),
}
_LEDGER = {
    "ledger/posting.py": (*_POSTING, *_billing("bills")),
    "ledger/holds.py": (*_ledger("holds"), *_billing("operator_holds")),
    "ledger/accounts.py": (*_POSTING, *_billing("caps", "credit_limits")),
    "ledger/expiry.py": (*_ledger("reading"), *_billing("bonus_expiry")),
    "ledger/idempotency.py": (
        *_ledger("reading"),
        *_billing("bills", "top_ups_and_payments"),
        *_shop("orders"),
    ),
    "ledger/statement.py": (*_ledger("statement"), *_billing("statements")),
    "ledger/credit_line.py": (*_ledger("reading"), *_billing("credit_limits")),
    "ledger/moves.py": (*_billing("transfers", "merges", "closings"), *_ledger("posting")),
    "ledger/origins.py": (*_ledger("reading"), *_REFUNDS),
    "ledger/explain.py": _billing("provenance", "bonus_expiry"),
    "ledger/provenance.py": _billing("provenance"),
    "ledger/history.py": (*_ledger("reading", "statement"), *_billing("provenance", "statements")),
    "ledger/habits.py": (
        *_ledger("reading"),
        *_billing("abnormal_deductions", "forecast", "credit_assessment"),
    ),
    "ledger/seal.py": _ledger("seal"),
    "ledger/settled.py": _ledger("seal", "proof_since"),
    "ledger/proof/__init__.py": _PROOF,
    "ledger/proof/changed.py": _PROOF,
    "ledger/proof/marks.py": _PROOF,
    "ledger/proof/checks/bills.py": (*_PROOF, *_ledger("proof_bills")),
    "ledger/proof/checks/books.py": _PROOF,
    "ledger/proof/checks/catalogue.py": _ledger("proof_catalogue"),
    "ledger/proof/checks/combined.py": (*_PROOF, *_ledger("proof_bills"), *_COMBINED),
    "ledger/proof/checks/credit.py": (*_PROOF, *_billing("credit_limits")),
    "ledger/proof/checks/freshness.py": _PROOF,
    "ledger/proof/checks/holds.py": _PROOF,
    "ledger/proof/checks/instalments.py": (*_PROOF, *_billing("instalments"), *_shop("order_instalments")),
    "ledger/proof/checks/messages.py": _PROOF,
    "ledger/proof/checks/operations.py": _PROOF,
    "ledger/proof/checks/payments.py": _PROOF,
    "ledger/proof/checks/plans.py": (*_PROOF, *_ledger("proof_bills")),
    "ledger/proof/checks/reconciliation.py": (*_PROOF, *_reconciliation("proof_reconciliation")),
    "ledger/proof/checks/remittances.py": (*_PROOF, *_ledger("proof_remittances"), *_billing("remittances")),
    "ledger/proof/checks/refunds.py": (*_PROOF, *_REFUNDS),
    "ledger/proof/checks/reviews.py": (*_PROOF, *_ledger("proof_reviews"), *_billing("abnormal_deductions")),
    "ledger/proof/checks/seals.py": (*_PROOF, *_ledger("seal")),
    "ledger/proof/checks/stock.py": (*_PROOF, *_STEPS),
}
_BILLS = {
    "billing/bills.py": (*_billing("bills", "operator_bills", "plans_and_due_runs"), *_shop("orders")),
    "billing/collecting.py": (
        *_billing("bills", "operator_bills", "credit_limits", "instalments"),
        *_shop("orders"),
    ),
    "billing/matching.py": _billing("matching", "bills", "abnormal_deductions"),
    "billing/bill_records.py": _billing("instalments", "operator_bills", "matching"),
    "billing/payable.py": ("tests/bot/test_bot_paying.py", "tests/bot/test_bot_dialogue.py"),
    "billing/confirmed.py": ("tests/bot/test_bot_dialogue.py",),
    "billing/plan_confirmed.py": ("tests/bot/test_bot_dialogue.py",),
    "billing/invoices.py": _billing("invoices"),
    "billing/operator_bills.py": _billing("operator_bills", "instalments"),
    "billing/due_bills.py": _billing("operator_bills", "instalments", "seams"),
    "billing/due_dry_runs.py": _billing("due_runs"),
    "billing/dunning.py": _billing("dunning"),
    "billing/deductions.py": _billing("plans_and_due_runs", "due_runs"),
    "billing/plans.py": _billing("plans_and_due_runs", "plan_verbs"),
    "billing/plan_pages.py": ("tests/miniapp_api/test_plans.py", "tests/admin_api/test_plans.py"),
    "billing/instalments.py": _billing("instalments"),
    "billing/instalments_of_orders.py": _shop("order_instalments"),
    "billing/instalment_schedule.py": _billing("instalments"),
    "billing/arrangements.py": _billing("instalments"),
    "billing/parts.py": (*_billing("instalments"), "tests/reports/test_today_and_trends.py"),
    "billing/abnormal.py": _billing("abnormal_deductions"),
    "billing/deduction_rules.py": _billing("abnormal_deductions", "rules_in_force"),
    "billing/reviews.py": _billing("abnormal_deductions"),
    "billing/low_balance.py": _billing("plans_and_due_runs", "forecast", "combined_payments"),
    "billing/forecast.py": _billing("forecast"),
}
_MONEY_IN = {
    "billing/credits.py": _billing("top_ups_and_payments", "bonus_expiry", "caps"),
    "billing/payments.py": _billing("top_ups_and_payments", "combined_payments", "top_up_attempts"),
    "billing/attempts.py": _billing("top_ups_and_payments", "combined_payments", "top_up_attempts"),
    "billing/preparing.py": _billing("preparing", "top_ups_and_payments"),
    "billing/top_up_attempts.py": _billing("top_up_attempts"),
    "billing/top_ups.py": _billing("top_ups_and_payments", "caps", "packages", "quarantine"),
    "billing/caps.py": _billing("caps"),
    "billing/counter.py": _billing("counter", "vouchers"),
    "billing/counter_undo.py": _billing("counter"),
    "billing/vouchers.py": (*_billing("vouchers"), "tests/miniapp_api/test_vouchers.py"),
    "billing/voucher_images.py": (*_billing("vouchers"), "tests/miniapp_api/test_vouchers.py"),
    "billing/quarantine.py": _billing("quarantine", "credit_assessment"),
    "billing/quarantine_desk.py": _billing("quarantine"),
    "billing/quarantine_returns.py": _billing("quarantine"),
    "billing/inbox.py": _INBOX,
    "billing/inbox_refusals.py": _INBOX,
    "billing/inbox_replays.py": _INBOX,
    "billing/package_rules.py": _billing("packages", "caps"),
    "billing/packages.py": _billing("packages"),
    "billing/combined.py": (*_COMBINED, *_billing("seams")),
    "billing/tenders.py": _COMBINED,
    "billing/settled.py": (*_COMBINED, *_billing("counter")),
    "billing/expiry.py": _billing("bonus_expiry"),
    "billing/credit_draws.py": _billing("credit_limits"),
    "billing/credit_limits.py": _billing("credit_limits"),
    "billing/credit_assessment.py": _billing("credit_assessment"),
}
_MONEY_BACK = {
    "billing/refunds.py": _REFUNDS,
    "billing/bill_refunds.py": (*_REFUNDS, *_shop("order_payments")),
    "billing/top_up_refunds.py": (*_REFUNDS, *_billing("claw_back")),
    "billing/channel_refunds.py": _REFUNDS,
    "billing/refund_records.py": (*_REFUNDS, *_billing("money_that_comes_back")),
    "billing/claw_back.py": _billing("claw_back"),
    "billing/card_refunds.py": _billing("card_refunds"),
    "billing/remittances.py": _billing("remittances"),
    "billing/remittance_records.py": _billing("remittances"),
    "billing/remittances_shown.py": (*_billing("remittances"), "tests/admin_api/test_remittances.py"),
}
_OPERATIONS = {
    "billing/adjustments.py": _billing("approvals", "transfers"),
    "billing/approvals.py": _billing("approvals", "transfers"),
    "billing/reversals.py": _billing("transfers"),
    "billing/transfers.py": _billing("transfers"),
    "billing/merges.py": _billing("merges"),
    "billing/closings.py": _billing("closings", "closings_by_channel"),
    "billing/payouts.py": _billing("closings", "closings_by_channel", "remittances"),
    "billing/upkeep.py": ("tests/admin_api/test_alerts_and_metrics.py", "tests/admin_api/test_acts.py"),
    "billing/statements.py": _billing("statements", "provenance"),
    "billing/standing.py": _billing("merges", "closings", "combined_payments"),
    "billing/operator_holds.py": _billing("operator_holds"),
}
_SHOP = {
    "shop/orders.py": (
        *_ORDERS,
        *_STEPS,
        "tests/miniapp_api/test_orders.py",
        "tests/bot/test_bot_paying.py",
        "tests/bot/test_bot_dialogue.py",
    ),
    "shop/orders_shown.py": (*_ORDERS, *_STEPS),
    "shop/placing.py": _PLACING,
    "shop/quotes.py": (*_PLACING, *_shop("buying")),
    "shop/taxes.py": _shop("taxes"),
    "shop/order_discounts.py": _PLACING,
    "shop/order_steps.py": _STEPS,
    "shop/order_states.py": _STEPS,
    "shop/order_review.py": _STEPS,
    "shop/order_changes.py": (*_STEPS, *_shop("quotes")),
    "shop/order_instalments.py": _shop("order_instalments"),
    "shop/deliveries.py": _billing("shipping"),
    "shop/order_payments.py": _shop("order_payments"),
    "shop/shipments.py": _STEPS,
    "shop/stock.py": _STEPS,
    "shop/cart.py": ("tests/miniapp_api/test_cart.py",),
    "shop/paying.py": _ORDERS,
    "shop/bookings.py": _shop("bookings"),
    "shop/booking_ends.py": _shop("bookings"),
    "shop/booking_corrections.py": _shop("bookings"),
    "shop/channel_payments.py": (*_billing("combined_payments"), *_shop("order_payments")),
}
_RECONCILIATION = {
    "reconciliation/agreeing.py": _reconciliation("rates"),
    "reconciliation/asking.py": _reconciliation("asking", "daily", "resolving"),
    "reconciliation/bill_imports.py": _reconciliation("days", "comparing", "daily"),
    "reconciliation/closing.py": _reconciliation("days", "resolving", "proof_reconciliation"),
    "reconciliation/commissions.py": (
        *_reconciliation("rates", "comparing", "days"),
        "tests/admin_api/test_reconciliation.py",
    ),
    "reconciliation/comparing.py": _reconciliation("comparing", "days"),
    "reconciliation/daily.py": _reconciliation("daily"),
    "reconciliation/days.py": _reconciliation("days", "daily"),
    "reconciliation/differences.py": _reconciliation("resolving", "days", "comparing"),
    "reconciliation/fee_postings.py": _reconciliation("days", "rates", "resolving", "proof_reconciliation"),
    "reconciliation/fetching.py": _reconciliation("daily"),
    "reconciliation/funds.py": _reconciliation("funds"),
    "reconciliation/history.py": _reconciliation("days", "resolving"),
    "reconciliation/meters.py": _reconciliation("meters"),
    "reconciliation/rates.py": _reconciliation("rates", "comparing", "resolving"),
    "reconciliation/report.py": (*_reconciliation("days"), "tests/admin_api/test_reconciliation.py"),
    "reconciliation/report_files.py": ("tests/admin_api/test_reconciliation.py",),
    "reconciliation/resolving.py": _reconciliation("resolving", "days", "proof_reconciliation"),
}

TARGETS = {
    **_SQL,
    **_LEDGER,
    **_BILLS,
    **_MONEY_IN,
    **_MONEY_BACK,
    **_OPERATIONS,
    **_SHOP,
    **_RECONCILIATION,
}
