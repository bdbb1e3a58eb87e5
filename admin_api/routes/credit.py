"""Credit limits and what they are set from."""

from admin_api import credit
from admin_api.routes.caller import OPERATOR
from billing import credit_assessment, credit_limits
from core import http as kit

ROUTES = (
    kit.get(
        "/customers/{customer_id}/credit",
        credit.show,
        summary=("顾客的信用额度", "A customer's credit"),
        answer=credit.Credit,
        refusals=(credit_limits.NoSuchAccount,),
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/credit",
        credit.set_limit,
        summary=("设定信用额度", "Set a customer's credit limit"),
        description=(
            "余额不足时可用额度支付，到账的钱先归还。调高到复核限额以上的等待另一位员工复核。",
            "Credit pays what the balance does not cover; money that comes in pays it back first. Raising it above the shop's "
            "limit waits for another operator.",
        ),
        answer=credit.LimitSet,
        refusals=(
            credit_limits.CreditLimitOutOfRange,
            credit_limits.CustomerHasLeft,
            credit_limits.CreditLimitBelowUsed,
            credit_limits.NoSuchAccount,
            credit_assessment.NoSuchCustomer,
            credit_limits.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/customers/{customer_id}/credit/assessment",
        credit.assess,
        summary=("信用评估", "How a customer has paid so far, and the limit that suggests"),
        answer=credit.Assessment,
        refusals=(credit_assessment.NoSuchCustomer,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/credit/changes",
        credit.changes,
        summary=("信用额度的变更", "How a customer's limit was changed"),
        answer=kit.Page[credit.Change],
        auth=OPERATOR,
    ),
)
