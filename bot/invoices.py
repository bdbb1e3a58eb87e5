"""开发票: what an invoice can be asked for, and asking for one in words to the letter. An operator issues it."""

from __future__ import annotations

import re
import unicodedata

from billing import invoices
from bot.asker import Asker
from core import ids, money

_MOST = 8
_ASKS = re.compile(
    r"(?P<word>开发票|開發票|开票|開票|invoice)\s*(?P<code>[0-9]{4})\s+(?P<kind>个人|個人|公司|企业|企業|单位|單位|personal|company)\s+(?P<rest>\S.*)"
)
_COMPANY = frozenset({"公司", "企业", "企業", "单位", "單位", "company"})
_AMOUNT = re.compile(
    r"[¥￥](?P<before>[0-9]{1,8}(?:\.[0-9]{1,2})?)|(?P<after>[0-9]{1,8}(?:\.[0-9]{1,2})?)(?:元|yuan)"
)
_TAX_NO = re.compile(r"[0-9A-Z]{15,20}")


async def answer(asker: Asker) -> list[str]:
    """What there is to ask an invoice for, and the words that ask."""
    found = await invoices.open_for(asker.customer.id, limit=_MOST)
    if not found:
        return [asker.say("invoice.none")]
    return [
        asker.say("invoice.title"),
        *(_line(asker, one) for one in found),
        asker.say("invoice.how", code=found[0].code),
    ]


def _line(asker: Asker, one: invoices.Open) -> str:
    key = "invoice.top_up" if one.subject == "top_up" else "invoice.bill"
    return asker.say(key, code=one.code, about=one.about, left_fen=one.left_fen, at=one.at)


def asked(text: str) -> tuple[Wish, str] | None:
    """The invoice a text asks for, and the language it does so in; None when it asks for none to the letter."""
    words = " ".join(text[:300].split())
    match = _ASKS.fullmatch(words) or _ASKS.fullmatch(words[:1].lower() + words[1:])
    if match is None:
        return None
    company = match["kind"] in _COMPANY
    title: list[str] = []
    tax_no, email, amount_fen = None, None, None
    for part in match["rest"].split():
        plain = unicodedata.normalize("NFKC", part)
        amount = _AMOUNT.fullmatch(plain)
        if amount is not None and amount_fen is None:
            amount_fen = money.fen_from_yuan(amount["before"] or amount["after"])
        elif "@" in plain and email is None:
            email = plain
        elif company and tax_no is None and title and _TAX_NO.fullmatch(plain.upper()):
            tax_no = plain
        else:
            title.append(part)  # as it was written: a company's name has wide brackets
    named = invoices.Title("company" if company else "personal", " ".join(title), tax_no, email)
    return Wish(match["code"], named, amount_fen), "en" if match["word"] == "invoice" else "zh-CN"


class Wish:
    """An invoice somebody asks for: answered by noting it down."""

    def __init__(self, code: str, title: invoices.Title, amount_fen: int | None) -> None:
        self._code, self._title, self._amount_fen = code, title, amount_fen

    async def answer(self, asker: Asker) -> list[str]:
        """What came of it."""
        found = [
            one for one in await invoices.open_for(asker.customer.id, limit=100) if one.code == self._code
        ]
        if not found:
            raise invoices.NothingToInvoice
        if len(found) > 1:
            return [asker.say("invoice.two", code=self._code)]
        made = await invoices.request(
            asker.customer.id, found[0].subject, found[0].subject_no, self._title, amount_fen=self._amount_fen, door="chat",
            key=ids.new_no("K"),
        )  # fmt: skip
        key = "invoice.requested" if made.subject == "bill" else "invoice.requested_prepaid"
        return [
            asker.say(
                key,
                amount_fen=made.amount_fen,
                title=made.title,
                tax_no=made.tax_no or "—",
                invoice_no=made.invoice_no,
            )
        ]
