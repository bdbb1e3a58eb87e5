"""Senders with moods, and customers who can be reached; what the tests of delivery share."""

import asyncio

from core import clock
from core import db as database
from notifications import delivery, outbox, quota, templates
from notifications.channels import official, subscribe
from tests import factories

TEMPLATE = templates.Template("tpl-low", {"amount1": "balance", "amount2": "amount", "thing3": "tip"})
OFFICIAL = "wx-official"


class Sender:
    """Stands where the platform's gateways stand; a mood is raised instead of sending. The real wire is tested with the sandbox."""

    def __init__(self, *moods):
        self.moods, self.sent = list(moods), []

    async def send_subscribe_message(self, **message):
        await self._send("subscribe", message)

    async def send_template_message(self, **message):
        await self._send("template", message)
        return "4000"

    async def send_customer_message(self, openid, text):
        await self._send("customer_service", {"openid": openid, "text": text})

    async def _send(self, channel, message):
        await asyncio.sleep(0)
        mood = self.moods.pop(0) if self.moods else None
        if mood is not None:
            raise mood
        self.sent.append({"channel": channel, **message})

    def post(self, *more, kinds=("low_balance",), **how):
        by_kind = {kind: TEMPLATE for kind in kinds}
        channels = [
            subscribe.Subscribe(factories.APP_ID, self, by_kind),
            official.TemplateMessages(self, factories.APP_ID),
            official.CustomerService(self, OFFICIAL),
            *more,
        ]
        return delivery.Post(
            factories.APP_ID, {one.name: one for one in channels}, by_kind, official_app_id=OFFICIAL, **how
        )


async def reachable(*, accepts=0, follows=False, wrote=False, template_id=TEMPLATE.template_id):
    """A customer with the mini-program; who may follow the official account and have written to it."""
    customer = await factories.customer()
    openid, follower = f"openid-{customer.id}", f"follower-{customer.id}"
    await database.execute(
        "INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at)"
        " VALUES ($1, 'mini_program', $2, $3, false, now())",
        customer.id, factories.APP_ID, openid,
    )  # fmt: skip
    if follows:
        await database.execute(
            "INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at)"
            " VALUES ($1, 'official_account', $2, $3, true, now())",
            customer.id, OFFICIAL, follower,
        )  # fmt: skip
    if wrote:
        await database.execute(
            "INSERT INTO chat_message (app_id, dedup_key, openid, kind, content, received_at)"
            " VALUES ($1, $2, $2, 'text', '余额', $3)",
            OFFICIAL, follower, clock.now(),
        )  # fmt: skip
    for _ in range(accepts):
        await quota.accepted(factories.APP_ID, openid, template_id)
    return customer


async def told(customer, kind="low_balance", key="1", **when):
    """One message is queued, and told once more."""
    params = {
        "available_fen": 4_200, "threshold_fen": 5_000, "amount_fen": 5_000, "bonus_fen": 0, "title": "茶", "at": clock.now(),
    }  # fmt: skip
    for _ in range(2):
        await outbox.tell([outbox.Message(customer.id, kind, f"{kind}:{customer.id}:{key}", params, **when)])


async def ends(column="state"):
    """How the messages stand, in their order."""
    return [row[0] for row in await database.fetch(f"SELECT {column} FROM outbox_message ORDER BY id")]


async def attempts():
    """(channel, result, code) of every attempt."""
    rows = await database.fetch("SELECT channel, result, code FROM message_attempt ORDER BY id")
    return [tuple(row) for row in rows]
