"""Texts that operators write for the chat: what may be filled in, and how long they may get."""

from __future__ import annotations

from core import errors, words

MOST_BYTES = 2_048
"""What the platform shows of a text ("被动回复用户消息")."""
PLACEHOLDERS = {
    "shop": 192,
    "store": 180,
    "today": 10,
    "hours_today": 120,
    "hours_tomorrow": 120,
    "hours": 900,
}
"""What may be filled in, each with the bytes it takes at most. Nothing of whoever writes: an answer is the same for all."""
_NAMES = ", ".join(sorted(PLACEHOLDERS))


class TextUnfillable(errors.Invalid):
    """In braces stand only the names of what can be filled in."""

    code = "chat_text_unfillable"


class TextTooLong(errors.Invalid):
    """With everything filled in the text may take more than the platform shows."""

    code = "chat_text_too_long"


def check(text: str, *, room: int = 0) -> None:
    """Refuses a text that could not be said whole. ``room``: so many bytes are said beside it.

    Raises:
        TextUnfillable, TextTooLong.
    """
    try:
        found = words.placeholders(text)
    except ValueError:
        raise TextUnfillable(names=_NAMES) from None
    if not found.keys() <= PLACEHOLDERS.keys() or any(found.values()):
        raise TextUnfillable(names=_NAMES)
    longest = words.fill(text, **{name: "x" * PLACEHOLDERS[name] for name in found})
    if len(longest.encode()) > MOST_BYTES - room:
        raise TextTooLong(bytes=len(longest.encode()), most=MOST_BYTES - room)


def cut(text: str, name: str) -> str:
    """What is filled in for a name, within the bytes counted for it."""
    encoded = text.encode()
    most = PLACEHOLDERS[name]
    return text if len(encoded) <= most else encoded[: most - 3].decode(errors="ignore") + "…"
