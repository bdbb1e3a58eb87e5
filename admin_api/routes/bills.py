"""Bills: issuing, taking, voiding, instalments."""

from admin_api import bills, instalments
from admin_api.routes.caller import OPERATOR
from billing import bills as billing_bills
from billing import collecting, instalment_schedule, operator_bills
from billing import instalments as billing_instalments
from core import http as kit

_SPLIT = (
    instalment_schedule.InstalmentsDiffer,
    instalment_schedule.TooManyInstalments,
    instalment_schedule.DownPaymentTooLarge,
    instalment_schedule.InstalmentDatesWrong,
)
_ON_A_BILL = (
    billing_bills.NoSuchBill,
    billing_bills.BillOfAnOrder,
    billing_bills.BillNotOwed,
    billing_bills.BillPaymentPending,
    billing_bills.BillUnderReview,
)

ROUTES = (
    kit.get(
        "/bills/due",
        bills.due,
        summary=("到期未付的账单", "Bills that are due and unpaid"),
        answer=kit.Page[bills.Bill],
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/bills",
        bills.of_customer,
        summary=("顾客的账单", "A customer's bills"),
        answer=kit.Page[bills.Bill],
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/bills",
        bills.issue,
        summary=("开账单", "Issue a bill"),
        description=(
            "顾客会收到通知。自动扣款的账单到期时由系统从余额扣除，其余到期时提醒顾客。",
            "The customer is told. An automatic bill is taken from the balance when it is due; of any other they are reminded.",
        ),
        status=201,
        answer=bills.BillRecord,
        refusals=(
            operator_bills.NoSuchCustomer,
            operator_bills.CustomerHasLeft,
            operator_bills.ConsentMissing,
            operator_bills.DueOnOrAt,
            operator_bills.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/bills/{bill_no}",
        bills.one,
        summary=("一张账单", "One bill"),
        description=(
            "连同付款记录和历次分期安排。",
            "With its payments and all that was ever arranged about it.",
        ),
        answer=bills.BillRecord,
        refusals=(billing_bills.NoSuchBill,),
        auth=OPERATOR,
    ),
    kit.post(
        "/bills/{bill_no}/pay",
        bills.pay,
        summary=("代顾客用余额付账单", "Take a bill from the customer's balance"),
        answer=bills.BillRecord,
        refusals=(
            *_ON_A_BILL,
            collecting.AmountAboveOwed,
            collecting.PaidInFullOnly,
            collecting.InsufficientBalance,
            operator_bills.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/bills/{bill_no}/void",
        bills.void,
        summary=("作废账单", "Void a bill"),
        description=("只有分文未付的账单可以作废。", "Only a bill on which nothing was paid."),
        answer=bills.BillRecord,
        refusals=(*_ON_A_BILL, operator_bills.BillHasPayments, operator_bills.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/bills/{bill_no}/instalments/preview",
        instalments.preview,
        summary=("预览分期", "See how a bill would be split"),
        answer=instalments.Preview,
        refusals=(*_ON_A_BILL, *_SPLIT),
        auth=OPERATOR,
    ),
    kit.post(
        "/bills/{bill_no}/instalments",
        instalments.arrange,
        summary=("安排分期", "Arrange instalments"),
        description=(
            "把未付的部分分成若干期；除不尽的分加在最前面几期。已有分期时为重新安排，原安排留作记录。"
            "未写明顾客如何同意的，作为方案请顾客在小程序确认。",
            "Splits what is unpaid; fen that do not divide go to the first parts. Where instalments run they are arranged anew, "
            "and the old ones kept. Without consent it is a proposal that the customer agrees to in the mini-program.",
        ),
        status=201,
        answer=bills.BillRecord,
        refusals=(*_ON_A_BILL, *_SPLIT, billing_instalments.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/bills/{bill_no}/instalments/cancel",
        instalments.cancel,
        summary=("取消分期", "End instalments"),
        description=(
            "未付的部分立即到期；尚未同意的方案则撤回。",
            "All that is unpaid is due at once; what was only proposed is withdrawn.",
        ),
        answer=bills.BillRecord,
        refusals=(*_ON_A_BILL, billing_instalments.NoArrangement, billing_instalments.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
)
