"""Everything messages go out by, and how it misbehaves: the sandbox's platform and short messages, and a mail server."""

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime

from aiosmtpd.smtp import SMTP

from notifications import templates
from sandbox.app import Sandbox, Settings
from tests.message_chaos.worker import Outside

REFUSED = {
    "platform.subscribe_send": (40003, 40037, 41030, 43101, 43107, 45168, 47003),
    "platform.template_send": (40003, 40037, 43004, 43117, 47003),
    "platform.custom_send": (40003, 45015, 45047, 48001),
}
LATER = {
    "platform.subscribe_send": (43108, 45009, 45011, 40001, 40014, 42001, -1),
    "platform.template_send": (45009, 45011, 40001, 40014, 42001, -1),
    "platform.custom_send": (45009, 45011, 40001, 40014, 42001, -1),
    "platform.stable_token": (45009, 40164, 40243, 40125, -1),
}
"""Every refusal code of sending messages, by the call that says it, and those of being let in at all."""
SMS_REFUSED = (
    "isv.MOBILE_NUMBER_ILLEGAL",
    "isv.BLACK_KEY_CONTROL_LIMIT",
    "isv.SMS_SIGNATURE_ILLEGAL",
    "isv.SMS_TEMPLATE_ILLEGAL",
)
SMS_LATER = (
    "isv.BUSINESS_LIMIT_CONTROL",
    "isv.AMOUNT_NOT_ENOUGH",
    "isp.RAM_PERMISSION_DENY",
    "Throttling.User",
    "isp.SYSTEM_ERROR",
)
TRANSPORT = (
    "500_before",
    "500_after",
    "429",
    "drop_before",
    "drop_connection",
    "timeout",
    "delay",
    "garbage",
)
MAIL = (
    "452 later at rcpt",
    "550 no such user at rcpt",
    "451 later at data",
    "554 spam at data",
    "cut before",
    "cut after",
    "500 mute",
)

SUBSCRIBE = {
    "low_balance": {"amount1": "balance", "amount2": "amount", "thing3": "tip"},
    "topped_up": {"amount1": "amount", "amount2": "bonus", "amount3": "balance", "time4": "time"},
}
OFFICIAL = {
    "low_balance": {"amount1": "{balance}"},
    "deducted": {"thing1": "{title}", "amount2": "{balance}"},
}
_SHORT_BALANCE = ("SMS_1001", {"balance": "{balance}", "amount": "{amount}"})
SHORT = {
    "low_balance": _SHORT_BALANCE,
    "deducted": _SHORT_BALANCE,
    "birthday": ("SMS_2001", {"title": "{title}"}),
}
"""Which kinds have words for which channels; the others go by customer-service message, and by e-mail, in any words."""


class MailServer:
    """A real SMTP server with moods."""

    def __init__(self, clock):
        self.clock, self.chance, self.moody = clock, random.Random(0), 0.0
        self.letters, self.hits = [], Counter()

    def _mood(self, *able):
        if self.chance.random() >= self.moody:
            return ""
        mood = self.chance.choice(able)
        self.hits[f"mail {mood}"] += 1
        return mood

    async def handle_RCPT(self, server, session, envelope, address, options):
        mood = self._mood(*MAIL[:2], MAIL[4])
        if mood == "cut before":
            server.transport.abort()
        elif mood:
            return mood
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mood = self._mood(*MAIL[2:4], *MAIL[5:])
        if mood[:2] in ("45", "55"):
            return mood
        number = next(
            line for line in envelope.content.decode().splitlines() if line.lower().startswith("message-id:")
        )
        self.letters.append((number.split("<")[1].split("@")[0], self.clock.now()))
        if mood == "cut after":
            server.transport.abort()
        elif mood:
            await asyncio.sleep(3)
        return "250 queued"


class StandIns:
    """The outside world of a campaign."""

    def __init__(self, sandbox, mail, mail_port):
        self.sandbox, self.mail, self.mail_port = sandbox, mail, mail_port
        self.world = sandbox.world
        self.official = {
            kind: sandbox.platform.templates.add(
                "official", kind, kind, dict.fromkeys(fields, "")
            ).template_id
            for kind, fields in OFFICIAL.items()
        }
        sandbox.sms.templates["SMS_2001"] = "${title}"
        self.hits = Counter()

    def outside(self, database_url, redis_url):
        """What the workers are told of it."""
        given = self.sandbox.credentials
        by_kind = {
            kind: asdict(templates.Template(given.subscribe_templates[kind], fields))
            for kind, fields in SUBSCRIBE.items()
        }
        return Outside(
            database_url, redis_url, self.sandbox.platform_url, self.sandbox.sms_url, self.mail_port,
            (given.mini_app_id, given.mini_app_secret), (given.official_app_id, given.official_app_secret),
            (given.sms_key_id, given.sms_secret), given.sms_sign_name, by_kind,
        )  # fmt: skip

    def wordings(self):
        """(kind, channel, content) of what operators have put into words."""
        for kind, fields in OFFICIAL.items():
            yield kind, "template", {"template_id": self.official[kind], "fields": fields}
        for kind in {*SUBSCRIBE, *OFFICIAL}:
            yield kind, "customer_service", {"text": "{title} {balance}"}
        for kind, (code, params) in SHORT.items():
            yield kind, "sms", {"template_code": code, "params": params}

    def misbehave(self, seed):
        """From now on everything goes wrong now and then."""
        plan = self.world.faults
        plan.clear()
        plan.seed(seed)
        self.mail.chance.seed(seed)
        self.mail.moody = 0.15
        for op, codes in [*REFUSED.items(), *LATER.items()]:
            for code in codes:
                plan.add({"op": op, "do": f"errcode:{code}", "times": 0, "probability": _likely(op)})
        for code in (*SMS_REFUSED, *SMS_LATER):
            plan.add({"op": "sms.send", "do": f"code:{code}", "times": 0, "probability": 0.02})
        plan.add({"op": "sms.details", "do": "code:Throttling.User", "times": 0, "probability": 0.1})
        for op in (*REFUSED, "platform.stable_token", "sms.send", "sms.details"):
            for do in TRANSPORT:
                probability = _likely(op) / 3 if do in ("timeout", "delay") else _likely(op)
                plan.add(
                    {
                        "op": op,
                        "do": do,
                        "times": 0,
                        "probability": probability,
                        "seconds": 0.3 if do == "delay" else 1.5,
                    }
                )
        for op in REFUSED:
            plan.add({"op": op, "do": "invalidate_token", "times": 0, "probability": 0.03})

    def behave(self):
        """Everything is well again; what went wrong is counted."""
        self.hits += self.mail.hits
        self.mail.hits.clear()
        self.mail.moody = 0.0
        for rule in self.world.faults.rules():
            self.hits[f"{rule['op'].removeprefix('platform.')} {rule['do']}"] += rule["hits"]
        self.world.faults.clear()

    def shown(self, people):
        """(customer, what it is known by, when) of everything that reached these people in WeChat; ``people`` by customer."""
        for customer, person in people.items():
            for item in self.world.feed.after(person.id, 0):
                body, at = item.body, datetime.fromisoformat(item.at)
                if item.kind == "service_message":
                    words = " ".join(row["value"] for row in body["rows"])
                    yield customer, "subscribe" if body["account"] == "mini" else "template", words, at
                elif item.kind == "chat" and body["from"] == "account":
                    yield customer, "customer_service", body["text"], at

    def sent(self):
        """(our number, channel, when) of everything that went out by numbers of ours."""
        for one in self.sandbox.sms.all():
            yield one.out_id, "sms", datetime.fromisoformat(f"{one.sent_at}+08:00")
        for number, at in self.mail.letters:
            yield number, "email", at


def _likely(op):
    """The calls that are made seldom go wrong more often, so that all is seen."""
    return 0.015 if op in ("platform.subscribe_send", "platform.template_send", "sms.send") else 0.035


@asynccontextmanager
async def opened():
    """The sandbox and a mail server, for as long as the block runs."""
    sandbox = await Sandbox.start(Settings(time_scale=0.001))
    mail = MailServer(sandbox.world.clock)
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mail, hostname="mail.example.com"), "127.0.0.1", 0
    )
    try:
        yield StandIns(sandbox, mail, listening.sockets[0].getsockname()[1])
    finally:
        listening.close()
        await sandbox.stop()
