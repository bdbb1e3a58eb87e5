"""Sign-in of customers: by the login code of the mini-program, in WeChat or in Alipay, or on a page inside WeChat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from core import clock, db, errors, together
from gateways.channel import ChannelError, ChannelRefused
from gateways.wechat.mini_program import Session
from gateways.wechat.official_account import Follower, Visitor
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from ledger import accounts
from members import customers


class LoginCodeRefused(errors.Invalid):
    """WeChat does not accept the login code: used, expired or made up. Call ``wx.login`` for a new one."""

    code = "login_code_refused"


class WeChatUnavailable(errors.Unavailable):
    """WeChat gave no answer; try again."""

    code = "wechat_unavailable"


class AuthCodeRefused(errors.Invalid):
    """Alipay does not accept the code: used, expired or made up. Call ``my.getAuthCode`` for a new one."""

    code = "auth_code_refused"


class AlipayUnavailable(errors.Unavailable):
    """Alipay gave no answer; try again."""

    code = "alipay_unavailable"


class AlipayNotOpen(errors.NotFound):
    """The shop takes no payments by Alipay and has no mini-program there."""

    code = "alipay_not_open"


class OfficialAccountNotOpen(errors.NotFound):
    """The shop has no official account whose pages people could sign in on."""

    code = "official_account_not_open"


class PageNotOurs(errors.Invalid):
    """After signing in, people are only led back to the shop's own pages."""

    code = "page_not_ours"


class PageIsPreview(errors.Conflict):
    """WeChat shows the page as a preview, to nobody; the person has to tap 使用完整服务 first."""

    code = "page_is_preview"


class CustomerGone(errors.Unauthenticated):
    """The token names a customer who does not exist (any more); sign in again."""

    code = "customer_gone"


class ChatLetGo(errors.Unauthenticated):
    """The person signed in on a page by a chat that is not the customer's any more; sign in again."""

    code = "chat_let_go"


class LoginPlatform(Protocol):
    """The mini-program's server side; ``gateways.wechat.MiniProgram`` is one."""

    async def code_to_session(self, code: str) -> Session: ...


class AlipayPlatform(Protocol):
    """Alipay's side of a mini-program there; ``gateways.alipay.Alipay`` is one."""

    async def open_id_of(self, auth_code: str) -> str: ...


class PagePlatform(Protocol):
    """The official account's server side; ``gateways.wechat.OfficialAccount`` is one."""

    def authorize_url(
        self, return_url: str, state: str, *, scope: Literal["base", "userinfo"] = "base"
    ) -> str: ...

    async def visitor(self, code: str) -> Visitor: ...

    async def union_of(self, visitor: Visitor) -> str | None: ...

    async def user(self, openid: str) -> Follower: ...


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages inside WeChat: through which official account people sign in there, and which addresses are the shop's own."""

    platform: PagePlatform
    app_id: str
    is_ours: Callable[[str], bool]


Provider = Literal["mini_program", "official_account", "alipay"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and whether they are new to us. ``chat_id``: the chat they signed in by on a page; with it their session ends."""

    customer: customers.Customer
    is_new: bool
    chat_id: int | None = None


async def by_mini_program(platform: LoginPlatform, app_id: str, code: str) -> SignedIn:
    """Signs a person in by the code of ``wx.login``; a new person becomes a customer with an empty account.

    A person known by unionid (from the official account) is the same customer.

    Raises:
        LoginCodeRefused, WeChatUnavailable, CustomerBlocked, AccountClosed.
    """
    session = await _session(platform, code)
    signed_in = await _find_or_create(
        "mini_program", app_id, session.openid, session.unionid, name=f"微信用户{session.openid[-4:]}"
    )
    customers.admit(signed_in.customer)
    return signed_in


async def openid_by(platform: LoginPlatform, code: str) -> str:
    """Whose phone a login code comes from; nobody is signed in by that.

    Raises:
        LoginCodeRefused, WeChatUnavailable.
    """
    return (await _session(platform, code)).openid


async def _session(platform: LoginPlatform, code: str) -> Session:
    try:
        return await platform.code_to_session(code)
    except PlatformRefused as refusal:
        raise LoginCodeRefused(errcode=refusal.errcode) from refusal
    except PlatformUnknown as error:
        raise WeChatUnavailable from error


async def by_alipay(platform: AlipayPlatform | None, app_id: str, auth_code: str) -> SignedIn:
    """Signs a person in by the code of ``my.getAuthCode``; a new person becomes a customer with an empty account.

    WeChat and Alipay know the same person under names that nothing connects: who is a customer in both is two customers
    until an operator joins them.

    Raises:
        AlipayNotOpen, AuthCodeRefused, AlipayUnavailable, CustomerBlocked, AccountClosed.
    """
    if platform is None:
        raise AlipayNotOpen
    try:
        open_id = await platform.open_id_of(auth_code)
    except ChannelRefused as refusal:
        raise AuthCodeRefused(reason=refusal.code) from refusal
    except ChannelError as error:
        raise AlipayUnavailable from error
    signed_in = await _find_or_create("alipay", app_id, open_id, None, name=f"支付宝用户{open_id[-4:]}")
    customers.admit(signed_in.customer)
    return signed_in


def page_address(
    pages: Pages | None, return_url: str, state: str, *, scope: Literal["base", "userinfo"] = "base"
) -> str:
    """Where a page inside WeChat sends a person to sign in: they come back to ``return_url`` with a code, and with ``state``, by which
    the page knows that it was itself who sent them. ``userinfo``: they are asked first, and WeChat then tells the unionid.

    Raises:
        OfficialAccountNotOpen, PageNotOurs.
    """
    if pages is None:
        raise OfficialAccountNotOpen
    if not pages.is_ours(return_url):
        raise PageNotOurs
    return pages.platform.authorize_url(return_url, state, scope=scope)


async def by_page(pages: Pages | None, code: str) -> SignedIn:
    """Signs a person in by the code they came back to a page with; a new person becomes a customer with an empty account.

    Whoever is known by unionid (from the mini-program) is the same customer. WeChat tells it here of followers, and of those who were
    asked (``userinfo``); anybody else is another customer, until an operator joins the two.

    Raises:
        OfficialAccountNotOpen, LoginCodeRefused, PageIsPreview, WeChatUnavailable, CustomerBlocked, AccountClosed.
    """
    found = await visitor(pages, code)
    assert pages is not None, "else nobody would be a visitor"
    union_id = found.unionid or await _union_of(pages.platform, found)
    signed_in = await _find_or_create(
        "official_account", pages.app_id, found.openid, union_id, name=f"微信用户{found.openid[-4:]}"
    )
    customers.admit(signed_in.customer)
    return signed_in


async def visitor(pages: Pages | None, code: str) -> Visitor:
    """Who came back to a page with a code.

    Raises:
        OfficialAccountNotOpen, LoginCodeRefused, PageIsPreview, WeChatUnavailable.
    """
    if pages is None:
        raise OfficialAccountNotOpen
    try:
        found = await pages.platform.visitor(code)
    except PlatformRefused as refusal:
        raise LoginCodeRefused(errcode=refusal.errcode) from refusal
    except PlatformUnknown as error:
        raise WeChatUnavailable from error
    if found.is_snapshot:
        raise PageIsPreview
    return found


async def _union_of(platform: PagePlatform, found: Visitor) -> str | None:
    """What WeChat tells of who was asked, else of a follower; without an answer nobody is kept waiting for it."""
    try:
        return await platform.union_of(found) or (await platform.user(found.openid)).unionid
    except (PlatformRefused, PlatformUnknown):
        return None


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may come in, and what they had at that moment; ``balance`` None: they have no account."""

    customer: customers.Customer
    balance: accounts.Balance | None


_ADMITTED = f"""
SELECT {customers.columns("c")}, a.* FROM customer c LEFT JOIN LATERAL {accounts.balance_sql("c.id")} a ON true
WHERE c.id = ANY ((SELECT $1::bigint[])::bigint[])
"""  # a sub-select hides how many are asked for: PostgreSQL would plan anew for every number of them


async def _read(customer_ids: Sequence[int]) -> Mapping[int, Admitted]:
    rows = [tuple(row) for row in await db.fetch(_ADMITTED, customer_ids)]
    own = customers.COLUMNS
    return {row[0]: Admitted(customers.Customer(*row[:own]), accounts.balance_in(row[own:])) for row in rows}


_together = together.Together(_read)


async def admitted(customer_id: int) -> Admitted:
    """The customer of a token that is still good, as they stand now. Asked at every request, so that blocking works at once.

    Raises:
        CustomerGone: also after the account became part of another, which signing in again reaches.
        CustomerBlocked, AccountClosed.
    """
    found = await _together.get(customer_id)
    if found is None or found.customer.state == "merged":
        raise CustomerGone
    customers.admit(found.customer)
    return found


_OWNERS = "SELECT id, customer_id FROM identity WHERE id = ANY ((SELECT $1::bigint[])::bigint[])"


async def _read_owners(chat_ids: Sequence[int]) -> Mapping[int, int | None]:
    return {row["id"]: row["customer_id"] for row in await db.fetch(_OWNERS, chat_ids)}


_owners = together.Together(_read_owners)


async def refuse_let_go(customer_id: int, chat_id: int) -> None:
    """Who signed in on a page may go on as long as the chat that told who they are is the customer's: whoever lets go a chat of
    somebody else's does not want that person to stay for as long as the token is good.

    Raises:
        ChatLetGo.
    """
    if await _owners.get(chat_id) != customer_id:
        raise ChatLetGo


_FIND = """
SELECT id, customer_id, union_id, tied_by FROM identity WHERE provider = $3 AND app_id = $1 AND subject = $2
"""
_LEARN_UNION = """
UPDATE identity SET union_id = $3 WHERE provider = $4 AND app_id = $1 AND subject = $2
"""
_ADD = """
INSERT INTO identity (customer_id, provider, app_id, subject, union_id, follows, created_at)
VALUES ($1, $6, $2, $3, $4, false, $5) RETURNING id
"""
_OWN = """
UPDATE identity SET customer_id = $1, union_id = coalesce($4, union_id), looked_up_at = $5, look_up_at = NULL,
    let_go_at = NULL
WHERE provider = $6 AND app_id = $2 AND subject = $3 RETURNING id
"""


@db.retried
async def _find_or_create(
    provider: Provider, app_id: str, openid: str, union_id: str | None, *, name: str
) -> SignedIn:
    async with db.transaction():
        known = await db.fetchrow(_FIND, app_id, openid, provider)
        if known is not None and known["customer_id"] is None:  # seen in the chat; of two at once one goes on
            known = await db.fetchrow(f"{_FIND} FOR NO KEY UPDATE", app_id, openid, provider)
        if known is not None and known["customer_id"] is not None:
            customer_id = known["customer_id"]
            if union_id and known["union_id"] != union_id:
                await db.execute(_LEARN_UNION, app_id, openid, union_id, provider)
                if known["tied_by"] is None:
                    await _adopt(customer_id, union_id)
            return _signed_in(provider, await customers.get(customer_id), known["id"], is_new=False)
        union_id = union_id or (known and known["union_id"])
        customer_id = await _by_union(union_id)
        is_new = customer_id is None
        customer = (
            await customers.create(name=name) if customer_id is None else await customers.get(customer_id)
        )
        keep = _ADD if known is None else _OWN
        number = await db.fetchval(keep, customer.id, app_id, openid, union_id, clock.now(), provider)
        if union_id:
            await _adopt(customer.id, union_id)
        return _signed_in(provider, customer, number, is_new=is_new)


def _signed_in(provider: Provider, customer: customers.Customer, number: int, *, is_new: bool) -> SignedIn:
    return SignedIn(customer, is_new, number if provider == "official_account" else None)


_BY_UNION = """
SELECT customer_id FROM identity WHERE union_id = $1 AND customer_id IS NOT NULL AND tied_by IS NULL ORDER BY id LIMIT 1
"""
_ADOPT = (
    "UPDATE identity SET customer_id = $1 WHERE union_id = $2 AND customer_id IS NULL AND let_go_at IS NULL"
)


async def _by_union(union_id: str | None) -> int | None:
    return await db.fetchval(_BY_UNION, union_id) if union_id else None


async def _adopt(customer_id: int, union_id: str) -> None:
    """Chat identities of the same person that nobody owned yet become this customer's."""
    await db.execute(_ADOPT, customer_id, union_id)


_OPENID = """
SELECT subject FROM identity WHERE customer_id = $1 AND provider = $3 AND app_id = $2 ORDER BY id LIMIT 1
"""


async def openid_of(customer_id: int, app_id: str, *, provider: Provider = "mini_program") -> str | None:
    """The openid by which the customer pays in this app."""
    openid: str | None = await db.fetchval(_OPENID, customer_id, app_id, provider)
    return openid
