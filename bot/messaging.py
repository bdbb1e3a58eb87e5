"""消息设置、退订、接收优惠、提醒: what a person is told, decided in the chat."""

from __future__ import annotations

from bot.asker import Asker
from notifications import preferences


async def settings(asker: Asker) -> list[str]:
    """What the person is told now, and the words that change it."""
    chosen = await preferences.of(asker.customer.id)
    lines = [
        asker.say(f"messaging.reminders.{'on' if chosen.reminders else 'off'}"),
        asker.say(f"messaging.marketing.{'on' if chosen.marketing else 'off'}"),
    ]
    if chosen.quiet_from_minute is not None and chosen.quiet_until_minute is not None:
        ends = (_clock(chosen.quiet_from_minute), _clock(chosen.quiet_until_minute))
        lines.append(asker.say("messaging.quiet", start=ends[0], end=ends[1]))
    return [*lines, asker.say("messaging.how"), asker.say("messaging.offer")]


async def unsubscribe(asker: Asker) -> list[str]:
    """No marketing from now on."""
    await _set(asker, marketing=False)
    return [asker.say("messaging.unsubscribed")]


async def subscribe(asker: Asker) -> list[str]:
    """They agree to marketing, by the word that the settings name."""
    await _set(asker, marketing=True)
    return [asker.say("messaging.subscribed")]


async def reminders_off(asker: Asker) -> list[str]:
    """No reminders from now on."""
    await _set(asker, reminders=False)
    return [asker.say("messaging.reminders_off")]


async def reminders_on(asker: Asker) -> list[str]:
    """Reminders again."""
    await _set(asker, reminders=True)
    return [asker.say("messaging.reminders_on")]


async def _set(asker: Asker, *, reminders: bool | None = None, marketing: bool | None = None) -> None:
    number = asker.customer.id
    await preferences.change(
        number,
        reminders=reminders,
        marketing=marketing,
        wording=asker.say("messaging.offer"),
        door="chat",
        by=f"customer:{number}",
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
