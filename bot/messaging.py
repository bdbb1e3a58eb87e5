"""消息设置、退订、接收优惠、提醒: what a person is told, decided in the chat."""

from __future__ import annotations

from functools import partial

from billing import confirmed
from bot.asker import Asker
from bot.dialogue import Choice, Outcome, Proposal, Subject
from bot.understanding.plain import plain
from notifications import preferences

DEED, OFFERS = "message_settings", "subscribe_offers"


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
    """No marketing from now on. It is not undone by a word: agreeing takes the words that say to what."""
    await _set(asker, marketing=False)
    outcome = Outcome([asker.say("messaging.unsubscribed")], kept_because="messaging.offer")
    asker.turn.did(outcome)
    return outcome.lines


async def subscribe(asker: Asker) -> list[str]:
    """They agree to marketing by the word that the settings name; who wants it in other words is shown first to what they agree."""
    if asker.turn.remembers and asker.asked.text != plain(asker.say("ask.subscribe_offers")):
        return await propose_offers(asker, {})
    outcome = await agree(asker)
    asker.turn.did(outcome)
    return outcome.lines


async def propose_offers(asker: Asker, _subject: Subject) -> list[str]:
    """The question whether they agree to marketing, with the words that are written down."""
    asker.turn.propose(OFFERS, {}, "")
    return [asker.say("messaging.offer"), *asker.yes_does(asker.say("messaging.agree"))]


async def agree(asker: Asker, proposal: Proposal | None = None) -> Outcome:
    """They agree, having been shown to what; not by a yes to what they have said no to.

    Raises:
        KeyReused: they have.
    """
    if proposal is None:
        await _set(asker, marketing=True)
    else:
        await confirmed.once(
            asker.customer.id, what=OFFERS, key=proposal.number, content={}, act=partial(_set, asker, marketing=True)
        )  # fmt: skip
    return Outcome([asker.say("messaging.subscribed")], Choice(DEED, {"marketing": False}), "marketing=True")


async def set_back(asker: Asker, proposal: Proposal) -> Outcome:
    """What was chosen before; not if it was changed again since."""
    chosen = await preferences.of(asker.customer.id)
    ((name, was),) = proposal.subject.items()
    if proposal.mark != f"{name}={getattr(chosen, name)}":
        raise confirmed.NotAsShown
    await _set(asker, **{name: was})
    return Outcome(await settings(asker))


async def reminders_off(asker: Asker) -> list[str]:
    """No reminders from now on."""
    return await _remind(asker, wanted=False)


async def reminders_on(asker: Asker) -> list[str]:
    """Reminders again."""
    return await _remind(asker, wanted=True)


async def _remind(asker: Asker, *, wanted: bool) -> list[str]:
    before = (await preferences.of(asker.customer.id)).reminders
    await _set(asker, reminders=wanted)
    lines = [asker.say(f"messaging.reminders_{'on' if wanted else 'off'}")]
    asker.turn.did(Outcome(lines, Choice(DEED, {"reminders": before}), f"reminders={wanted}"))
    return lines


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
