"""Short messages, for kinds that operators have chosen an approved template for.

Without an answer the provider is asked for our reference; only when it has not heard of it for some minutes is the message sent
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta, timezone

from core import clock
from gateways.sms.provider import Provider, Shortage, SmsError, SmsRefused, SmsUnknown, Text
from notifications import addresses, delivery_reports, limits, templates
from notifications.channels.channel import Channel, Found
from notifications.letters import Letter, Outcome
from notifications.wordings import Wordings

_BEIJING = timezone(timedelta(hours=8))
_HEARD_OF_WITHIN = timedelta(minutes=10)
"""So long after an attempt the provider's records may not show it yet."""


class ShortMessages(Channel[Text]):
    """Short messages by one provider."""

    name = "sms"
    can_find_out = True

    def __init__(self, provider: Provider, sign_name: str) -> None:
        """``sign_name``: the approved signature, for templates that name none of their own."""
        self._provider = provider
        self._sign_name = sign_name

    def draft(self, letter: Letter, wordings: Wordings) -> Text | None:
        saved = wordings.of(letter.kind, "sms", letter.locale)
        if letter.phone is None or saved is None:
            return None
        filled = templates.patterns(saved["params"], letter.kind, letter.params, letter.locale)
        params = {name: value[: limits.SMS_VARIABLE_CHARS] for name, value in filled.items()}
        return Text(
            letter.phone,
            saved.get("sign_name") or self._sign_name,
            saved["template_code"],
            params,
            _reference(letter),
        )

    async def send(self, letter: Letter, draft: Text) -> Outcome:
        try:
            return Outcome("sent", await self._provider.send(draft))
        except SmsError as fault:
            return _outcome(fault)

    async def settle(self, tried: Sequence[tuple[Letter, Text, Outcome | None]]) -> None:
        """A number that is none, or is not to be written to, is not tried again."""
        for letter, draft, outcome in tried:
            if outcome is not None and outcome.is_address:
                await addresses.refused(letter.customer_id, "sms", draft.phone, outcome.code)

    async def find_out(self, letter: Letter) -> Found:
        since = letter.trying_at
        if since is None or letter.phone is None:
            return Outcome("unknown")
        days = {instant.astimezone(_BEIJING).date() for instant in (since, since + _HEARD_OF_WITHIN)}
        try:
            asked = [await self._provider.find(letter.phone, day, _reference(letter)) for day in sorted(days)]
        except SmsError as fault:
            return Outcome("later", "", str(fault))
        found = next((one for one in asked if one is not None), None)
        if found is None:
            is_young = clock.now() - since < _HEARD_OF_WITHIN
            return Outcome("later", "", "不在发送记录里 · not among what was sent") if is_young else "absent"
        if found.state == "failed":
            return Outcome("refused", found.code)
        return Outcome("sent", found.state)

    async def whether_arrived(self, message_id: int, phone: str, on: date) -> delivery_reports.Answer:
        """What the provider says of a message that was recorded as taken on this day in Beijing; it may have been the day before. Without an
        answer: ``waiting``."""
        try:
            found = await self._provider.find(phone, on, _referring_to(message_id))
            if found is None:
                found = await self._provider.find(phone, on - timedelta(days=1), _referring_to(message_id))
        except SmsError:
            return delivery_reports.Answer("waiting")
        if found is None:
            return delivery_reports.Answer("unheard")
        arrival: dict[str, delivery_reports.Arrival] = {
            "delivered": "arrived",
            "failed": "failed",
            "waiting": "waiting",
        }
        return delivery_reports.Answer(arrival[found.state], found.code, found.is_number)


def _outcome(fault: SmsError) -> Outcome:
    match fault:
        case SmsRefused():
            return Outcome("refused", fault.code, fault.message, is_address=fault.is_number)
        case Shortage():
            return Outcome("later", fault.code, fault.message)
        case SmsUnknown():
            return Outcome("unknown" if fault.maybe_executed else "later", "", fault.reason)
    raise AssertionError("there are no other")


def _reference(letter: Letter) -> str:
    return _referring_to(letter.id)


def _referring_to(message_id: int) -> str:
    return f"yucun-{message_id}"
