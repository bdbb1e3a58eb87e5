"""Pages inside WeChat whose visitors are told by WeChat ("网页授权", OAuth 2): there and back, once, in the same browser.

The page is given an address at WeChat and a proof. It keeps the proof for itself (``sessionStorage``) and sends its visitor to the address,
which carries our state; WeChat sends them back with that state and a code. Only who shows state, code and proof together is let in, once and
within ten minutes: an address somebody was led to with another's code is worth nothing, because their browser has no proof for its state.
WeChat offers no PKCE, for which the proof stands in: it is checked by us, before the code goes to WeChat.

Source: developers.weixin.qq.com, "网页授权": ``state`` takes a-zA-Z0-9 and at most 128 bytes; a code is good once, for five minutes.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from core import clock, db, errors
from members import chat_ties, customers, sign_in
from members.sign_in import Pages, SignedIn

LIFE = timedelta(minutes=10)

Scope = Literal["base", "userinfo"]
"""``base``: nobody is asked, and only followers' unionids are told. ``userinfo``: the visitor is asked, and the unionid is told."""


class WebLoginOver(errors.Conflict):
    """There is no such visit to WeChat: it was used, took too long, or began in another browser or for something else. Begin again."""

    code = "web_login_over"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the visitor, and what to keep for when they are back."""

    url: str
    proof: str = field(repr=False)
    ends_at: datetime


_BEGIN = """
INSERT INTO web_login (purpose, customer_id, state_hash, proof_hash, created_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6)
"""


async def begin(
    pages: Pages | None, return_url: str, scope: Scope, *, customer_id: int | None = None
) -> Begun:
    """Sends a visitor to WeChat: to sign in, or, where a customer is signed in already, to have their chat tied to that account.

    Raises:
        OfficialAccountNotOpen, PageNotOurs.
    """
    state, proof = secrets.token_hex(24), secrets.token_hex(24)
    url = sign_in.page_address(pages, return_url, state, scope=scope)
    now = clock.now()
    purpose = "sign_in" if customer_id is None else "tie"
    await db.execute(_BEGIN, purpose, customer_id, _hash(state), _hash(proof), now, now + LIFE)
    return Begun(url, proof, now + LIFE)


_USE = """
UPDATE web_login SET used_at = $4 WHERE state_hash = $1 AND proof_hash = $2 AND customer_id IS NOT DISTINCT FROM $3
    AND used_at IS NULL AND ends_at > $4 RETURNING id
"""


async def signed_in(pages: Pages | None, *, code: str, state: str, proof: str) -> SignedIn:
    """Signs in a visitor who is back; a new person becomes a customer with an empty account.

    Raises:
        WebLoginOver, OfficialAccountNotOpen, LoginCodeRefused, PageIsPreview, WeChatUnavailable, CustomerBlocked, AccountClosed.
    """
    await _use(state, proof, None)
    return await sign_in.by_page(pages, code)


async def tied(pages: Pages | None, customer_id: int, *, code: str, state: str, proof: str) -> None:
    """The visitor who is back has shown whose chat theirs is: it is the customer's from now on.

    Raises:
        WebLoginOver, OfficialAccountNotOpen, LoginCodeRefused, PageIsPreview, WeChatUnavailable, ChatTaken, TooManyChats,
        CustomerHasLeft.
    """
    await _use(state, proof, customer_id)
    visitor = await sign_in.visitor(pages, code)
    assert pages is not None, "else nobody would be a visitor"
    await _tie(customer_id, pages.app_id, visitor.openid)


async def _use(state: str, proof: str, customer_id: int | None) -> None:
    """Once: of two at the same time one finds it used. A wrong proof uses nothing up."""
    if await db.fetchval(_USE, _hash(state), _hash(proof), customer_id, clock.now()) is None:
        raise WebLoginOver


@db.retried
async def _tie(customer_id: int, app_id: str, openid: str) -> None:
    async with db.transaction():
        customers.refuse_left(await chat_ties.locked(customer_id))
        if await chat_ties.owner(app_id, openid) != customer_id:
            await chat_ties.tie(customer_id, app_id, openid, by="page")


_FORGET = "DELETE FROM web_login WHERE created_at < $1"


async def forget() -> int:
    """Drops visits that are over. Run by the clock. Returns how many."""
    return await db.execute(_FORGET, clock.now() - timedelta(days=1))


def _hash(text: str) -> str:
    """Of 192 random bits, which nobody finds by trying."""
    return hashlib.sha256(text.encode()).hexdigest()
