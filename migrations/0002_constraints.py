"""The database guards what the rules promise. Tortoise drops a model's constraints when it creates the table, so they are added here."""

from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from migrations import _steps


class Migration(_steps.Migration):
    dependencies = [("models", "0001_tables")]

    operations = [
        ops.AddConstraint(
            "Account", CheckConstraint(name="account_kind", check="kind IN ('customer', 'house')")
        ),
        ops.AddConstraint(
            "Account",
            CheckConstraint(
                name="account_not_negative",
                check="principal_fen >= 0 AND bonus_fen >= 0 AND held_fen >= 0 AND credit_limit_fen >= 0",
            ),
        ),
        ops.AddConstraint(
            "Account",
            CheckConstraint(
                name="account_available", check="principal_fen + bonus_fen - held_fen >= -credit_limit_fen"
            ),
        ),
        ops.AddConstraint(
            "Account",
            CheckConstraint(
                name="account_burn_policy",
                check="burn_policy IN ('bonus_first', 'principal_first', 'pro_rata', 'earliest_expiry')",
            ),
        ),
        ops.AddConstraint(
            "Bill",
            CheckConstraint(name="bill_state", check="state IN ('open', 'partly_paid', 'paid', 'void')"),
        ),
        ops.AddConstraint(
            "Bill", CheckConstraint(name="bill_collect_mode", check="collect_mode IN ('full', 'partial')")
        ),
        ops.AddConstraint(
            "Bill",
            CheckConstraint(
                name="bill_amounts",
                check="amount_fen > 0 AND paid_fen BETWEEN 0 AND amount_fen AND refunded_fen BETWEEN 0 AND paid_fen",
            ),
        ),
        ops.AddConstraint(
            "Bill", CheckConstraint(name="bill_paid", check="(state = 'paid') = (paid_fen = amount_fen)")
        ),
        ops.AddConstraint("Bill", CheckConstraint(name="bill_open", check="state <> 'open' OR paid_fen = 0")),
        ops.AddConstraint(
            "Bill", CheckConstraint(name="bill_paid_at", check="(paid_at IS NOT NULL) = (state = 'paid')")
        ),
        ops.AddConstraint(
            "BillPayment",
            CheckConstraint(
                name="bill_payment_amounts", check="amount_fen > 0 AND refunded_fen BETWEEN 0 AND amount_fen"
            ),
        ),
        ops.AddConstraint(
            "Customer",
            CheckConstraint(name="customer_state", check="state IN ('active', 'blocked', 'closed')"),
        ),
        ops.AddConstraint(
            "Customer", CheckConstraint(name="customer_threshold", check="low_balance_threshold_fen >= 0")
        ),
        ops.AddConstraint(
            "Entry",
            CheckConstraint(
                name="entry_not_negative", check="principal_after_fen >= 0 AND bonus_after_fen >= 0"
            ),
        ),
        ops.AddConstraint(
            "Hold",
            CheckConstraint(name="hold_state", check="state IN ('open', 'captured', 'released', 'expired')"),
        ),
        ops.AddConstraint(
            "Hold",
            CheckConstraint(
                name="hold_amounts", check="amount_fen > 0 AND captured_fen BETWEEN 0 AND amount_fen"
            ),
        ),
        ops.AddConstraint(
            "Hold", CheckConstraint(name="hold_captured", check="(captured_fen > 0) = (state = 'captured')")
        ),
        ops.AddConstraint(
            "Hold", CheckConstraint(name="hold_ended", check="(ended_at IS NULL) = (state = 'open')")
        ),
        ops.AddConstraint(
            "Identity",
            CheckConstraint(
                name="identity_provider", check="provider IN ('mini_program', 'official_account', 'alipay')"
            ),
        ),
        ops.AddConstraint("Lot", CheckConstraint(name="lot_kind", check="kind IN ('principal', 'bonus')")),
        ops.AddConstraint(
            "Lot",
            CheckConstraint(
                name="lot_remaining",
                check="original_fen > 0 AND remaining_fen >= 0 AND remaining_fen <= original_fen",
            ),
        ),
        ops.AddConstraint(
            "Operator", CheckConstraint(name="operator_state", check="state IN ('active', 'disabled')")
        ),
        ops.AddConstraint(
            "Order",
            CheckConstraint(
                name="order_state", check="state IN ('placed', 'paid', 'completed', 'cancelled')"
            ),
        ),
        ops.AddConstraint("Order", CheckConstraint(name="order_total", check="total_fen > 0")),
        ops.AddConstraint(
            "OrderLine",
            CheckConstraint(
                name="order_line_amount", check="quantity > 0 AND amount_fen = price_fen * quantity"
            ),
        ),
        ops.AddConstraint(
            "OutboxMessage", CheckConstraint(name="outbox_state", check="state IN ('queued', 'sent', 'dead')")
        ),
        ops.AddConstraint(
            "OutboxMessage",
            CheckConstraint(
                name="outbox_next_attempt", check="(next_attempt_at IS NOT NULL) = (state = 'queued')"
            ),
        ),
        ops.AddConstraint(
            "OutboxMessage",
            CheckConstraint(name="outbox_ended", check="(ended_at IS NULL) = (state = 'queued')"),
        ),
        ops.AddConstraint(
            "Payment", UniqueConstraint(name="payment_channel_trade", fields=("channel", "channel_trade_no"))
        ),
        ops.AddConstraint(
            "Payment", CheckConstraint(name="payment_purpose_kind", check="purpose IN ('top_up')")
        ),
        ops.AddConstraint(
            "Payment",
            CheckConstraint(
                name="payment_state",
                check="state IN ('created', 'prepared', 'paid', 'closed', 'quarantined')",
            ),
        ),
        ops.AddConstraint("Payment", CheckConstraint(name="payment_amount", check="amount_fen > 0")),
        ops.AddConstraint(
            "Payment",
            CheckConstraint(
                name="payment_paid",
                check="state <> 'paid' OR (paid_at IS NOT NULL AND channel_trade_no IS NOT NULL)",
            ),
        ),
        ops.AddConstraint(
            "Payment",
            CheckConstraint(
                name="payment_asked_while_open",
                check="(ask_at IS NULL) = (state NOT IN ('created', 'prepared')) OR state = 'closed'",
            ),
        ),
        ops.AddConstraint(
            "Plan", CheckConstraint(name="plan_state", check="state IN ('active', 'cancelled')")
        ),
        ops.AddConstraint(
            "Plan",
            CheckConstraint(name="plan_cycle", check="cycle IN ('daily', 'weekly', 'monthly', 'yearly')"),
        ),
        ops.AddConstraint("Plan", CheckConstraint(name="plan_amount", check="amount_fen > 0")),
        ops.AddConstraint(
            "PlanOffer",
            CheckConstraint(
                name="plan_offer_cycle", check="cycle IN ('daily', 'weekly', 'monthly', 'yearly')"
            ),
        ),
        ops.AddConstraint("PlanOffer", CheckConstraint(name="plan_offer_amount", check="amount_fen > 0")),
        ops.AddConstraint(
            "PlanPeriod", CheckConstraint(name="plan_period_state", check="state IN ('owed', 'charged')")
        ),
        ops.AddConstraint("Posting", CheckConstraint(name="posting_positive", check="amount_fen > 0")),
        ops.AddConstraint(
            "Posting",
            CheckConstraint(
                name="posting_moves", check="source_id <> target_id OR source_lot_id <> target_lot_id"
            ),
        ),
        ops.AddConstraint(
            "Product", CheckConstraint(name="product_state", check="state IN ('on_shelf', 'off_shelf')")
        ),
        ops.AddConstraint(
            "Quarantine", UniqueConstraint(name="quarantine_trade", fields=("channel", "channel_trade_no"))
        ),
        ops.AddConstraint(
            "Quarantine", CheckConstraint(name="quarantine_state", check="state IN ('open', 'resolved')")
        ),
        ops.AddConstraint(
            "RechargePackage", CheckConstraint(name="package_amounts", check="pay_fen > 0 AND bonus_fen >= 0")
        ),
        ops.AddConstraint("Sku", CheckConstraint(name="sku_price", check="price_fen > 0")),
        ops.AddConstraint("Sku", CheckConstraint(name="sku_never_oversold", check="stock >= 0")),
        ops.AddConstraint(
            "SubscribeQuota", CheckConstraint(name="subscribe_quota_remaining", check="remaining >= 0")
        ),
        ops.AddConstraint(
            "TopUp", CheckConstraint(name="top_up_state", check="state IN ('pending', 'credited', 'closed')")
        ),
        ops.AddConstraint(
            "TopUp", CheckConstraint(name="top_up_amounts", check="pay_fen > 0 AND bonus_fen >= 0")
        ),
        ops.AddConstraint(
            "TopUp",
            CheckConstraint(name="top_up_credited", check="(credited_at IS NOT NULL) = (state = 'credited')"),
        ),
        ops.AddConstraint(
            "Transfer", CheckConstraint(name="transfer_fingerprint", check="octet_length(fingerprint) = 32")
        ),
    ]
