"""A worker process of the campaign: delivers what is due, through the real gateways, at a clock of its own that the campaign moves.

Its clock is some bytes that both processes see (``Wheel``), so that a worker that was frozen wakes up at the new time, as on any machine.

python -m tests.message_chaos.worker OUTSIDE reads names of wheels from its input and starts a worker for each: a fork of itself, which has
read all code and has served nobody. It answers with the number of the process.
"""

import asyncio
import json
import logging
import mmap
import os
import signal
import struct
import sys
import traceback
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

import redis.asyncio
import uvloop

from app import database
from billing import low_balance as _low_balance  # noqa: F401 (what waits is asked whether it is still true)
from core import clock, sealed
from gateways import mail, sms, wechat
from gateways.wechat import tokens
from notifications import delivery, policy, templates
from notifications.channels import official, subscribe
from notifications.channels.email import Email
from notifications.channels.sms import ShortMessages
from notifications.pace import Pace
from tests import keys

REST_S = 0.04
POLICY = policy.Policy(
    channels={
        "transactional": policy.CHANNELS,
        "reminder": policy.CHANNELS,
        "marketing": policy.FOR_MARKETING,
    },
    quiet_from=time(21, 30),
    quiet_until=time(8, 30),
    reminders_per_day=3,
    marketing_most=1,
    marketing_days=7,
    rates_per_s={name: 80 for name in policy.CHANNELS},
    workers=2,
)


class Wheel:
    """What the campaign and one worker share: how far its clock is off, in seconds; the campaign's last change; and the last change that
    was known when the worker began the run it is in."""

    _FORM = struct.Struct("dqq")

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.exists():
            self.path.write_bytes(bytes(self._FORM.size))
        self._file = self.path.open("r+b")
        self._memory = mmap.mmap(self._file.fileno(), self._FORM.size)

    def _at(self, place):
        return self._FORM.unpack(self._memory[:])[place]

    def _put(self, place, value):
        struct.pack_into("dqq"[place], self._memory, 8 * place, value)

    offset_s = property(lambda self: self._at(0), lambda self, value: self._put(0, value))
    change = property(lambda self: self._at(1), lambda self, value: self._put(1, value))
    known = property(lambda self: self._at(2), lambda self, value: self._put(2, value))

    def __radd__(self, instant):
        """An instant of the machine, as this worker's clock shows it: what ``core.clock`` adds to the machine's."""
        return instant + timedelta(seconds=self.offset_s)


@dataclass(frozen=True)
class Outside:
    """Where everything is that a worker talks to."""

    database_url: str
    redis_url: str
    platform_url: str
    sms_url: str
    mail_port: int
    mini_app: tuple
    official_app: tuple
    sms_key: tuple
    sign_name: str
    templates: dict
    answer_within_s: float = 1.0


def post(outside, connection):
    """The shop's channels, as ``app.outside`` builds them."""
    within = outside.answer_within_s
    by_kind = {kind: templates.Template(**one) for kind, one in outside.templates.items()}
    api = wechat.Platform(outside.platform_url, total_timeout_s=within)
    mini, offered = wechat.Account(*outside.mini_app), wechat.Account(*outside.official_app)
    program = wechat.MiniProgram(mini, api, tokens.AccessTokens(mini, api, redis=connection))
    account = wechat.OfficialAccount(offered, api, tokens.AccessTokens(offered, api, redis=connection))
    provider = sms.Aliyun(sms.Settings(*outside.sms_key, outside.sms_url), total_timeout_s=within)
    mailer = mail.Mailer(
        mail.Settings(
            "127.0.0.1", outside.mail_port, "shop@example.com", "一盏茶", security="none", timeout_s=within
        )
    )
    channels = [
        subscribe.Subscribe(mini.app_id, program, by_kind),
        official.TemplateMessages(account, mini.app_id),
        official.CustomerService(account, offered.app_id),
        ShortMessages(provider, outside.sign_name),
        Email(mailer, "一盏茶"),
    ]
    made = delivery.Post(
        mini.app_id,
        {one.name: one for one in channels},
        by_kind,
        official_app_id=offered.app_id,
        pace=Pace(connection, POLICY.rates_per_s, workers=POLICY.workers),
    )
    return made, (api, provider)


async def work(outside, wheel):
    policy.use(POLICY)
    sealed.use(keys.RING)
    connection = redis.asyncio.Redis.from_url(outside.redis_url)
    made, callers = post(outside, connection)
    async with database.opened(outside.database_url, pool_min=1, pool_max=6):
        for caller in callers:
            await caller.open()
        while True:
            wheel.known = wheel.change
            await delivery.run(made)
            await asyncio.sleep(REST_S)


def live(outside, path):
    """Runs until it is killed; what ends it otherwise is written beside the wheel."""
    logging.disable(logging.CRITICAL)
    tokens._LOCK_S = 1.0  # a killed worker's turn is waited for by this clock, which nobody moves
    clock.set_offset(Wheel(path))
    try:
        uvloop.run(work(outside, clock.offset()))
    except BaseException:
        Path(f"{path}.fault").write_text(traceback.format_exc())
    os._exit(1)


def nurse(outside):
    """A worker for each line that comes in."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            live(outside, line.strip())
        print(child, flush=True)


if __name__ == "__main__":
    nurse(Outside(**json.loads(sys.argv[1])))
