"""Endings: what a run makes of a message that is sent, may have been, waits, is void, or is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import clock
from notifications import policy
from notifications.letters import MAYBE, End, Letter, Outcome

FAULTS_MOST = 8
"""So often a message that we cannot put into words is tried; and one that is replayed when it is old already, whatever it meets."""
_FIRST_PAUSE_S = 5
_LONGEST_PAUSE_S = 3600


def sent(letter: Letter, channel: str) -> End:
    """It went out, or stands in the inbox and has nowhere else to go."""
    return End(letter, "sent", channel=channel)


def perhaps(letter: Letter, channel: str, note: str) -> End:
    """It may have arrived, and no repeat is free of harm."""
    return End(letter, "sent", channel=channel, error=f"{MAYBE}: {note}" if note else MAYBE)


def void(letter: Letter, reason: str) -> End:
    """It is not to be sent any more; what may have gone out already does not become void by that."""
    if letter.trying is not None:
        return perhaps(letter, letter.trying, reason)
    return End(letter, "void", reason=reason[:40])


def held(letter: Letter, until: datetime) -> End:
    """Not now, through no fault of anybody's: the claim does not count."""
    return End(letter, "queued", again_at=until, gives_back=True, keeps_trying=letter.trying is not None)


def postponed(letter: Letter, outcome: Outcome, *, in_doubt: str | None = None) -> End:
    """Tried again after a pause that grows; dead when it has been tried for long enough.

    ``in_doubt``: the channel it may have gone out by. Then it does not die, because who replays the dead would send it twice.
    """
    in_doubt = in_doubt or letter.trying
    said = f"{outcome.code}: {outcome.note}".strip(": ") or outcome.result
    now = clock.now()
    is_old = now - letter.created_at >= timedelta(days=policy.current().give_up_days)
    if (is_old or outcome.result == "failed") and letter.attempts >= FAULTS_MOST:
        return End(letter, "dead", error=said) if in_doubt is None else perhaps(letter, in_doubt, said)
    pause_s = min(_FIRST_PAUSE_S * 2 ** min(letter.attempts - 1, 20), _LONGEST_PAUSE_S)
    return End(
        letter,
        "queued",
        error=said,
        again_at=now + timedelta(seconds=pause_s),
        keeps_trying=in_doubt is not None,
    )


def name_of(end: End) -> str:
    """What a run counts it as."""
    if end.state in ("void", "dead"):
        return end.state
    if end.state == "sent":
        return "unknown" if end.error else str(end.channel)
    return "held" if end.gives_back else "retry"
