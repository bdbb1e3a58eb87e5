"""E-mail. A letter that the server may have taken is not sent again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core import words
from gateways.mail import Mail, MailLater, MailRefused, MailUnknown
from notifications import addresses, codes, templates
from notifications.channels.channel import Channel
from notifications.letters import Letter, Outcome
from notifications.wordings import Wordings


class Sender(Protocol):
    """Hands letters to a server; ``gateways.mail.Mailer`` is one."""

    async def send(self, mail: Mail) -> str: ...


class Email(Channel[Mail]):
    """E-mail from the shop's address."""

    name = "email"

    def __init__(self, sender: Sender, shop_name: str) -> None:
        self._sender = sender
        self._shop_name = shop_name

    def draft(self, letter: Letter, wordings: Wordings) -> Mail | None:
        if letter.email is None:
            return None
        saved = wordings.of(letter.kind, "email", letter.locale)
        kind, params, locale = letter.kind, letter.params, letter.locale
        if saved is not None:
            subject = templates.text(saved, kind, params, locale, part="subject")
            body = templates.text(saved, kind, params, locale, part="body")
        else:
            reading = templates.read(kind, params, locale)
            subject, body = f"{self._shop_name} · {reading.title}", f"{reading.body}\n\n{self._shop_name}\n"
        return Mail(letter.email, " ".join(subject.split()), body, f"yucun-{letter.id}")

    async def send(self, letter: Letter, draft: Mail) -> Outcome:
        try:
            return Outcome("sent", "", await self._sender.send(draft))
        except MailRefused as refused:
            return Outcome("refused", str(refused.code), refused.message, is_address=refused.is_address)
        except MailLater as later:
            return Outcome("later", str(later.code or ""), later.message)
        except MailUnknown as unknown:
            return Outcome("unknown", "", str(unknown))

    async def settle(self, tried: Sequence[tuple[Letter, Mail, Outcome | None]]) -> None:
        """An address that nobody has is not written to again."""
        for letter, draft, outcome in tried:
            if outcome is not None and outcome.is_address:
                await addresses.refused(
                    letter.customer_id, "email", draft.to, f"{outcome.code} {outcome.note}"
                )


class CodesByMail:
    """One-time codes by a letter in the words of the catalogue."""

    def __init__(self, sender: Sender, shop_name: str) -> None:
        self._sender = sender
        self._shop_name = shop_name

    async def send(self, address: str, code: str, *, minutes: int, locale: str, reference: str) -> None:
        subject = words.say("address_code.subject", locale, shop=self._shop_name)
        body = words.say("address_code.body", locale, shop=self._shop_name, code=code, minutes=minutes)
        try:
            await self._sender.send(Mail(address, subject, body, reference))
        except (MailRefused, MailLater) as refused:
            raise codes.NotSent from refused
        except MailUnknown:
            return
