"""还能用多久: how long the balance lasts, and what it is spent on."""

from __future__ import annotations

from billing import forecast
from bot.asker import Asker


async def answer(asker: Asker) -> list[str]:
    """The days and the day, what they are made of, and whether little is known yet."""
    found = await forecast.of(asker.customer.id)
    lines = [_head(asker, found)]
    lines += [
        asker.say(f"forecast.{part.kind}", title=part.title, times=part.times, amount_fen=part.amount_fen)
        for part in found.parts
    ]
    if found.is_early and found.spends:
        lines.append(asker.say("forecast.early"))
    return lines


def _head(asker: Asker, found: forecast.Forecast) -> str:
    if found.runs_out_on is not None and found.days is not None:
        key = "forecast.lasts" if found.days else "forecast.today"
        return asker.say(
            key, available_fen=found.available_fen, days=found.days, runs_out_on=found.runs_out_on
        )
    key = "forecast.long" if found.spends else "forecast.nothing"
    return asker.say(key, available_fen=found.available_fen, days=found.horizon_days)
