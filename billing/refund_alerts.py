"""What the shop's people are told about refunds, and when that is over."""

from __future__ import annotations

from datetime import datetime

from billing import staff_alerts
from billing.refund_records import Part, Refund
from gateways.channel import ChannelRefund


async def requested(refund: Refund) -> None:
    """A customer asks for a refund that somebody has to decide on."""
    await staff_alerts.raise_once("refund_requested", refund.refund_no, _of(refund, refund.amount_fen))


async def at_counter(refund: Refund, part: Part) -> None:
    """Somebody has to pay a refund out at the counter."""
    await staff_alerts.raise_once("refund_at_counter", refund.refund_no, _of(refund, part.amount_fen))


async def decided(refund: Refund) -> None:
    """Nobody needs to decide on this refund, or pay it out, any more."""
    await staff_alerts.resolve("refund_requested", [refund.refund_no])
    await staff_alerts.resolve("refund_at_counter", [refund.refund_no])


async def failed(refund: Refund, part: Part, why: str) -> None:
    """The channel said no for good; somebody may try again, or another way."""
    params = {**_of(refund, part.amount_fen), "channel": part.tender, "why": why}
    await staff_alerts.raise_once("refund_failed", refund.refund_no, params)


async def abnormal(refund: Refund, part: Part, why: str) -> None:
    """The channel is stuck; somebody has to decide how it goes on."""
    params = {**_of(refund, part.amount_fen), "channel": part.tender, "why": why}
    await staff_alerts.raise_once("refund_abnormal", refund.refund_no, params)


async def unstuck(refund: Refund) -> None:
    """What was stuck goes on, or has ended."""
    await staff_alerts.resolve("refund_abnormal", [refund.refund_no])


async def channel_off(refund: Refund, part: Part) -> datetime:
    """Money has to go back through a channel that is switched off. Returns since when the shop's people have been told."""
    params = {**_of(refund, part.amount_fen), "channel": part.tender}
    await staff_alerts.raise_once("refund_channel_off", part.part_no, params)
    return await staff_alerts.open_since("refund_channel_off", part.part_no)


async def channel_on(part: Part) -> None:
    """The channel can be asked again, or need not be any more."""
    await staff_alerts.resolve("refund_channel_off", [part.part_no])


async def handled(refund: Refund) -> None:
    """Somebody has seen to what failed or was stuck."""
    await staff_alerts.resolve("refund_failed", [refund.refund_no])
    await unstuck(refund)


async def contradicted(refund: Refund, part: Part) -> None:
    """The channel paid back what it had refused, or what went to the balance instead: the customer has it twice."""
    params = {**_of(refund, part.amount_fen), "channel": part.tender}
    await staff_alerts.raise_once("refund_contradicted", part.part_no, params)


async def not_ours(channel: str, found: ChannelRefund) -> None:
    """The channel paid something back that we never asked for."""
    params = {"channel": channel, "refund_no": found.out_refund_no[:64]}
    await staff_alerts.raise_once("refund_not_ours", f"{channel}:{found.out_refund_no}"[:90], params)


def _of(refund: Refund, amount_fen: int) -> dict[str, object]:
    return {"refund_no": refund.refund_no, "subject_no": refund.subject_no, "amount_fen": amount_fen}
