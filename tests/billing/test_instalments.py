"""Instalments: a bill arranged in parts, agreed to, taken part by part, arranged anew, ended."""

import asyncio
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import (
    bill_records,
    bills,
    collecting,
    due_bills,
    instalment_schedule,
    instalments,
    operator_bills,
    plans,
    schedule,
)  # fmt: skip
from core import clock, money
from core import db as database
from shop import orders
from tests import factories

Equal, Custom, Planned = (
    instalment_schedule.EqualParts,
    instalment_schedule.CustomParts,
    instalment_schedule.Planned,
)


def in_days(days):
    return clock.today() + timedelta(days=days)


def terms(how, *, channel="counter", automatic=True):
    return instalments.Terms(how, automatic, "2026-11", "分三期付清，到期自动扣款", channel)


def thirds(**more):
    return Equal(3, in_days(0), "days", 10, **more)


async def arranged(customer_id, amount_fen=1_000, how=None, *, automatic=True, **bill):
    bill_no = await factories.bill(customer_id, amount_fen, **bill)
    await instalments.arrange(1, bill_no, terms(how or thirds(), automatic=automatic), key=factories.key())
    return bill_no


# splitting


@given(
    total=st.integers(1, money.MAX_FEN), count=st.integers(1, 60), down=st.integers(0, 10**6),
    first=st.dates(date(2026, 1, 1), date(2036, 1, 1)), every=st.sampled_from(["week", "month", "days"]),
    days=st.integers(1, 366),
)  # fmt: skip
def test_equal_parts_come_to_the_amount_exactly(total, count, down, first, every, days):
    today = first - timedelta(days=1)
    try:
        parts = instalment_schedule.split(total, Equal(count, first, every, days, down), today=today)
    except instalment_schedule.DownPaymentTooLarge:
        assert down >= total
        return
    except instalment_schedule.TooManyInstalments:
        assert count > total - down or count + (down > 0) > instalment_schedule.MOST_PARTS
        return
    except instalment_schedule.InstalmentDatesWrong:
        assert (
            every == "days"
            and first + timedelta(days=days * (count - 1)) > today + instalment_schedule.LONGEST
        )
        return
    equal = parts[1:] if down else parts
    assert sum(part.amount_fen for part in parts) == total and len(equal) == count
    assert not down or (parts[0].amount_fen, parts[0].due_on) == (down, today)
    sizes = [part.amount_fen for part in equal]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] - sizes[-1] <= 1 and sizes[-1] >= 1
    dates = [part.due_on for part in parts]
    assert dates == sorted(set(dates))
    if every == "month":
        assert [part.due_on for part in equal] == [
            schedule.counted(first, "monthly", n) for n in range(count)
        ]


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 100)), min_size=1, max_size=12),
    st.integers(-1, 1),
)
def test_custom_parts_are_taken_only_if_they_come_to_the_amount(parts, off):
    day, planned = date(2026, 11, 25), []
    for amount, later in parts:
        planned.append(Planned(amount, day))
        day += timedelta(days=later)
    total = sum(part.amount_fen for part in planned) + off
    try:
        assert instalment_schedule.split(total, Custom(tuple(planned)), today=date(2026, 11, 25)) == planned
        assert off == 0
    except instalment_schedule.InstalmentsDiffer:
        assert off != 0


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ([(5, 0), (5, 0)], instalment_schedule.InstalmentDatesWrong),
        ([(5, 1), (5, 0)], instalment_schedule.InstalmentDatesWrong),
        ([(5, -1), (5, 1)], instalment_schedule.InstalmentDatesWrong),
        ([(5, 0), (5, 3_661)], instalment_schedule.InstalmentDatesWrong),
        ([(10, 0), (0, 1)], instalment_schedule.InstalmentsDiffer),
        ([(11, 0), (-1, 1)], instalment_schedule.InstalmentsDiffer),
        ([], instalment_schedule.InstalmentsDiffer),
    ],
)
def test_custom_parts_that_are_none(parts, refusal):
    today = date(2026, 11, 25)
    planned = tuple(Planned(amount, today + timedelta(days=days)) for amount, days in parts)
    with pytest.raises(refusal):
        instalment_schedule.split(10, Custom(planned), today=today)


def test_a_month_that_is_short_pays_on_its_last_day():
    parts = instalment_schedule.split(100, Equal(4, date(2028, 1, 31), "month"), today=date(2028, 1, 1))
    assert [str(part.due_on) for part in parts] == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]


# arranging


async def test_a_preview_keeps_nothing_and_the_customer_agrees_to_what_was_proposed(db):
    customer = await factories.customer(principal=500)
    bill_no = await factories.bill(customer.id, 1_000)
    shown = await instalments.preview(bill_no, thirds())
    assert [part.amount_fen for part in shown] == [334, 333, 333] and shown[0].due_on == clock.today()
    number = await instalments.arrange(1, bill_no, terms(thirds(), channel=None), key="propose-1")
    assert await instalments.arrange(1, bill_no, terms(thirds(), channel=None), key="propose-1") == number
    record = await bill_records.read(bill_no, customer_id=customer.id)
    assert record.collect_mode == "full" and record.instalments == ()
    assert [part.amount_fen for part in record.proposed.parts] == [334, 333, 333]
    assert await factories.told(customer.id, "instalments_proposed") == 1
    for _ in range(2):
        await instalments.agree(
            customer.id, bill_no, arrangement_no=number, consent_version="2026-11", key="agree-001"
        )
    record = await bill_records.read(bill_no)
    assert (record.collect_mode, record.automatic, record.due_fen, len(record.instalments)) == (
        "instalments", True, 334, 3,
    )  # fmt: skip
    assert (record.running.consent_channel, record.running.consent_version) == ("mini_program", "2026-11")


async def test_what_cannot_be_agreed_to(db):
    customer, other = await factories.customer(principal=500), await factories.customer()
    bill_no = await factories.bill(customer.id, 1_000, collect_mode="partial")

    async def agree(who=customer, number=1, version="2026-11"):
        await instalments.agree(
            who.id, bill_no, arrangement_no=number, consent_version=version, key=factories.key()
        )

    with pytest.raises(instalments.NoArrangement):
        await agree()
    await instalments.arrange(1, bill_no, terms(thirds(), channel=None), key=factories.key())
    with pytest.raises(bills.NoSuchBill):
        await agree(who=other)
    with pytest.raises(instalments.NoArrangement):
        await agree(number=2)
    with pytest.raises(plans.ConsentOutdated):
        await agree(version="2020-01")
    await collecting.pay(customer.id, bill_no, amount_fen=1, key=factories.key())
    with pytest.raises(instalments.ProposalOutdated):
        await agree()
    assert (await bill_records.read(bill_no)).proposed is None
    assert await instalments.proposed_to(customer.id) == []
    await instalments.cancel(1, bill_no, reason="x", key=factories.key())
    with pytest.raises(instalments.NoArrangement):
        await agree()
    with pytest.raises(instalments.NoArrangement):
        await instalments.cancel(1, bill_no, reason="x", key=factories.key())


async def test_bills_that_cannot_be_arranged(db):
    customer = await factories.customer(principal=5_000)
    sku = await factories.sku()
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    paid = await factories.bill(customer.id, 1_000)
    await collecting.pay(customer.id, paid, key=factories.key())
    for bill_no, refusal in (
        (order.bill_no, bills.BillOfAnOrder), (paid, bills.BillNotOwed), ("B0", bills.NoSuchBill),
    ):  # fmt: skip
        with pytest.raises(refusal):
            await instalments.preview(bill_no, thirds())
        with pytest.raises(refusal):
            await instalments.arrange(1, bill_no, terms(thirds()), key=factories.key())
    small = await factories.bill(customer.id, 2)
    with pytest.raises(instalment_schedule.TooManyInstalments):
        await instalments.arrange(1, small, terms(thirds()), key=factories.key())
    with pytest.raises(instalment_schedule.DownPaymentTooLarge):
        await instalments.preview(small, Equal(1, in_days(1), down_payment_fen=2))


# paying


async def test_the_clock_takes_what_is_due_part_by_part(db):
    customer = await factories.customer(principal=500)
    bill_no = await arranged(customer.id)
    assert (await due_bills.run()).charged == 1
    record = await bill_records.read(bill_no)
    assert (record.paid_fen, record.due_fen, record.due_at) == (334, 0, clock.start_of(in_days(10)))
    clock.set_offset(timedelta(days=10))
    assert (await due_bills.run()).charged == 0, "166 of 333 were there"
    record = await bill_records.read(bill_no)
    assert [part.state for part in record.instalments] == ["paid", "partly", "open"]
    assert (record.paid_fen, record.due_fen, await factories.told(customer.id, "payment_due")) == (
        500,
        167,
        1,
    )
    clock.set_offset(timedelta(days=11))
    assert (await due_bills.run()).due == 0
    assert [part.state for part in (await bill_records.read(bill_no)).instalments] == [
        "paid",
        "overdue",
        "open",
    ]
    await factories.topped_up(customer.id, 1_000)
    record = await bill_records.read(bill_no)
    assert (record.paid_fen, record.state) == (667, "partly_paid"), "what is not due yet is left"
    clock.set_offset(timedelta(days=90))
    assert (await due_bills.run()).charged == 1
    assert (await bill_records.read(bill_no)).state == "paid"


async def test_after_a_downtime_all_that_fell_due_is_taken_with_one_reminder(db):
    customer = await factories.customer(principal=400)
    bill_no = await arranged(customer.id)
    clock.set_offset(timedelta(days=15))
    run = await due_bills.run()
    assert (run.due, run.charged, await factories.told(customer.id, "payment_due")) == (1, 0, 1)
    record = await bill_records.read(bill_no)
    assert (record.paid_fen, record.due_fen) == (400, 267)
    await factories.topped_up(customer.id, 10_000)
    clock.set_offset(timedelta(days=25))
    assert (await due_bills.run()).charged == 1
    assert (await bill_records.read(bill_no)).state == "paid"


async def test_paying_without_an_amount_pays_what_is_due_and_then_the_next_part(db):
    customer = await factories.customer(principal=5_000)
    bill_no = await arranged(customer.id, automatic=False)
    paid = []
    for amount in (None, None, 100):
        paid.append(
            (await collecting.pay(customer.id, bill_no, amount_fen=amount, key=factories.key())).paid_fen
        )
    assert paid == [334, 667, 767]
    record = await bill_records.read(bill_no)
    assert (record.next_part.part_no, record.next_part.owed_fen) == (3, 233)
    assert (await due_bills.run()).due == 0 == await factories.told(customer.id, "bill_due"), "paid ahead"
    with pytest.raises(collecting.AmountAboveOwed):
        await collecting.pay(customer.id, bill_no, amount_fen=234, key=factories.key())
    assert (await collecting.pay(customer.id, bill_no, key=factories.key())).state == "paid"


async def test_a_part_is_paid_whole_or_not_at_all_when_somebody_pays_it(db):
    customer = await factories.customer(principal=333)
    bill_no = await arranged(customer.id, automatic=False)
    with pytest.raises(collecting.InsufficientBalance) as refused:
        await collecting.pay(customer.id, bill_no, key=factories.key())
    assert refused.value.params == {"available_fen": 333, "amount_fen": 334}


# changing


async def test_what_is_left_is_arranged_anew_and_the_old_parts_are_kept(db):
    customer = await factories.customer(principal=5_000)
    bill_no = await arranged(customer.id)
    await due_bills.run()
    again = Custom((Planned(600, in_days(5)), Planned(66, in_days(6))))
    await instalments.arrange(2, bill_no, terms(again, channel="phone"), key=factories.key())
    record = await bill_records.read(bill_no)
    assert [one.state for one in record.history] == ["running", "replaced"]
    assert [part.amount_fen for part in record.history[1].parts] == [334, 333, 333]
    assert (record.running.base_fen, [part.cumulative_fen for part in record.instalments]) == (
        334,
        [934, 1_000],
    )
    clock.set_offset(timedelta(days=6))
    await due_bills.run()
    assert (await bill_records.read(bill_no)).state == "paid"
    with pytest.raises(bills.BillNotOwed):
        await instalments.cancel(1, bill_no, reason="x", key=factories.key())


async def test_cancelled_instalments_make_the_rest_due_as_the_bill_was_before(db):
    customer = await factories.customer(principal=5_000)
    bill_no = await arranged(customer.id, automatic=True)
    await due_bills.run()
    for _ in range(2):
        await instalments.cancel(3, bill_no, reason="顾客要求", key="cancel-01")
    record = await bill_records.read(bill_no)
    assert (record.collect_mode, record.automatic, record.due_fen) == ("full", False, 666)
    assert (record.history[0].state, record.history[0].end_reason) == ("cancelled", "顾客要求")
    assert (await due_bills.run()).charged == 0
    assert await factories.told(customer.id, "bill_due") == 1
    automatic = await factories.bill(customer.id, 300, automatic=True, consent="x", due_on=in_days(30))
    await instalments.arrange(1, automatic, terms(Equal(3, in_days(5), "week")), key=factories.key())
    await instalments.cancel(1, automatic, reason="x", key=factories.key())
    assert (await due_bills.run()).charged == 1
    assert (await bill_records.read(automatic)).state == "paid"


async def test_a_void_bill_has_no_instalments_any_more(db):
    customer = await factories.customer()
    bill_no = await arranged(customer.id)
    await instalments.arrange(1, bill_no, terms(thirds(), channel=None), key=factories.key())
    await operator_bills.void(1, bill_no, reason="开错", key=factories.key())
    record = await bill_records.read(bill_no)
    assert [one.state for one in record.history] == ["withdrawn", "cancelled"] and record.due_fen == 0


async def test_everything_at_once_on_one_bill_in_instalments(db):
    for _ in range(4):
        customer = await factories.customer(principal=700)
        bill_no = await arranged(customer.id)
        await instalments.arrange(
            1, bill_no, terms(Equal(2, in_days(0), "days", 1), channel=None), key=factories.key()
        )
        clock.set_offset(timedelta(days=12))
        tops = [factories.trade(await factories.top_up(customer.id, 100)) for _ in range(3)]
        done = await asyncio.gather(
            *(factories.payments.confirm(top) for top in tops),
            collecting.pay(customer.id, bill_no, amount_fen=50, key=factories.key()),
            collecting.pay(customer.id, bill_no, key=factories.key()),
            instalments.agree(
                customer.id, bill_no, arrangement_no=2, consent_version="2026-11", key=factories.key()
            ),
            instalments.arrange(1, bill_no, terms(Equal(5, in_days(20), "week")), key=factories.key()),
            instalments.cancel(1, bill_no, reason="x", key=factories.key()),
            due_bills.run(),
            due_bills.run(batch=1),
            return_exceptions=True,
        )
        assert not [one for one in done if isinstance(one, Exception) and not hasattr(one, "code")], done
        record = await bill_records.read(bill_no)
        left = await database.fetchval(
            "SELECT principal_fen FROM account WHERE code = $1", f"customer:{customer.id}"
        )
        assert left == 1_000 - record.paid_fen
        clock.set_offset(timedelta())
