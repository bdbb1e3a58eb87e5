"""One customer's story, told by its number and the seed: what they buy, how they pay, what they give up, what they want back."""

import asyncio
import random
import uuid

import aiohttp

from sandbox.alipay.wire import AlipayError
from sandbox.wechat_pay.orders import CannotPay
from tests.faults.shop import PRICE_FEN

WAYS = (("wechat_pay", "native"), ("wechat_pay", "jsapi"), ("alipay", "precreate"), ("alipay", "wap"))
ENDS = ("pays", "pays", "pays", "pays", "pays and gives up", "gives up", "gives up and pays", "leaves it")
_TRIES, _PAUSE_S = 60, (0.1, 1.0)
_PASSING = frozenset({429, 500, 502, 503, 504})
_TIMEOUT = aiohttp.ClientTimeout(total=20)


class Unexpected(Exception):
    """The shop answered something that no story expects."""


class Story:
    """A customer with a phone and patience: whatever gets no answer is asked again, under the same key."""

    def __init__(self, shop, http, seed, number):
        self.shop, self.http, self.number = shop, http, number
        self.rng = random.Random(f"{seed}:{number}")
        self.keys = random.Random(
            f"{seed}:{number}:keys"
        )  # of their own: how often something is tried decides nothing
        self.address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.token, self.topped_up = None, []

    async def run(self):
        self.person = self.shop.sandbox.world.people.arrive()
        await self._sign_in()
        for _ in range(self.rng.randint(1, 3)):
            act = self.rng.choice(
                (self._top_up, self._top_up, self._change_their_mind, self._buy, self._buy, self._refund)
            )
            await act()

    async def _sign_in(self):
        for _ in range(_TRIES):
            code = self.shop.sandbox.platform.login.new_code(self.person)
            status, body = await self._ask("POST", "/login", {"code": code})
            if status == 200:
                self.token = body["token"]
                return
        raise Unexpected(f"story {self.number}: nobody can sign in: {body}")

    async def _top_up(self):
        channel, method = self.rng.choice(WAYS)
        wish = {"channel": channel, "method": method, "amount_fen": self.rng.choice((100, 999, 5_000))}
        status, made = await self._do("/top-ups", wish, allowed=("channel_declined", "balance_limit"))
        if status == 201 and await self._through_the_channel(made, f"/top-ups/{made['top_up_no']}"):
            self.topped_up.append(made["top_up_no"])

    async def _change_their_mind(self):
        """The same top-up one way and then another: paid by the first, by the second, by both or not at all."""
        first, other = self.rng.sample(WAYS, 2)
        wish = {"channel": first[0], "method": first[1], "amount_fen": self.rng.choice((101, 1_001))}
        status, made = await self._do("/top-ups", wish, allowed=("channel_declined", "balance_limit"))
        if status != 201:
            return
        path, paid = f"/top-ups/{made['top_up_no']}", False
        before, after, anew = (self.rng.random() < odds for odds in (0.25, 0.4, 0.6))
        if before:
            paid |= self._pays(made["payment"])
        change = {"channel": other[0], "method": other[1]}
        status, changed = await self._do(
            f"{path}/pay", change, allowed=("channel_declined", "top_up_ended", "top_up_under_review")
        )
        if after:
            paid |= self._pays(made["payment"])
        if anew and status == 200 and changed["state"] == "pending":
            paid |= self._pays(changed["payment"])
        if self.rng.random() < 0.3:
            await self._do(f"{path}/check", {})
        if paid:
            self.topped_up.append(made["top_up_no"])

    async def _buy(self):
        lines = [{"sku_id": self.shop.sku_id, "quantity": self.rng.randint(1, 3)}]
        _, order = await self._do("/orders", {"lines": lines})
        path = f"/orders/{order['order_no']}"
        if self.rng.random() < 0.3:
            status, _ = await self._do(f"{path}/pay", {}, allowed=("insufficient_balance",))
            if status == 200:
                return
        channel, method = self.rng.choice(WAYS)
        share = self.rng.choice((0, None, PRICE_FEN // 2))
        wish = {"channel": channel, "method": method, "balance_fen": share}
        refusals = ("channel_declined", "nothing_for_channel", "insufficient_balance", "bill_payment_pending")
        status, made = await self._do(f"{path}/combined-payments", wish, allowed=refusals)
        if status == 201:
            await self._through_the_channel(made, f"/combined-payments/{made['combined_no']}")

    async def _refund(self):
        if not self.topped_up:
            await self._top_up()
        if self.topped_up:
            number = self.topped_up.pop()
            wish = {"amount_fen": self.rng.choice((None, 1, 50)), "reason": "用不完了"}
            allowed = ("top_up_not_refundable", "no_such_top_up_to_refund", "insufficient_balance")
            await self._do(f"/top-ups/{number}/refunds", wish, allowed=allowed)

    async def _through_the_channel(self, made, path):
        """Pays, gives up or leaves it; says whether they have paid."""
        end, payment = self.rng.choice(ENDS), made["payment"]
        paid = False
        if end.startswith("gives up"):
            await self._give_up(path)
        if "pays" in end:
            paid = self._pays(payment)
        if end == "pays and gives up":
            await self._give_up(path)
        elif paid and self.rng.random() < 0.5:
            await self._do(f"{path}/check", {}, allowed=("payment_under_review",))
        return paid

    async def _give_up(self, path):
        await self._do(f"{path}/cancel", {}, allowed=("payment_under_review",))

    def _pays(self, payment):
        return payment["client"] is not None and self._pay(payment)

    def _pay(self, payment):
        sheets, client = self.shop.sheets, payment["client"]
        try:
            if payment["method"] == "jsapi":
                app_id = client.get("appId", self.shop.sandbox.credentials.mini_app_id)
                params = {key: value for key, value in client.items() if key != "appId"}
                sheet = sheets.request_payment(self.person, app_id, params)
            elif payment["method"] == "native":
                sheet = sheets.scan_wechat(self.person, client["code_url"])
            elif payment["method"] == "precreate":
                sheet = sheets.scan_alipay(self.person, client["qr_code"])
            else:
                sheet = sheets.open_alipay(self.person, client["url"])
            sheets.pay(sheet["sheet_no"])
        except (CannotPay, AlipayError):
            return False  # closed, or over
        return True

    async def _do(self, path, body, *, allowed=()):
        """Asks until there is an answer; one that nobody expects ends the story."""
        status, answer = await self._ask("POST", path, body)
        if status >= 400 and answer.get("code") not in allowed:
            raise Unexpected(f"story {self.number}: POST {path} {body}: {status} {answer}")
        return status, answer

    async def _ask(self, method, path, body):
        headers = {
            "Idempotency-Key": uuid.UUID(int=self.keys.getrandbits(128)).hex,
            "X-Forwarded-For": self.address,
        }
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        said = None
        for _ in range(_TRIES):
            try:
                async with self.http.request(
                    method, f"{self.shop.url}/api/v1{path}", json=body, headers=headers, timeout=_TIMEOUT
                ) as answer:
                    said = (answer.status, await answer.json())
                    if answer.status not in _PASSING:
                        return said
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(random.uniform(*_PAUSE_S))
        raise Unexpected(f"story {self.number}: no answer to {method} {path}: {said}")
