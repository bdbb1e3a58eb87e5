"""A receipt as a page to be printed: plain HTML that needs nothing from anywhere."""

from __future__ import annotations

from datetime import datetime
from html import escape

from billing.receipts import Receipt
from core import clock, money, words

HTML = "text/html"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
}
"""The page runs nothing and fetches nothing, whatever stands in a name."""

_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} {receipt_no}</title>
<style>
body {{ font-family: "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; color: #111; max-width: 42rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 1.4rem; text-align: center; letter-spacing: .2em; }}
.shop, .no {{ text-align: center; margin: .2rem 0; }}
table {{ width: 100%; border-collapse: collapse; margin: 1.2rem 0; }}
th, td {{ border: 1px solid #555; padding: .5rem .7rem; text-align: left; overflow-wrap: anywhere; }}
th {{ width: 9rem; font-weight: normal; background: #f3f3f3; }}
.undone {{ border: 2px solid #a00; color: #a00; padding: .4rem; text-align: center; }}
footer {{ display: flex; justify-content: space-between; margin-top: 2.5rem; }}
@media print {{ body {{ margin: 0; }} }}
</style>
</head>
<body>
<main>
<p class="shop">{shop}</p>
<h1>{title}</h1>
<p class="no">{number}</p>
{undone}<table>
{rows}
</table>
</main>
<footer><span>{seal}</span><span>{printed}</span></footer>
</body>
</html>
"""


def html(receipt: Receipt, *, shop: str, locale: str) -> str:
    """The page in a person's language; the amount in words is Chinese, as receipts need it."""

    def say(key: str, **params: object) -> str:
        return escape(words.say(f"receipts.{key}", locale, **params))

    what = receipt.title or words.say(f"receipts.purpose.{receipt.purpose}", locale)
    rows = [
        ("payer", receipt.customer_name or str(receipt.customer_id)),
        ("what", what),
        ("amount", f"¥ {money.yuan(receipt.amount_fen)}"),
        ("in_words", receipt.amount_in_words),
        ("tender", words.say(f"receipts.by.{receipt.tender}", locale)),
        ("reference", receipt.reference),
        ("paid_at", _minute(receipt.paid_at)),
        ("refunded", f"¥ {money.yuan(receipt.refunded_fen)}" if receipt.refunded_fen else None),
    ]
    undone = f'<p class="undone">{say("undone")}</p>\n' if receipt.is_undone else ""
    return _PAGE.format(
        lang=locale,
        title=say("title"),
        receipt_no=escape(receipt.receipt_no),
        number=say("number", receipt_no=receipt.receipt_no),
        shop=escape(shop),
        undone=undone,
        rows="\n".join(
            f"<tr><th scope='row'>{say(f'row.{key}')}</th><td>{escape(value)}</td></tr>"
            for key, value in rows
            if value
        ),
        seal=say("seal"),
        printed=say("printed", at=_minute(clock.now())),
    )


def _minute(instant: datetime) -> str:
    return instant.astimezone(clock.zone()).strftime("%Y-%m-%d %H:%M")
