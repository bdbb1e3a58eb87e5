"""A plan on the phone page: agreed to, looked at, paused, skipped, repriced, used and ended, each after a question."""

from __future__ import annotations

from datetime import date, timedelta

from tests.e2e import desk

TODAY = "() => new Date(Date.parse(document.getElementById('clock').dateTime) + 8 * 3600e3).toISOString().slice(0, 10)"


def subscribe(phone, name):
    """From any tab to the plan's own page, when the clock has come for what is due today."""
    phone.tab("plans")
    offer = phone.at.locator(".plan-card.offer", has_text=name)
    offer.locator("[data-act=subscribe]").click()
    phone.see(".facts.terms")
    phone.picture("plan-consent")
    phone.at.click(".agree")
    phone.act("confirm-plan")
    phone.answer_messages("reject")
    mine = phone.at.locator(".plan-card.mine", has_text=name)
    mine.locator("[data-act=look-at-plan]").click()
    phone.see("[data-list=coming] [data-state]")
    today, first = phone.at.evaluate(TODAY), phone.at.locator("[data-list=coming] time").first
    phone.until(lambda: first.get_attribute("datetime") > today)
    return int(phone.see(".page.plan .plan-card").get_attribute("data-plan"))


def states(phone):
    """Of the periods that come, in order."""
    return [one.get_attribute("data-state") for one in phone.at.locator("[data-list=coming] > li").all()]


def test_a_plan_is_paused_resumed_skipped_repriced_and_cancelled_on_the_phone(phone, demo):
    phone.arrive()
    plan_id = subscribe(phone, "周五茶点")
    assert set(states(phone)) == {"upcoming"}
    phone.act("skip-period")
    phone.picture("plan-skip")
    phone.act("yes")
    phone.see("[data-list=coming] [data-reason=skipped]")
    assert states(phone)[:2] == ["waived", "upcoming"]
    phone.picture("plan-skipped")

    phone.act("pause-plan")
    phone.at.click("[data-pause=week]")
    phone.picture("plan-pause")
    phone.act("confirm-pause")
    phone.see(".plan-card[data-state=paused]")
    phone.picture("plan-paused")
    phone.act("resume-plan")
    phone.act("yes")
    phone.see(".plan-card[data-state=active]")

    operator, _ = desk.of(phone)
    started_on = date.fromisoformat(phone.see("[data-list=coming] time").get_attribute("datetime"))
    from_on = str(started_on + timedelta(days=60))
    operator.post(f"/plans/{plan_id}/price", {"amount_fen": 3_300, "from_on": from_on})
    phone.see("[data-new-price='3300']")
    phone.picture("plan-price")
    phone.act("agree-price")
    phone.at.click(".agree")
    phone.picture("plan-price-agree")
    phone.act("confirm-price")
    phone.at.locator("[data-act=agree-price]").wait_for(state="detached")
    assert phone.at.locator("[data-new-price='3300']").count() == 1, "it is still to come"

    phone.act("cancel-plan")
    phone.picture("plan-cancel")
    phone.act("cancel-now")
    phone.see(".plan-card[data-state=cancelled]")
    assert phone.at.locator("[data-list=coming], [data-act=pause-plan]").count() == 0
    phone.picture("plan-cancelled")
    demo.prove()


def test_a_trial_is_shown_and_what_is_used_is_counted_in_english(open_phone):
    phone = open_phone(locale="en", still=True)
    phone.arrive()
    phone.tab("plans")
    phone.see(".plan-card.offer .bonus-tag")
    phone.accessible()
    phone.picture("plans-en")
    subscribe(phone, "茶友月卡")
    phone.see("[data-list=past] [data-reason=free]")
    phone.accessible()
    phone.picture("plan-trial-en")
    phone.act("pause-plan")
    phone.accessible()
    phone.picture("plan-pause-en")
    phone.at.keyboard.press("Escape")
    phone.act("cancel-plan")
    phone.accessible()
    phone.picture("plan-cancel-en")
    phone.act("cancel-at-end")
    phone.see(".page.plan .facts:has-text('Last day')")
    phone.picture("plan-ends-en")

    phone.act("back")
    phone.see(".plan-card.mine")
    phone.picture("plans-mine-en")
    plan_id = subscribe(phone, "包间茶席")
    operator, _ = desk.of(phone)
    used_on = phone.see("[data-list=coming] li").get_attribute("data-covers")
    operator.post(f"/plans/{plan_id}/usage", {"units": 2, "used_on": used_on, "reference": f"tea-{plan_id}"})
    phone.see("[data-list=coming] li:has-text('¥72.00')")
    phone.picture("plan-used-en")
