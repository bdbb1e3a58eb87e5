"""Which files are mutated, and which tests are asked about each: those that say what it does first."""

LEDGER = ("tests/ledger/test_posting.py", "tests/ledger/test_burn_order.py", "tests/ledger/test_holds.py")
PAYING = ("tests/billing/test_top_ups_and_payments.py", "tests/billing/test_bills.py")

TARGETS = {
    "migrations/sql/ledger_post.sql": (*LEDGER, *PAYING),
    "ledger/posting.py": (*LEDGER, *PAYING),
    "ledger/holds.py": ("tests/ledger/test_holds.py", "tests/billing/test_operator_holds.py"),
    "ledger/accounts.py": (*LEDGER, "tests/billing/test_caps.py", "tests/miniapp_api/test_account.py"),
    "ledger/expiry.py": ("tests/billing/test_bonus_expiry.py",),
    "ledger/idempotency.py": (*PAYING, "tests/shop/test_orders.py"),
    "ledger/statement.py": ("tests/ledger/test_statement.py", "tests/billing/test_statements.py"),
    "billing/bills.py": ("tests/billing/test_bills.py", "tests/billing/test_plans_and_due_runs.py", "tests/shop/test_orders.py"),
    "billing/matching.py": ("tests/billing/test_bills.py", "tests/billing/test_plans_and_due_runs.py"),
    "billing/credits.py": (*PAYING, "tests/billing/test_bonus_expiry.py", "tests/billing/test_caps.py"),
    "billing/payments.py": ("tests/billing/test_top_ups_and_payments.py", "tests/miniapp_api/test_top_ups.py"),
    "billing/refunds.py": ("tests/shop/test_orders.py", "tests/billing/test_bills.py"),
    "billing/top_ups.py": (
        "tests/billing/test_top_ups_and_payments.py", "tests/billing/test_caps.py", "tests/billing/test_packages.py",
        "tests/miniapp_api/test_top_ups.py",
    ),
    "billing/caps.py": ("tests/billing/test_caps.py",),
    "billing/package_rules.py": ("tests/billing/test_packages.py", "tests/billing/test_caps.py"),
    "billing/packages.py": ("tests/billing/test_packages.py", "tests/admin_api/test_offers.py"),
}  # fmt: skip
