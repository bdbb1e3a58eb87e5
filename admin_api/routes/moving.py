"""Money between customers, accounts that become one, accounts that are given up."""

from admin_api import closings, merges, reversals, transfers
from admin_api.routes.caller import OPERATOR
from billing import closings as billing_closings
from billing import merges as billing_merges
from billing import payouts
from billing import reversals as billing_reversals
from billing import transfers as billing_transfers
from core import http as kit

ROUTES = (
    kit.post(
        "/customers/{customer_id}/transfers",
        transfers.send,
        summary=("转赠给另一位顾客", "Transfer to another customer"),
        description=(
            "本金仍是本金，赠送保留原来的到期日。超过复核限额的等待另一位员工复核。",
            "Principal stays principal, bonus keeps its expiry. Above the shop's limit it waits for a second person.",
        ),
        status=201,
        answer=transfers.Transferred,
        refusals=(
            billing_transfers.NothingToTransfer,
            billing_transfers.NoSuchCustomer,
            billing_transfers.NoSuchAccount,
            billing_transfers.NotBetweenThese,
            billing_transfers.ReceiverLimit,
            billing_transfers.InsufficientBalance,
            billing_transfers.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/transfers",
        transfers.listing,
        summary=("全部转赠", "All transfers between customers"),
        answer=kit.Page[transfers.Transfer],
        auth=OPERATOR,
    ),
    kit.get(
        "/transfers/{transfer_no}",
        transfers.one,
        summary=("一笔转赠", "One transfer"),
        answer=transfers.Transfer,
        refusals=(billing_transfers.NoSuchTransfer,),
        auth=OPERATOR,
    ),
    kit.post(
        "/transfers/{transfer_no}/reversal",
        reversals.of_transfer,
        summary=("冲正一笔转赠", "Undo a transfer"),
        description=(
            "钱退回原来的批次，只能一次；收到的钱动用过则拒绝。",
            "The money goes back into the lots it came from, once; refused where any of it has been used.",
        ),
        status=201,
        answer=reversals.Reversed,
        refusals=(
            billing_transfers.NoSuchTransfer,
            billing_transfers.NotBetweenThese,
            billing_transfers.InsufficientBalance,
            billing_reversals.AlreadyReversed,
            billing_reversals.NotReversible,
            billing_reversals.MoneySpent,
            billing_transfers.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/customers/{customer_id}/merge-preview",
        merges.preview,
        summary=("预览合并账户", "What a merge would do"),
        answer=merges.Preview,
        refusals=(billing_merges.NothingToMerge, billing_merges.NoSuchCustomer),
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/merge",
        merges.request,
        summary=("申请合并账户", "Ask for a merge into another customer"),
        description=(
            "这位顾客的全部余额、微信身份、扣费计划和未付账单归入另一位顾客。须由另一位员工复核；合并后不能撤销。",
            "All of this customer's balance, identities, plans and unpaid bills become another's. Always needs a second person, "
            "and cannot be undone.",
        ),
        status=201,
        answer=merges.Requested,
        refusals=(
            billing_merges.NothingToMerge,
            billing_merges.NoSuchCustomer,
            billing_merges.CannotMerge,
            billing_merges.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/merges",
        merges.listing,
        summary=("全部合并", "All merges"),
        answer=kit.Page[merges.Merge],
        auth=OPERATOR,
    ),
    kit.get(
        "/merges/{merge_no}",
        merges.one,
        summary=("一次合并", "One merge"),
        answer=merges.Merge,
        refusals=(billing_merges.NoSuchMerge,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/closing-preview",
        closings.preview,
        summary=("预览销户", "What closing the account would do"),
        answer=closings.Preview,
        refusals=(billing_closings.NoSuchCustomer,),
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/closing",
        closings.request,
        summary=("申请销户", "Ask for an account to be closed"),
        description=(
            "须由另一位员工复核。复核后计划终止、赠送失效，本金待退还；全部退还后账户关闭。",
            "Always needs a second person. Then plans end, bonus lapses and principal waits to be paid out; when all of it is, "
            "the account is closed.",
        ),
        status=201,
        answer=merges.Requested,
        refusals=(
            billing_closings.NoSuchCustomer,
            billing_closings.CannotClose,
            billing_closings.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/closings",
        closings.listing,
        summary=("全部销户", "All closings"),
        answer=kit.Page[closings.Closing],
        auth=OPERATOR,
    ),
    kit.get(
        "/closings/{closing_no}",
        closings.one,
        summary=("一次销户", "One closing"),
        answer=closings.ClosingWithPayouts,
        refusals=(billing_closings.NoSuchClosing,),
        auth=OPERATOR,
    ),
    kit.post(
        "/closings/{closing_no}/payouts",
        closings.pay_out,
        summary=("柜台退还本金", "Pay principal out at the counter"),
        status=201,
        answer=closings.Closing,
        refusals=(
            billing_closings.NoSuchClosing,
            payouts.NothingToPayOut,
            billing_closings.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
)
