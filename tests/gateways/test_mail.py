"""E-mail to a real SMTP server on this machine: encrypted, signed in, taken, bounced, and cut off."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_address

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import clock
from gateways import mail

LETTER = mail.Mail("xiaolin@example.com", "余额不足提醒", "您的可用余额只剩 42.00 元。\n", "yucun-1")


class Server:
    """What the server does with letters."""

    def __init__(self):
        self.letters, self.on_rcpt, self.on_data, self.cuts = [], "250 OK", "250 queued as 1", False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.on_rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.on_rcpt

    async def handle_DATA(self, server, session, envelope):
        if self.cuts:
            server.transport.abort()
            return self.on_data
        if self.on_data.startswith("250"):
            self.letters.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.on_data


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder


@pytest.fixture
async def started():
    running = []

    async def start(**how):
        server = Server()
        listening = await asyncio.get_running_loop().create_server(
            lambda: SMTP(server, hostname="mail.example.com", **how), "127.0.0.1", 0
        )
        running.append(listening)
        server.port = listening.sockets[0].getsockname()[1]
        return server

    yield start
    for listening in running:
        listening.close()


def mailer(server, **how):
    settings = {
        "host": "127.0.0.1",
        "port": server.port,
        "sender": "shop@example.com",
        "sender_name": "一盏茶",
        "security": "none",
    }
    return mail.Mailer(mail.Settings(**{**settings, "timeout_s": 3.0, **how}))


async def test_a_letter_arrives_as_it_was_written(started):
    server = await started()
    assert (await mailer(server).send(LETTER)).startswith("250")
    ((sender, to, content),) = server.letters
    letter = message_from_bytes(content, policy=default)
    assert (sender, to) == ("shop@example.com", ["xiaolin@example.com"])
    assert letter["subject"] == "余额不足提醒" and letter["from"] == "一盏茶 <shop@example.com>"
    assert letter["message-id"] == "<yucun-1@example.com>" and letter["auto-submitted"] == "auto-generated"
    assert letter.get_content().strip() == LETTER.body.strip()
    assert letter["date"].datetime - clock.now() < timedelta(minutes=1)


async def test_it_travels_encrypted_and_signed_in(started, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    def known(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"shop", b"secret"))

    server = await started(
        tls_context=context, require_starttls=True, auth_required=True, authenticator=known
    )
    trusting = ssl.create_default_context(cafile=certificate / "cert.pem")
    good = {"security": "starttls", "username": "shop", "password": "secret", "tls": trusting}
    await mailer(server, **good).send(LETTER)
    assert len(server.letters) == 1
    for wrong in ({"password": "guess"}, {"tls": None}, {"security": "none"}):
        with pytest.raises(mail.MailLater):
            await mailer(server, **{**good, **wrong}).send(LETTER)
    assert len(server.letters) == 1


@pytest.mark.parametrize(
    ("rcpt", "data", "raised", "is_address"),
    [
        ("550 5.1.1 no such user", "250 OK", mail.MailRefused, True),
        ("452 4.2.2 mailbox full", "250 OK", mail.MailLater, None),
        ("250 OK", "554 5.7.1 looks like spam", mail.MailRefused, False),
        ("250 OK", "451 4.3.0 try again later", mail.MailLater, None),
    ],
)
async def test_a_bounce_is_for_good_and_a_delay_is_not(started, rcpt, data, raised, is_address):
    server = await started()
    server.on_rcpt, server.on_data = rcpt, data
    with pytest.raises(raised) as said:
        await mailer(server).send(LETTER)
    assert is_address is None or said.value.is_address is is_address
    assert server.letters == []


async def test_a_connection_that_ends_on_the_letter_leaves_it_unknown(started):
    server = await started()
    server.cuts = True
    with pytest.raises(mail.MailUnknown):
        await mailer(server).send(LETTER)


async def test_no_server_is_for_later():
    nowhere = mail.Mailer(
        mail.Settings(host="127.0.0.1", port=9, sender="a@b.c", sender_name="x", timeout_s=2)
    )
    with pytest.raises(mail.MailLater):
        await nowhere.send(LETTER)
