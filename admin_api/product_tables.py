"""The catalogue as a table: taking products from a file, and giving them as one."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from core import words
from shop import product_rows, products_export, products_import


class Taking(kit.Query):
    dry_run: Annotated[bool, Field(description="只检查，不导入 · only look, take nothing")] = False


class RowFault(kit.Answer):
    row: Annotated[
        int, Field(description="文件中的行号，表头为 1 · in the file; the titles are row 1", examples=[7])
    ]
    column: Annotated[str, Field(description="表头 · the title", examples=["标价"])]
    kind: Annotated[str, Field(examples=["amount", "twice", "taken"])]
    message: Annotated[str, Field(examples=["不是正确的金额（元，最多两位小数）"])]
    message_en: str


class Outcome(kit.Answer):
    rows: int
    products_added: int
    products_changed: int
    skus_added: int
    skus_changed: int
    is_taken: Annotated[
        bool, Field(description="false：有错误或只检查，什么都没导入 · false: nothing was taken")
    ]
    faults: Annotated[list[RowFault], Field(description="逐行错误，最多 200 条 · what is wrong, 200 at most")]


async def take(
    query: Taking, upload: kit.Upload, caller: Operator, locale: str, key: kit.IdempotencyKey
) -> Outcome:
    """Takes a file as a whole, or not at all."""
    done = await products_import.take(caller.id, upload, is_dry=query.dry_run, key=key)
    told: dict[str, Any] = {name: getattr(done, name) for name in Outcome.model_fields if name != "faults"}
    return Outcome(**told, faults=[_said(fault, locale) for fault in done.faults])


def _said(fault: product_rows.Fault, locale: str) -> RowFault:
    return RowFault(
        row=fault.row,
        column=words.say(f"catalogue.column.{fault.column}", locale),
        kind=fault.kind,
        message=fault.sentence(locale),
        message_en=fault.sentence("en"),
    )


async def as_csv(locale: str) -> web.Response:
    """All products as CSV."""
    rows = products_export.as_csv(locale)
    return kit.download(rows, name=f"{products_export.name(locale)}.csv", media_type=kit.CSV, locale=locale)


async def as_xlsx(locale: str) -> web.Response:
    """All products as an Excel workbook."""
    book = await products_export.as_xlsx(locale)
    return kit.download(book, name=f"{products_export.name(locale)}.xlsx", media_type=kit.XLSX, locale=locale)
