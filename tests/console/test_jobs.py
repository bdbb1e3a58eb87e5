"""Jobs and health on one page: what needs somebody stands first, and every job is called something."""

from datetime import timedelta

import pytest

from billing import job_record
from console import jobs as page_of_jobs
from core import clock, words
from schedulers import jobs
from tests.console import looking

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("locale", words.LOCALES)
def test_every_job_has_a_name(locale):
    table = jobs.table(
        jobs.Intervals(), channels=None, post=None, followers=None, official_account_app_id=None
    )
    missing = [one.id for one in table if not words.has(f"desk_pages.jobs.name_{one.id}", locale)]
    assert missing == []


@pytest.mark.parametrize(
    ("ms", "said"),
    [(None, "—"), (0, "0 ms"), (999, "999 ms"), (1_500, "1.5 s"), (60_000, "1 min"), (5_400_000, "1.5 h")],
)
def test_times_are_told_in_short_numbers(ms, said):
    assert page_of_jobs.lasting(ms) == said.replace(" ", "\u00a0")


async def ran(job_id, *, error=None):
    run = await job_record.begin(job_id, MINUTE, worker="shop-1:7")
    if error:
        await job_record.failed(run, error=error)
    else:
        await job_record.finished(run, duration_ms=1_200, result="3")


async def test_what_failed_or_is_late_stands_first_and_the_page_can_be_read(hired):
    browser = await hired()
    await ran("birthdays")
    clock.set_offset(timedelta(minutes=30))
    await ran("proof")
    await ran("due_run", error="RuntimeError: <b>no</b>")
    page = await browser.get("/jobs")
    said = page.words
    assert "2 个任务需要看一下" in said
    assert said.index("生日祝福") < said.index("核对账本 正常") and said.index("连续失败 1 次") < said.index(
        "核对账本 正常"
    )
    assert "<b>no</b>" not in page.text
    assert "Redis 缓存" in said and "alipay" not in said
    for locale, login in (("zh-CN", None), ("en", "wu")):
        seated = browser if login is None else await hired(login=login, locale=locale)
        for width in (1280, 390):
            async with looking.at(seated, width=width) as shown:
                await shown.goto(f"{seated.base}/jobs")
                await looking.accessible(shown)
                await looking.picture(shown, f"jobs-{locale}-{width}")
                assert await shown.evaluate("document.documentElement.scrollWidth") <= width
