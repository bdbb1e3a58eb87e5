"""What the shop's people are told about remittances, and when that is over."""

from __future__ import annotations

from billing import staff_alerts
from billing.remittance_records import Remittance
from gateways.channel import ChannelTransfer


async def failed(remittance: Remittance, why: str) -> None:
    """It did not move; somebody pays another way, or sends it again."""
    await staff_alerts.raise_once(
        "remittance_failed", remittance.remittance_no, {**_of(remittance), "why": why}
    )


async def stuck(remittance: Remittance, why: str) -> None:
    """The channel says something that cannot be; somebody has to ask it."""
    await staff_alerts.raise_once(
        "remittance_stuck", remittance.remittance_no, {**_of(remittance), "why": why}
    )


async def over(remittance: Remittance) -> None:
    """It has ended after all."""
    await staff_alerts.resolve("remittance_stuck", [remittance.remittance_no])


async def contradicted(remittance: Remittance) -> None:
    """The channel paid what it had said was over: the customer may have it twice."""
    await staff_alerts.raise_once("remittance_contradicted", remittance.remittance_no, _of(remittance))


async def not_ours(channel: str, found: ChannelTransfer) -> None:
    """The channel sent money that we never asked it to."""
    params = {"channel": channel, "remittance_no": found.out_bill_no[:64]}
    await staff_alerts.raise_once("remittance_not_ours", f"{channel}:{found.out_bill_no}"[:90], params)


def _of(remittance: Remittance) -> dict[str, object]:
    return {
        "remittance_no": remittance.remittance_no,
        "purpose_no": remittance.purpose_no,
        "amount_fen": remittance.amount_fen,
        "channel": remittance.channel,
    }
