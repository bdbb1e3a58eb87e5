"""A bill on the phone page: proposed instalments are read and agreed to, then paid, part by part and ahead."""

from __future__ import annotations

from datetime import date, timedelta

from tests.e2e import desk


def test_instalments_are_agreed_to_and_paid_on_the_phone(phone, demo):
    phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("allow")
    operator, customer = desk.of(phone)
    bill = operator.post(
        f"/customers/{customer['id']}/bills",
        {"title": "春季茶艺课", "amount_fen": 9_000, "collect_mode": "partial"},
    )
    today = date.fromisoformat(bill["created_at"][:10])  # the demo's: other tests let months pass in it
    schedule = {"kind": "equal", "count": 3, "first_due_on": str(today + timedelta(days=2))}
    terms = {"automatic": False, "consent_version": "2026-11", "consent_text": "分三期付清，每期到期前付款。"}
    operator.post(f"/bills/{bill['bill_no']}/instalments", {"schedule": schedule, **terms})
    phone.tab("me")
    phone.act("bills")
    phone.act("look-at-parts")
    phone.see(".consent .parts")
    phone.accessible()
    phone.picture("instalments-proposed")
    phone.at.locator(".agree input").check(force=True)
    phone.act("agree-parts")
    card = phone.see(f"[data-bill={bill['bill_no']}] .parts")
    assert card.locator("[data-part=open]").count() == 3
    phone.act("pay-bill")
    phone.see(f"[data-bill={bill['bill_no']}] [data-part=paid]")
    phone.act("pay-amount")
    phone.at.fill("input[name=amount]", "45")
    phone.act("confirm-amount")
    phone.see(f"[data-bill={bill['bill_no']}] [data-part=partly]")
    phone.accessible()
    phone.picture("instalments")
    demo.prove()
