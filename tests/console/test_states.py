"""What the console offers in a state is what the desk takes in it: the desk is asked, in each state of each thing."""

import pytest

from admin_api import approvals as shown_approvals
from admin_api import bills as shown_bills
from admin_api import differences as shown_differences
from admin_api import holds as shown_holds
from admin_api import plans as shown_plans
from admin_api import quarantine as shown_quarantine
from admin_api import reconciliation as shown_days
from admin_api import refunds as shown_refunds
from admin_api import remittances as shown_remittances
from admin_api import routes
from admin_api import vouchers as shown_vouchers
from billing import (
    adjustments,
    approvals,
    bills,
    operator_bills,
    operator_holds,
    payments,
    plan_pauses,
    plans,
    quarantine,
    quarantine_desk,
    refunds,
    remittance_records,
    remittances,
    vouchers,
    write_offs,
)  # fmt: skip
from console import states
from core import db as database
from core import errors
from reconciliation import closing, days, differences, fetching, resolving
from tests import factories
from tests.billing import planning, remitting
from tests.billing.test_vouchers import submitted
from tests.factories import key
from tests.reconciliation import books

pytestmark = pytest.mark.broken_books
ME, OTHER = 7, 8
_CHECKS = "SELECT conname FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'c'"


class _Undone(Exception):
    pass


async def offered_and_taken(table, state, number, *, read, shown, deeds, column="state", only=""):
    """Of each deed: whether it is offered, and whether the desk takes it, of the row of ``table`` in this state. All is undone after."""
    told = {}
    for name, (act, codes) in deeds.items():
        try:
            async with database.transaction():
                await database.execute("SET LOCAL session_replication_role = replica")
                for check in await database.fetch(_CHECKS, table):
                    await database.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{check["conname"]}"')
                await database.execute(f"UPDATE {table} SET {column} = $1 {only}", state)
                row = shown(await read(number))
                told[name] = [states.possible(name, row, ME), True]
                await act()
                raise _Undone
        except _Undone:
            pass
        except AssertionError:
            pass  # not refused for its state, though it cannot have come about like this
        except errors.DomainError as refusal:
            told[name][1] = (
                told[name][0] and refusal.code not in codes
            )  # what is not offered may be refused for any reason
    return told


async def same(table, every_state, number, **how):
    for state in every_state:
        for name, (offered, taken) in (await offered_and_taken(table, state, number, **how)).items():
            assert offered == taken, (name, state, f"offered {offered}, taken {taken}")


def of(model):
    return lambda row: model.model_validate(row, from_attributes=True)


def test_the_table_names_operations_and_fields_that_exist():
    known = {route.operation_id for route in routes.API.routes}
    assert set(states.POSSIBLE) <= known
    fields = {
        name
        for route in routes.API.routes
        if route.answer is not None
        for name in str(route.answer.model_json_schema()).replace("'", " ").split()
    }
    for operation, conditions in states.POSSIBLE.items():
        for condition in conditions:
            for part in getattr(condition, "field", "state").split("."):
                assert part in fields, (operation, part)


async def test_approvals(db):
    customer = await factories.customer()

    async def asked_by(who):
        made = await adjustments.adjust(
            who, customer.id, kind="principal", amount_fen=10_000_000, reason="r", key=key()
        )
        return made.approval_no

    every = ("waiting", "executed", "failed", "rejected", "withdrawn", "expired")
    codes = {"approval_ended", "own_request", "not_your_request"}
    for who in (ME, OTHER):
        number = await asked_by(who)
        await same(
            "approval", every, number, read=approvals.get, only=f"WHERE approval_no = '{number}'",
            shown=lambda row: shown_approvals._told(row, "en"),
            deeds={
                "approvals_approve": (lambda n=number: approvals.approve(ME, n, key=key()), codes),
                "approvals_reject": (lambda n=number: approvals.reject(ME, n, key=key()), codes),
                "approvals_withdraw": (lambda n=number: approvals.withdraw(ME, n, key=key()), codes),
            },
        )  # fmt: skip


async def test_vouchers(db):
    number = (await submitted((await factories.customer()).id)).voucher_no
    codes = {"voucher_state_forbids"}
    await same(
        "voucher", ("started", "submitted", "confirmed", "rejected", "withdrawn"), number, read=vouchers.get,
        shown=of(shown_vouchers.Voucher),
        deeds={
            "vouchers_confirm": (
                lambda: vouchers.confirm(ME, number, amount_fen=1, reference="b1", key=key()), codes
            ),
            "vouchers_reject": (lambda: vouchers.reject(ME, number, reason="r", key=key()), codes),
        },
    )  # fmt: skip


async def test_plans(db):
    plan_id = await planning.start(await factories.customer(principal=100_000))
    codes = {"plan_not_running", "plan_not_paused"}
    codes = {"plan_not_running", "plan_not_paused", "plan_over"}
    await same(
        "plan", ("active", "paused", "cancelled", "ended"), plan_id, read=plans.one, shown=of(shown_plans.Plan),
        column="paused_on = current_date, state",
        deeds={
            "plans_pause": (lambda: plan_pauses.pause(planning.SHOP, plan_id, until=None, key=key()), codes),
            "plans_resume": (lambda: plan_pauses.resume(planning.SHOP, plan_id, key=key()), codes),
        },
    )  # fmt: skip


async def test_bills_and_holds(db):
    customer = await factories.customer(principal=10_000)
    number = await factories.bill(customer.id, 1_000)
    codes = {"bill_not_owed", "bill_has_payments"}
    await same(
        "bill", ("open", "partly_paid", "paid", "void", "written_off"), number, read=bills.find, shown=of(shown_bills.Bill),
        deeds={
            "bills_pay": (lambda: operator_bills.pay(ME, number, amount_fen=None, key=key()), codes),
            "bills_void": (lambda: operator_bills.void(ME, number, reason="r", key=key()), codes),
            "dunning_write_off": (lambda: write_offs.request(ME, number, reason="r", key=key()), codes),
        },
    )  # fmt: skip
    hold_no = await operator_holds.place(
        ME, customer.id, amount_fen=500, title="押金", expires_at=None, key=key()
    )
    await same(
        "hold", ("open", "captured", "released", "expired"), hold_no, read=operator_holds.get, shown=of(shown_holds.Hold),
        deeds={
            "holds_capture": (lambda: operator_holds.capture(ME, hold_no, amount_fen=1, title=None, key=key()), {"hold_ended"}),
            "holds_release": (lambda: operator_holds.release(ME, hold_no, key=key()), {"hold_ended"}),
        },
    )  # fmt: skip


async def test_quarantined_money(db):
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 1_000)
    assert await payments.confirm(factories.trade(started, amount_fen=900)) == "quarantined"
    number = await database.fetchval("SELECT id FROM quarantine")
    codes = {"quarantine_state_forbids", "quarantine_nothing_came_in", "quarantine_not_to_be_sent_back"}
    channels = factories.open_channels()
    deeds = {
        "quarantine_credit": (
            lambda: quarantine_desk.credit(ME, number, customer_id=customer.id, reason="r", key=key()), codes
        ),
        "quarantine_send_back": (
            lambda: quarantine_desk.send_back(channels, ME, number, reason="r", key=key()), codes
        ),
        "quarantine_pay_out": (
            lambda: quarantine_desk.pay_out(ME, number, receipt_no="1", reason="r", key=key()), codes
        ),
        "quarantine_close": (lambda: quarantine_desk.close(ME, number, reason="r", key=key()), codes),
    }  # fmt: skip
    for column in ("state", "booked_fen = 0, state", "reason = 'second_trade', state"):
        await same(
            "quarantine", ("open", "sending", "stuck", "resolved"), number, read=quarantine.get, column=column,
            shown=of(shown_quarantine.Quarantined), deeds=deeds,
        )  # fmt: skip


async def test_refunds_and_remittances(db):
    channel, customer = remitting.Payouts(), await remitting.known_customer(20_000)
    number = await remitting.at_counter(channel, customer, 5_000)
    channels, codes = channel.open(), {"refund_state_forbids"}
    deeds = {
        "refunds_approve": (lambda: refunds.approve(channels, ME, number, key=key()), codes),
        "refunds_reject": (lambda: refunds.reject(ME, number, key=key()), codes),
        "refunds_paid_out": (lambda: refunds.paid_out(ME, number, key=key()), codes),
        "refunds_to_balance": (lambda: refunds.to_balance(ME, number, key=key()), codes),
        "refunds_to_counter": (lambda: refunds.to_counter(ME, number, key=key()), codes),
        "refunds_retry": (lambda: refunds.retry(channels, ME, number, key=key()), codes),
        "remittances_of_refund": (
            lambda: remittances.of_refund(channels, ME, number, payee_name=None, key=key()), codes
        ),
    }  # fmt: skip
    for part in ("waiting", "open", "abnormal", "sending", "paid", "failed"):
        await same(
            "refund", ("requested", "open", "paid", "failed", "rejected"), number, read=_refund_in(part),
            shown=of(shown_refunds.Refund), deeds=deeds,
        )  # fmt: skip
    sent = (await remitting.of_refund(channel, number)).remittance_no
    await same(
        "remittance", ("open", "waiting", "paid", "failed"), sent, read=remittance_records.get,
        shown=of(shown_remittances.Remittance),
        deeds={"remittances_cancel": (lambda: remittances.cancel(channels, ME, sent, key=key()), {"remittance_ended"})},
    )  # fmt: skip


_PART = """
UPDATE refund_part SET state = $1, tender = coalesce($2, tender),
    payment_no = CASE WHEN $2::text IS NULL THEN payment_no ELSE (SELECT payment_no FROM payment ORDER BY id LIMIT 1) END
"""


def _refund_in(part):
    """Reads a refund whose part the counter pays, or a channel where only those can be in that state."""

    async def read(number):
        for check in await database.fetch(_CHECKS, "refund_part"):
            await database.execute(f'ALTER TABLE refund_part DROP CONSTRAINT "{check["conname"]}"')
        await database.execute(_PART, part, "wechat_pay" if part in ("open", "abnormal", "failed") else None)
        return await refunds.get(number)

    return read


async def test_days_and_their_differences(db, tmp_path):
    keeper = books.BookKeeper()
    await books.paid(1_000, told=False)
    day = await books.compared(keeper, books.bill([books.Row("P" + "1" * 20, 55)]), tmp_path)
    assert day.state == "matched"
    number = await database.fetchval("SELECT difference_no FROM difference ORDER BY id LIMIT 1")
    codes = {"difference_resolved", "reconciliation_day_closed"}
    wish = resolving.Wish("ignore", "r")
    await same(
        "difference", ("asking", "open", "resolved"), number, read=differences.get, shown=shown_differences._shown,
        deeds={
            "differences_assign": (lambda: differences.assign(ME, number, owner_id=1, key=key()), codes),
            "differences_note": (lambda: differences.note(ME, number, remark="r", key=key()), codes),
            "differences_resolve": (lambda: resolving.resolve(ME, number, wish, key=key()), codes),
        },
    )  # fmt: skip
    for one in await differences.page(differences.Filter(), limit=10):
        await resolving.resolve(ME, one.difference_no, wish, key=key())
    where = (keeper.name, books.DAY)

    async def close():
        if (await days.get(*where)).state == "closed":  # which the desk takes as a repetition
            raise days.DayClosed(channel="", day="")
        await closing.close(ME, *where, key=key())

    await same(
        "channel_day", ("waiting", "imported", "matched", "closed"), where, read=lambda it: days.get(*it), shown=of(shown_days.Day),
        deeds={
            "reconciliation_close": (close, {"day_not_explained", "reconciliation_day_closed"}),
            "reconciliation_reopen": (lambda: closing.reopen(ME, *where, reason="r", key=key()), {"day_not_closed"}),
            "reconciliation_rerun": (lambda: fetching.rerun(keeper.opened(), ME, *where), {"reconciliation_day_closed"}),
        },
    )  # fmt: skip
