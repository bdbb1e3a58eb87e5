"""The little HTML a browser sees at Alipay's door."""

from __future__ import annotations

import html

_FRAME = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>支付宝（沙箱）</title>
<style>
 body {{ font: 16px/1.6 system-ui, "Noto Sans CJK SC", sans-serif; background: #f5f7fa; margin: 0 }}
 main {{ max-width: 26rem; margin: 0 auto; padding: 2rem 1rem; text-align: center }}
 h1 {{ color: #1677ff; font-size: 1.1rem }}
 .amount {{ font-size: 2.4rem; font-weight: 600 }}
 button {{ width: 100%; padding: .8rem; margin: .3rem 0; border: 0; border-radius: .5rem;
          background: #1677ff; color: #fff; font-size: 1rem }}
</style><main><h1>支付宝（沙箱）</h1>{content}</main></html>"""


def cashier(
    *, merchant: str, amount: str, subject: str, out_trade_no: str, people: list[tuple[str, str]]
) -> str:
    """`people` are (id, nickname): whoever is clicked pays."""
    buttons = "".join(
        f'<button name="person_id" value="{html.escape(person_id)}">{html.escape(nickname)} 确认付款</button>'
        for person_id, nickname in people
    )
    return _FRAME.format(
        content=(
            f"<p>{html.escape(merchant)}</p><p class=amount>¥{html.escape(amount)}</p>"
            f"<p>{html.escape(subject)}</p><form method=post action=/cashier/pay>"
            f'<input type=hidden name=out_trade_no value="{html.escape(out_trade_no)}">{buttons}</form>'
        )
    )


def refused(reason: str) -> str:
    return _FRAME.format(content=f"<p>{html.escape(reason)}</p>")


def done() -> str:
    return _FRAME.format(content="<p>付款成功</p>")
