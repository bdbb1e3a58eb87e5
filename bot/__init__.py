"""The door for what the WeChat platform pushes: chats of the official account, events of the mini-program.

From the envelope to the answer: ``endpoint`` (signature, AES) → ``messages`` (XML or JSON → Message) → ``official_account`` or
``mini_program`` (what to do) → ``answering`` (once, in time) → ``understanding`` (what is asked) → ``commands`` → one file a topic → ``replies``.
"""

from __future__ import annotations

from aiohttp import web

from bot import outcomes
from bot.answering import Answering
from bot.dialogue import Dialogues
from bot.endpoint import Endpoint
from bot.guessing import Guesser, Guessing
from bot.mini_program import MiniProgram
from bot.official_account import OfficialAccount
from bot.settings import Account, CustomerMessages, Pages, Patience, Shop
from bot.taught import Taught

__all__ = [
    "PREFIX",
    "Account",
    "CustomerMessages",
    "Dialogues",
    "Guesser",
    "Pages",
    "Patience",
    "Shop",
    "build",
    "outcomes",
]

PREFIX = "/wechat"


def build(
    *,
    shop: Shop,
    official_account: Account | None = None,
    mini_program: Account | None = None,
    customer_messages: CustomerMessages | None = None,
    service_messages: CustomerMessages | None = None,
    patience: Patience | None = None,
    dialogues: Dialogues | None = None,
    guesser: Guesser | None = None,
) -> web.Application:
    """The door as an application for ``PREFIX``: ``/official-account`` and ``/mini-program``, each where there is one.

    ``customer_messages`` carries answers of the official account that come too late for a reply; None: such an answer is lost.
    ``service_messages`` carries all that is said to the mini-program's customer service; None: the platform's own service desk answers.
    ``dialogues`` remembers what was asked back; None: nothing is remembered, and everything is done by words to the letter.
    ``guesser`` is asked about texts that are not understood (``bot.guessing``); None: nobody is.
    """
    patience = patience or Patience()
    answering = Answering(patience)
    door = web.Application()
    taught, guessing = Taught(look_every_s=patience.taught_s), Guessing(guesser)
    if official_account is not None:
        chats = OfficialAccount(
            official_account, shop, answering, customer_messages, dialogues, taught, guessing
        )
        _add(door, "/official-account", Endpoint(official_account, chats.respond, patience=patience))
    events = None
    if mini_program is not None:
        events = MiniProgram(mini_program, shop, answering, service_messages, dialogues, taught, guessing)
        _add(door, "/mini-program", Endpoint(mini_program, events.respond, patience=patience))

    async def close(_door: web.Application) -> None:
        await answering.close()
        if events is not None:
            await events.close()

    door.on_cleanup.append(close)
    return door


def _add(door: web.Application, path: str, endpoint: Endpoint) -> None:
    door.router.add_get(path, endpoint.verify)
    door.router.add_post(path, endpoint.receive)
