"""Remittances as their customers see them, with what the mini-program opens the sheet with in which they confirm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing import remittance_records
from billing.channels import Channels
from members import sign_in

LoginCodeRefused = sign_in.LoginCodeRefused
WeChatUnavailable = sign_in.WeChatUnavailable


@dataclass(frozen=True, slots=True)
class Shown:
    """A remittance as its customer sees it. ``client`` is what wx.requestMerchantTransfer is given, while it can be confirmed."""

    id: int
    remittance_no: str
    amount_fen: int
    remark: str
    state: str
    client: dict[str, str] | None
    created_at: datetime
    ended_at: datetime | None


async def of_customer(
    channels: Channels, customer_id: int, *, before: int | None = None, limit: int = 20
) -> list[Shown]:
    """A customer's remittances, newest first."""
    rows = await remittance_records.page(customer_id=customer_id, before=before, limit=limit)
    return [_shown(channels, row) for row in rows]


async def waiting_by_code(channels: Channels, platform: sign_in.LoginPlatform, code: str) -> list[Shown]:
    """What waits for the person whose phone a login code comes from. Who is closing an account cannot sign in any more.

    Raises:
        LoginCodeRefused, WeChatUnavailable.
    """
    openid = await sign_in.openid_by(platform, code)
    return [_shown(channels, row) for row in await remittance_records.waiting_for(openid)]


def _shown(channels: Channels, remittance: remittance_records.Remittance) -> Shown:
    opened, client = channels.by_name.get(remittance.channel), None
    if opened is not None and remittance.package_info is not None and not remittance.is_stopping:
        client = {"mchId": opened.merchant_id, "appId": opened.app_id, "package": remittance.package_info}
    return Shown(
        remittance.id, remittance.remittance_no, remittance.amount_fen, remittance.remark, remittance.state, client,
        remittance.created_at, remittance.ended_at,
    )  # fmt: skip
