"""Steps of bills: issued, paid whole and in part, voided, arranged in instalments, and the clock that comes for what is due."""

from __future__ import annotations

from datetime import timedelta

from billing import bills, collecting, due_bills, instalment_schedule, instalments, operator_bills
from tests.model.books.bills import AS_ISSUED, DAY, ON_THE_MINUTE
from tests.model.shop import AMOUNTS
from tests.model.steps.step import a_key, pick, step

NO_BILL = "B-none"


def issue(machine, customer, a, b, c):
    title = f"{machine.prefix}-bill-{machine.number()}"
    amount, mode, automatic, key = AMOUNTS[a], ("partial" if b % 2 else "full"), b < 6, a_key(machine, c)
    model = machine.model
    due = (
        None, (model.now, AS_ISSUED), (model.now + 30, AS_ISSUED), (model.now + DAY, AS_ISSUED), None,
        (model.now // DAY * DAY, ON_THE_MINUTE), ((model.now // DAY + 1) * DAY, ON_THE_MINUTE), (model.now + 1, AS_ISSUED),
    )[c]  # fmt: skip
    on_a_day = due and due[1] == ON_THE_MINUTE
    due_on = model.first_day + timedelta(days=due[0] // DAY) if on_a_day else None
    due_at = machine.now + timedelta(minutes=due[0] - model.now) if due and not on_a_day else None

    async def call():
        bill_no = await operator_bills.issue(
            1, customer, title=title, amount_fen=amount, due_on=due_on, due_at=due_at, collect_mode=mode,
            automatic=automatic, consent="合同第三条" if automatic else None, key=key,
        )  # fmt: skip
        return (await bills.find(bill_no)).title

    def act(model, seen):
        return model.issue_as_operator(title, customer, amount, due, mode, automatic, key)

    return step(call, act)


def _bill(machine, customer, a, b, c):
    """Mostly a bill of the customer's own that is owed: its source, and its number in the shop."""
    known = machine.model.bills
    own = [
        source
        for source, one in known.items()
        if one.customer == customer
        and (c == 5 or not source.startswith("order:"))
        and (b >= 4 or one.is_owed)
    ]
    source = pick(known if b == 7 else own, a)
    return source, number_of(machine, source)


def number_of(machine, source):
    return machine.known.get(source, (NO_BILL,))[0]


def pay_bill(machine, customer, a, b, c, amount=None):
    source, bill_no = _bill(machine, customer, a, b, c)
    key = a_key(machine, c)

    async def call():
        await collecting.pay(customer, bill_no, amount_fen=amount, key=key)
        return source

    return step(call, lambda model, seen: model.pay_bill(customer, source, amount, key))


def some_of(machine, source, nth):
    owed = machine.model.bills[source].owed if source else 1
    return max(1, (1, owed // 2, owed // 3, owed, owed + 1, 7, owed // 2, 50)[nth])


def pay_some(machine, customer, a, b, c):
    source, _ = _bill(machine, customer, b, a % 5, c)
    return pay_bill(machine, customer, b, a % 5, c, amount=some_of(machine, source, a))


def operator_pays(machine, customer, a, b, c):
    source, bill_no = _bill(machine, customer, a, b, c)
    amount = some_of(machine, source, a) if b % 2 else None
    key = a_key(machine, c)

    async def call():
        await operator_bills.pay(1, bill_no, amount_fen=amount, key=key)

    return step(call, lambda model, seen: model.pay_as_operator(source, amount, key))


def void_bill(machine, customer, a, b, c):
    source, bill_no = _bill(machine, customer, a, b, c)
    key = a_key(machine, c)

    async def call():
        await operator_bills.void(1, bill_no, reason="开错", key=key)

    return step(call, lambda model, seen: model.void_bill(source, key))


def arrange(machine, customer, a, b, c):
    source, bill_no = _bill(machine, customer, a, b % 5, c)
    count, ahead, days = 1 + (a + c) % 4, (0, 1, 0, 3)[b % 4], (1, 3, 1, 30)[c % 4]
    down, automatic, key = (0, 0, 0, 7)[(a + b) % 4], b < 6, a_key(machine, c)
    consent = "counter" if (a + b + c) % 3 else None
    first = machine.model.now // DAY + ahead

    async def call():
        first_due_on = machine.model.first_day + timedelta(days=first)
        schedule = instalment_schedule.EqualParts(count, first_due_on, "days", days, down)
        terms = instalments.Terms(schedule, automatic, "1", "分期", consent)
        return await instalments.arrange(1, bill_no, terms, key=key)

    asked = (count, first, days, down, automatic, consent is not None)
    return step(call, lambda model, seen: model.arrange(source, asked, key))


def agree(machine, customer, a, b, c):
    known = machine.model.bills
    asked = [source for source, one in known.items() if one.proposed and (b >= 6 or one.customer == customer)]
    source = pick(asked if b < 7 and asked else known, a)
    proposed = known[source].proposed if source else None
    number = (proposed.number if proposed else 1) + (c == 6)
    bill_no, key = number_of(machine, source), a_key(machine, c)

    async def call():
        await instalments.agree(customer, bill_no, arrangement_no=number, consent_version="1", key=key)

    return step(call, lambda model, seen: model.agree(customer, source, number, key))


def stop(machine, customer, a, b, c):
    known = machine.model.bills
    running = [
        source
        for source, one in known.items()
        if one.customer == customer and one.is_owed and (one.mode == "instalments" or one.proposed)
    ]
    source = pick(running if b < 7 and running else known, a)
    bill_no, key = number_of(machine, source), a_key(machine, c)

    async def call():
        await instalments.cancel(1, bill_no, reason="不分了", key=key)

    return step(call, lambda model, seen: model.stop(source, key))


def take_due_bills(machine, customer, a, b, c):
    size = (500, 500, 1, 2)[a % 4]

    async def call():
        run = await due_bills.run(batch=size)
        return run.due, run.charged

    def parts(model):
        ahead, rounds = model.copy(), 0
        while ahead.take_due_bills(size)[0]:
            rounds += 1
        return [lambda now, seen: now.take_due_bills(size)[1]] * (rounds + 1)

    return step(call, more_parts=parts)


def _owes(model, customer):
    return any(
        one.customer == customer and one.is_owed and not source.startswith("order:")
        for source, one in model.bills.items()
    )


def _in_parts(model, customer):
    return any(
        one.customer == customer and one.is_owed and (one.mode == "instalments" or one.proposed)
        for one in model.bills.values()
    )


def _proposed(model, customer):
    return any(one.customer == customer and one.proposed for one in model.bills.values())


NEEDS = {
    **{name: (_owes, "issue") for name in ("pay_bill", "pay_some", "operator_pays", "void_bill", "arrange")},
    "stop": (_in_parts, "arrange"),
    "agree": (_proposed, "arrange"),
}
AT_ONCE = (
    "issue",
    "pay_bill",
    "pay_bill",
    "pay_some",
    "operator_pays",
    "void_bill",
    "arrange",
    "agree",
    "stop",
)
EVERY = (*AT_ONCE, "issue", "arrange", "take_due_bills", "take_due_bills")
