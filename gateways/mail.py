"""E-mail by the shop's SMTP server (RFC 5321), a connection a message.

A reply of 5xx is for good and one of 4xx for now (section 4.2.1). Once the text is on its way only the server's last reply says
whether it took it (section 4.5.3.2.6), so an end without one is unknown.
"""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from core import clock

_GOODBYE_S = 2.0
Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The server, how the connection to it is kept private, and who the letters are from. Without `username` nobody signs in."""

    host: str
    port: int
    sender: str
    sender_name: str
    security: Security = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 15.0
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """Whom to believe; None: whom the machine believes."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter in plain text. `reference` becomes its Message-ID, the same however often it is sent."""

    to: str
    subject: str
    body: str
    reference: str


class MailError(Exception):
    """A letter that was not certainly taken."""


class MailRefused(MailError):
    """The server said no, for good. `is_address`: to the address, not to the letter or to us."""

    def __init__(self, code: int, message: str, *, is_address: bool = False) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.is_address = is_address


class MailLater(MailError):
    """Not taken now: the server is away, is busy, or does not let us in."""

    def __init__(self, code: int | None, message: str) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code
        self.message = message


class MailUnknown(MailError):
    """The connection ended when the letter was on its way: it may have been taken."""


class Mailer:
    """Sends letters through one server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, mail: Mail) -> str:
        """Hands the letter to the server; returns its last word.

        Raises: MailRefused, MailLater, MailUnknown.
        """
        letter = self._letter(mail)
        client = aiosmtplib.SMTP(
            hostname=self._settings.host,
            port=self._settings.port,
            timeout=self._settings.timeout_s,
            use_tls=self._settings.security == "tls",
            start_tls=self._settings.security == "starttls",
            tls_context=self._settings.tls,
        )
        try:
            await self._address(client, mail.to)
            said = await _hand_over(client, letter)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=_GOODBYE_S)
            return said
        finally:
            client.close()

    async def _address(self, client: aiosmtplib.SMTP, to: str) -> None:
        """Everything up to the text; until then nothing was sent."""
        chosen = self._settings
        try:
            await client.connect()
            if chosen.username is not None:
                await client.login(chosen.username, chosen.password or "")
            await client.mail(chosen.sender)
            await client.rcpt(to)
        except aiosmtplib.SMTPRecipientRefused as refused:
            if 500 <= refused.code < 600:
                raise MailRefused(refused.code, refused.message, is_address=True) from None
            raise MailLater(refused.code, refused.message) from None
        except aiosmtplib.SMTPResponseException as refused:  # us or our sign-in: the shop's to mend
            raise MailLater(refused.code, refused.message) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as fault:
            raise MailLater(None, type(fault).__name__) from None

    def _letter(self, mail: Mail) -> EmailMessage:
        chosen = self._settings
        name, _, domain = chosen.sender.rpartition("@")
        letter = EmailMessage(policy=SMTP)
        letter["From"] = Address(chosen.sender_name, name, domain)
        letter["To"] = mail.to
        letter["Subject"] = mail.subject
        letter["Date"] = format_datetime(clock.now())
        letter["Message-ID"] = f"<{mail.reference}@{domain}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        letter.set_content(mail.body)
        return letter


async def _hand_over(client: aiosmtplib.SMTP, letter: EmailMessage) -> str:
    try:
        said = await client.data(letter.as_bytes())
    except aiosmtplib.SMTPDataError as refused:
        if 500 <= refused.code < 600:
            raise MailRefused(refused.code, refused.message) from None
        raise MailLater(refused.code, refused.message) from None
    except (aiosmtplib.SMTPException, OSError) as fault:
        raise MailUnknown(type(fault).__name__) from None
    return f"{said.code} {said.message}"
