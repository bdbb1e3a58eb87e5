"""The pages about the books: days and their differences from the bill to the close, reviews, plans and due runs."""

import re

import aiohttp

from billing import deductions, due_runs, reviews
from core import clock
from core import db as database
from reconciliation import days
from tests import factories
from tests.billing import planning
from tests.billing.test_abnormal_deductions import under_review
from tests.console.test_deciding import form_of
from tests.reconciliation import books


async def test_a_difference_is_taken_remarked_on_and_decided_and_the_day_closed(hired, db, tmp_path):
    keeper = books.BookKeeper()
    day = await books.compared(keeper, books.bill([books.Row("P" + "1" * 20, 55)]), tmp_path)
    assert day.state == "matched"
    await database.execute("UPDATE difference SET state = 'open', ask_at = NULL")
    browser = await hired()
    month = await browser.get(f"/reconciliation/days?month={day.day:%Y-%m}")
    assert "1 笔差异未处理" in month.words, month.words
    here = f"/reconciliation/days/wechat_pay/{day.day}"
    page = await browser.get(here)
    assert "未处理 1 笔" in page.words and form_of(page, "reconciliation_close")[0] is None
    address, hidden = form_of(page, "differences_assign")
    page = await browser.post(address, hidden)
    address, hidden = form_of(page, "differences_note")
    page = await browser.post(address, {**hidden, "remark": "<i>已问客服</i>"})
    assert "备注：<i>已问客服</i>" in page.words and "负责人：店长小周" in page.words
    address, hidden = form_of(page, "differences_resolve")
    options = re.findall(r'<option value="([a-z_]+)"', page.text[page.text.index("differences_resolve") :])
    assert (
        "ignore" in options and "credit" not in options
    )  # a payment that is none of ours cannot be credited
    page = await browser.post(address, {**hidden, "resolution": "ignore", "reason": "演示"})
    assert "没有未处理的差异" in page.words, page.words
    address, hidden = form_of(page, "reconciliation_close")
    page = await browser.post(address, hidden)
    assert "这一天已关闭" in page.words and form_of(page, "reconciliation_reopen")[0]
    assert (await days.get("wechat_pay", day.day)).state == "closed"
    resolved = await browser.get("/differences?state=resolved")
    assert "没有要处理的差异" in (await browser.get("/differences")).words and resolved.status == 200


async def test_a_bill_is_brought_on_the_page_of_its_day(hired, world):
    trade = await books.paid(1_000)
    books.move_to(books.NEXT_MORNING)
    channels = world.runtime.outside.channels
    merchant = channels.find("wechat_pay").merchant_id
    await days.ensure(channels, "wechat_pay", books.DAY)
    browser = await hired()
    page = await browser.get(f"/reconciliation/days/wechat_pay/{books.DAY}")
    address, hidden = form_of(page, "reconciliation_take_bill")
    sent = aiohttp.FormData(hidden)
    sent.add_field("file", b"not a bill", filename="bill.csv")
    refused = await browser.post(address, sent)
    assert refused.status == 422, refused.words
    bill = aiohttp.FormData(hidden)
    bill.add_field("file", books.bill([books.row(trade, merchant_id=merchant)]), filename="bill.csv")
    page = await browser.post(address, bill)
    assert "账单已收到 已完成" in page.words, page.words


async def test_the_due_run_is_told_held_and_let_go_on(hired, db):
    customer = await factories.customer(principal=100_000)
    plan_id = await planning.start(customer)
    await deductions.run_due()
    browser = await hired()
    page = await browser.get("/due-runs")
    assert "1 / 1 期" in page.words, page.words
    address, hidden = form_of(page, "due_runs_pause")
    said = {**hidden, "reason": "先看看"}
    page = await browser.post(address, said)
    assert (await due_runs.get(clock.today())).state == "paused" and "先看看" in page.words
    assert form_of(page, "due_runs_pause")[0] is None
    address, hidden = form_of(page, "due_runs_resume")
    page = await browser.post(address, hidden)
    assert form_of(page, "due_runs_pause")[0]
    plan = await browser.get(f"/plans/{plan_id}")
    assert form_of(plan, "plans_pause")[0] and form_of(plan, "plans_resume")[0] is None
    address, hidden = form_of(plan, "plans_skip")
    plan = await browser.post(address, hidden)
    assert "已跳过" in plan.words
    address, hidden = form_of(plan, "plans_pause")
    plan = await browser.post(address, hidden)
    assert form_of(plan, "plans_resume")[0] and form_of(plan, "plans_pause")[0] is None


async def test_the_live_part_of_the_due_run_is_a_stream_of_its_own(hired, db):
    await planning.start(await factories.customer(principal=100_000))
    await deductions.run_due()
    browser = await hired()
    async with browser.session.get(
        f"{browser.base}/live/due-run", headers={"Accept": "text/event-stream"}
    ) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert (await answer.content.readline()).strip() == b"event: run"
        assert "1 / 1 期" in (await answer.content.readline()).decode()


async def test_a_deduction_that_was_held_is_decided_on_beside_what_its_customer_usually_pays(hired, db):
    customer, _order_no, number = await under_review()
    browser = await hired()
    page = await browser.get(f"/reviews/{number}")
    assert "这位顾客最近的余额变动" in page.words and "¥6.00" in page.words
    address, hidden = form_of(page, "reviews_approve")
    for _ in range(2):
        page = await browser.post(address, {**hidden, "reason": "已电话核实"})
        assert page.url.endswith(number), page.words
    assert (await reviews.get(number)).state == "approved" and form_of(page, "reviews_reject")[0] is None
    assert await factories.balance(customer) == (400, 0)
