"""Transfers to customers who confirm them (API v3, "商家转账", user confirmation mode, /v3/fund-app/mch-transfer)."""

from __future__ import annotations

from gateways.channel import ChannelRefused, ChannelTransfer, ResultUnknown, TransferOrder
from gateways.reading import JsonObject, understood
from gateways.wechat_pay import answers
from gateways.wechat_pay.calls import Calls, quoted

_BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
_REMARK_LETTERS = 32
_NAMED_FROM_FEN = 30
"""Below 0.3 yuan WeChat Pay takes no name."""


async def create(calls: Calls, order: TransferOrder) -> ChannelTransfer:
    """See `channel.Payouts.transfer`."""
    settings = calls.settings
    if settings.transfer_scene_id is None:
        raise ChannelRefused("no_transfer_scene", "no scene of transfers is set up")
    fields: dict[str, object] = {
        "appid": settings.app_id,
        "out_bill_no": order.out_bill_no,
        "transfer_scene_id": settings.transfer_scene_id,
        "openid": order.payee,
        "transfer_amount": order.amount_fen,
        "transfer_remark": order.remark[:_REMARK_LETTERS],
        "notify_url": settings.notify_url,
        "transfer_scene_report_infos": [
            {"info_type": kind, "info_content": content} for kind, content in settings.transfer_scene_infos
        ],
    }
    if order.payee_name and order.amount_fen >= _NAMED_FROM_FEN:
        await calls.ready()
        fields["user_name"] = calls.sealed_for_wechat_pay(order.payee_name)
    return _read(await calls.ask("POST", _BILLS, fields), order.out_bill_no)


async def query(calls: Calls, out_bill_no: str) -> ChannelTransfer:
    """See `channel.Payouts.query_transfer`."""
    try:
        content = await calls.ask("GET", f"{_BILLS}/out-bill-no/{quoted(out_bill_no)}")
    except ChannelRefused as refused:
        if refused.code not in answers.ORDER_MISSING:
            raise
        return answers.missing_transfer(out_bill_no)
    return _read(content, out_bill_no)


async def cancel(calls: Calls, out_bill_no: str) -> ChannelTransfer:
    """See `channel.Payouts.cancel_transfer`."""
    return _read(await calls.ask("POST", f"{_BILLS}/out-bill-no/{quoted(out_bill_no)}/cancel"), out_bill_no)


def _read(content: JsonObject, out_bill_no: str) -> ChannelTransfer:
    with understood():
        transfer = answers.transfer(content)
    if transfer.out_bill_no != out_bill_no:
        raise ResultUnknown("the answer is about another transfer")
    return transfer
