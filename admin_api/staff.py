"""Operators as their shop manages them."""

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from admin_api.operators import origin
from admin_api.services import Operator
from core import http as kit
from members import amount_limits, duties, limits, operator_sessions, sign_in_attempts, staff

Password = Annotated[
    str, StringConstraints(min_length=1, max_length=200), Field(examples=["correct horse battery"])
]
RoleCode = Annotated[str, StringConstraints(min_length=1, max_length=12, pattern=r"^[a-z][a-z0-9]{0,11}$")]
StoreCode = Annotated[kit.No, Field(max_length=20, examples=["xihu"])]


class Post(kit.Body):
    role: Annotated[
        RoleCode,
        Field(
            description="固有的或本店自定义的角色 · one of those that always are, or of the shop's own",
            examples=["cashier"],
        ),
    ]
    store: Annotated[
        StoreCode | None,
        Field(description="只在此门店；不填为全店 · only in this store; none: the whole shop"),
    ] = None


class PostShown(kit.Answer):
    role: str
    store: str | None
    role_name: Annotated[
        str | None, Field(description="自定义角色的名称 · what the shop calls a role of its own")
    ]


EmailAddress = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$"),
    Field(examples=["li@example.com"]),
]
Posts = Annotated[list[Post], Field(max_length=50)]


class NewMember(kit.Body):
    login: Annotated[kit.Name, Field(max_length=40, examples=["xiaoli"])]
    name: Annotated[kit.Name, Field(max_length=60, examples=["李店员"])]
    password: Password
    posts: Posts


class NewPosts(kit.Body):
    posts: Posts


class NewPassword(kit.Body):
    password: Password


class MyNewPassword(NewPassword):
    old: Annotated[Password, Field(description="现在的密码 · the present one")]


class OperatorEmail(kit.Body):
    email: Annotated[EmailAddress | None, Field(description="空为不用 · null: none")]


class Member(kit.Answer):
    id: int
    login: str
    name: str
    email: Annotated[
        str | None,
        Field(description="单点登录用的邮箱 · by which the identity provider knows them"),
    ]
    state: Annotated[str, Field(description="active | disabled")]
    created_at: kit.Instant
    last_seen_at: kit.Instant | None
    posts: list[PostShown]


class MyLimit(kit.Answer):
    kind: Annotated[
        amount_limits.Kind,
        Field(description="哪些操作的金额合在一起算 · what amounts are counted together"),
    ]
    role: Annotated[str, Field(description="按哪个岗位 · by which post")]
    role_name: str | None
    store: str | None
    most_fen: Annotated[
        int | None,
        Field(description="对一位顾客一天最多，空为不限 · for one customer in a day; null: no limit"),
    ]
    day_fen: Annotated[
        int | None, Field(description="一天合计最多，空为不限 · in a day altogether; null: no limit")
    ]
    used_fen: Annotated[
        int,
        Field(
            description="今天已计入的合计；不限的不计 · counted today altogether; nothing is counted without a limit"
        ),
    ]


class Me(kit.Answer):
    id: int
    name: str
    posts: list[PostShown]
    duties: Annotated[list[str], Field(description="可以做的事 · what may be done, somewhere at least")]
    limits: Annotated[
        list[MyLimit],
        Field(
            description="独自能办的金额，按类、按岗位；任一岗位够就够，超过的另请人复核或不能办 · how much may be moved alone, by kind and post; "
            "one post that is enough is enough; more waits for a second person, or is refused"
        ),
    ]


class OpenSession(kit.Answer):
    id: int
    created_at: kit.Instant
    expires_at: kit.Instant
    seen_at: Annotated[
        kit.Instant | None, Field(description="最近一次使用，精确到分 · used last, to the minute")
    ]
    address: str
    user_agent: str


class MySession(OpenSession):
    is_this: Annotated[bool, Field(description="就是现在这个 · the one that asks")]


class AttemptQuery(kit.PageQuery):
    operator_id: kit.Id | None = None
    outcome: Annotated[kit.Name | None, Field(max_length=60)] = None


class Attempt(kit.Answer):
    id: int
    operator_id: Annotated[int | None, Field(description="空为没有这个登录名 · null: nobody has that login")]
    operator_name: str | None
    way: str
    outcome: Annotated[
        str,
        Field(
            description="done 成功、half 等待第二步、again 再次验证，或拒绝的代码 · done, half: a second step was asked for, again: shown again, or a refusal's code"
        ),
    ]
    address: str
    user_agent: str
    at: kit.Instant


def _posts(posts: list[Post]) -> list[duties.Post]:
    return [duties.Post(post.role, post.store) for post in posts]


async def me(caller: Operator) -> object:
    """Who is signed in, and what they may do."""
    mine = sorted(duty for duty in duties.DUTIES if caller.may(duty))
    return Me(
        id=caller.id,
        name=caller.name,
        posts=[PostShown.model_validate(one) for one in caller.posts],
        duties=mine,
        limits=[_limit(one) for one in await limits.bounds(caller.id)],
    )


def _limit(bound: limits.Bound) -> MyLimit:
    post, most = bound.post, bound.most
    return MyLimit(
        kind=bound.kind, role=post.role, role_name=post.role_name, store=post.store, most_fen=most.most_fen, day_fen=most.day_fen,
        used_fen=bound.used_fen,
    )  # fmt: skip


async def my_password(body: MyNewPassword, caller: Operator, request: web.Request) -> None:
    """A new password of one's own; all other sessions end."""
    await staff.change_own_password(
        caller.on_duty, old=body.old, password=body.password, origin=origin(request)
    )


async def my_sessions(caller: Operator) -> object:
    """Where I am signed in."""
    mine = await operator_sessions.of_operator(caller.id)
    here = caller.on_duty.session_id
    return kit.Page[MySession](
        items=[
            MySession(is_this=one.id == here, **OpenSession.model_validate(one).model_dump()) for one in mine
        ]
    )


async def end_my_session(session_id: int, caller: Operator) -> None:
    """Ends one of my sessions."""
    await operator_sessions.end(caller.id, session_id)


async def end_my_other_sessions(caller: Operator) -> None:
    """Ends all my sessions but this one."""
    await operator_sessions.end_all(caller.id, but=caller.on_duty.session_id)


async def listing(query: kit.PageQuery) -> object:
    """All operators."""
    rows = await staff.page(after=query.after(int) or 0, limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def add(body: NewMember, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Adds somebody."""
    return await staff.add(
        caller.id, login=body.login, name=body.name, password=body.password, posts=_posts(body.posts), key=key
    )


async def one(operator_id: int) -> object:
    """One operator."""
    return await staff.get(operator_id)


async def post(operator_id: int, body: NewPosts, caller: Operator) -> object:
    """Gives exactly these posts."""
    return await staff.post(caller.id, operator_id, _posts(body.posts))


async def password(operator_id: int, body: NewPassword, caller: Operator) -> None:
    """Sets a password for somebody; all their sessions end."""
    await staff.change_password(caller.id, operator_id, password=body.password)


async def disable(operator_id: int, caller: Operator) -> object:
    """Lets somebody go."""
    return await staff.disable(caller.id, operator_id)


async def enable(operator_id: int, caller: Operator) -> object:
    """Lets somebody in again."""
    return await staff.enable(caller.id, operator_id)


async def sessions(operator_id: int) -> object:
    """Open sessions."""
    return kit.Page[OpenSession](
        items=[OpenSession.model_validate(one) for one in await staff.sessions(operator_id)]
    )


async def sign_out(operator_id: int, caller: Operator) -> None:
    """Ends all sessions of somebody."""
    await staff.sign_out_everywhere(caller.id, operator_id)


async def set_email(operator_id: int, body: OperatorEmail, caller: Operator) -> object:
    """By which the identity provider knows them."""
    return await staff.set_email(caller.id, operator_id, body.email)


async def end_session(operator_id: int, session_id: int, caller: Operator) -> None:
    """Ends one session of somebody."""
    await staff.sign_out(caller.id, operator_id, session_id)


async def reset_second_factor(operator_id: int, caller: Operator) -> None:
    """Somebody has lost their second factor."""
    await staff.reset_second_factor(caller.id, operator_id)


async def attempts(query: AttemptQuery) -> object:
    """Who tried to sign in."""
    rows = await sign_in_attempts.page(
        before=query.after(int), operator_id=query.operator_id, outcome=query.outcome, limit=query.limit + 1
    )
    return kit.cut(rows, query, lambda row: row.id)
