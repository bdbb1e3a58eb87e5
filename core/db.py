"""The database connection the running task is on: inside ``transaction()`` the transaction's own, else one from the pool.

Sets move by hand-written SQL through here; everything else uses Tortoise models, which find the same connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar, cast

import asyncpg
from tortoise import connections
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.context import require_context
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from core import errors

CONNECTION = "default"

ACT: ContextVar[int | None] = ContextVar("act", default=None)
"""The act of an operator that the running task is doing (``operator_act``). While there is one, whatever writes is a transaction that names
it, and the database notes under it which rows become what."""

P = ParamSpec("P")
T = TypeVar("T")

RETRIED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""What PostgreSQL undid for others' sake, and what may succeed a moment later."""
_OF_THE_ROWS = (
    asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, asyncpg.PLPGSQLError, asyncpg.CardinalityViolationError,
    AssertionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, errors.DomainError,
)  # fmt: skip
"""What fails because of what the rows say; everything else is about the database, its connection, or the time."""
_TRIES = 4
_ON_BEHALF = "SET LOCAL yucun.act = '{:d}'; SET LOCAL yucun.act_rows = '0'"
"""No query, so that a transaction may still choose its isolation after it."""


def transaction() -> AbstractAsyncContextManager[Any]:
    """Opens a transaction, or joins the open one as a savepoint. Never await the network inside."""
    return _Transaction()


class _Transaction:
    """Tortoise's transaction, which forgets to return its connection to the pool when BEGIN fails or is cancelled: ten callers
    who hung up at that moment would leave the process without a connection."""

    async def __aenter__(self) -> Any:
        act = ACT.get()
        begins = act is not None and pool() is not None
        self._context = cast("AbstractAsyncContextManager[Any]", in_transaction(CONNECTION))
        try:
            entered = await self._context.__aenter__()
        except BaseException:
            await self._give_back()
            raise
        if begins:
            try:
                await execute(_ON_BEHALF.format(act))
            except BaseException as error:
                await self.__aexit__(type(error), error, error.__traceback__)
                raise
        return entered

    async def __aexit__(self, *raised: Any) -> bool | None:
        try:
            return await self._context.__aexit__(*raised)
        except BaseException:
            self._forget()  # cancelled while the connection went back: what comes next in this task would take it for its own
            raise

    async def _give_back(self) -> None:
        context: Any = self._context
        if getattr(context, "token", None) is None:  # set once the connection is ours; a savepoint has none
            return
        try:
            await context.client._parent._pool.release(context.client._connection)
        finally:
            self._forget()

    def _forget(self) -> None:
        token = getattr(self._context, "token", None)
        if token is not None:
            with contextlib.suppress(ValueError):  # it has been forgotten already
                connections.reset(token)


def pool() -> Any:
    """What stands for the database while no transaction is open here; None inside of one."""
    client = _client()
    kind: Any = type(client)
    return None if _is_transaction(kind) else client


def _client() -> Any:
    """As ``connections.get`` says it, which looks for itself first each time: this is asked several times a request."""
    return require_context().connections.get(CONNECTION)


@functools.cache
def _is_transaction(kind: type) -> bool:
    return issubclass(kind, TransactionalDBClient)


async def fetch(sql: str, *args: Any) -> list[asyncpg.Record]:
    """Runs one statement and returns its rows."""
    if ACT.get() is not None and _stands_alone(sql):
        async with transaction():
            return await fetch(sql, *args)
    async with _client().acquire_connection() as connection:
        return cast("list[asyncpg.Record]", await connection.fetch(sql, *args))


async def fetchrow(sql: str, *args: Any) -> asyncpg.Record | None:
    """Runs one statement and returns its first row, or None."""
    if ACT.get() is not None and _stands_alone(sql):
        async with transaction():
            return await fetchrow(sql, *args)
    async with _client().acquire_connection() as connection:
        return cast("asyncpg.Record | None", await connection.fetchrow(sql, *args))


async def fetchval(sql: str, *args: Any) -> Any:
    """Runs one statement and returns the first column of its first row, or None."""
    if ACT.get() is not None and _stands_alone(sql):
        async with transaction():
            return await fetchval(sql, *args)
    async with _client().acquire_connection() as connection:
        return await connection.fetchval(sql, *args)


async def execute(sql: str, *args: Any) -> int:
    """Runs one statement and returns how many rows it touched (0 where PostgreSQL does not say)."""
    if ACT.get() is not None and _stands_alone(sql):
        async with transaction():
            return await execute(sql, *args)
    async with _client().acquire_connection() as connection:
        status = cast("str", await connection.execute(sql, *args))
    last = status.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0


def _stands_alone(sql: str) -> bool:
    """Whether a statement writes, outside of a transaction. One that begins with SELECT only reads there."""
    return pool() is not None and not sql.lstrip().upper().startswith("SELECT")


async def copy_in(table: str, source: AsyncIterable[bytes]) -> int:
    """Copies rows into a table, in PostgreSQL's text format, as they come. Returns how many.

    Whoever makes them is only asked for more as fast as the server takes them.
    """
    async with _client().acquire_connection() as connection:
        status = cast("str", await connection.copy_to_table(table, source=source))
    return int(status.rsplit(" ", 1)[-1])


def retried(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Runs a whole desk function again when PostgreSQL aborted it for a deadlock, a serialization failure, or because a
    concurrent twin won the same unique key: the second run then finds the twin's row and answers from it.

    Only for functions that open their own transaction and do nothing outside it.
    """

    @functools.wraps(function)
    async def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for left in reversed(range(_TRIES)):
            try:
                return await function(*args, **kwargs)
            except (IntegrityError, OperationalError, asyncpg.PostgresError) as error:
                if not left or not _worth_another_try(error):
                    raise
            await asyncio.sleep(random.uniform(0.005, 0.05))  # noqa: S311 (spreads twins apart, nothing secret)
        raise AssertionError("the last try either returned or raised")

    return again


def is_of_the_rows(error: BaseException) -> bool:
    """Whether a set failed because of what some of its rows say, so that the others could succeed without them."""
    causes = list(_causes(error))
    if any(isinstance(cause, (asyncpg.InterfaceError, OSError, *RETRIED)) for cause in causes):
        return False
    return any(isinstance(cause, _OF_THE_ROWS) for cause in causes)


def _worth_another_try(error: BaseException) -> bool:
    return any(isinstance(cause, (*RETRIED, asyncpg.UniqueViolationError)) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and what Tortoise wrapped."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or (
            cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else None
        )
