"""Transfers to people who confirm them ("商家转账", user confirmation mode).

Facts: pay.weixin.qq.com "发起转账", "撤销转账", "查询转账单", "商家转账回调通知"; the payee has a day to confirm; a name is checked
and wanted from 2000 yuan on, and must not be given below 0.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox import keys
from sandbox.clock import beijing_text, rfc3339
from sandbox.people import Person
from sandbox.store import Shelf
from sandbox.wechat_pay.cashier import Sheet
from sandbox.wechat_pay.notices import Notices
from sandbox.wechat_pay.orders import CannotPay
from sandbox.wechat_pay.refusal import Refusal, param_error
from sandbox.wechat_pay.seal import Seal
from sandbox.world import World

CONFIRM_WITHIN_S = 86400
NAMED_FROM_FEN, UNNAMED_BELOW_FEN = 200_000, 30
MOST_FEN = 2_000_000
ENDINGS = {
    "fail": ("FAIL", "PAYEE_ACCOUNT_ABNORMAL"),
    "account_limit": ("FAIL", "REALNAME_ACCOUNT_RECEIVED_QUOTA_EXCEED"),
}
OPEN_STATES = ("ACCEPTED", "PROCESSING", "WAIT_USER_CONFIRM")


@dataclass
class Transfer:
    """`request` is the create body, with the name left out; `package` what the payee's sheet is opened with."""

    out_bill_no: str
    transfer_bill_no: str
    person_id: str
    request: dict[str, Any]
    package: str
    created_at: float
    state: str = "WAIT_USER_CONFIRM"
    changed_at: float = 0.0
    ended_at: float | None = None
    fail_reason: str = ""

    @property
    def amount_fen(self) -> int:
        return int(self.request["transfer_amount"])


class CannotConfirm(CannotPay):
    """The sheet turns the person away."""

    call = "requestMerchantTransfer"


class Transfers:
    def __init__(self, world: World, notices: Notices, seal: Seal) -> None:
        self._world = world
        self._notices = notices
        self._seal = seal
        self._transfers = Shelf(world.store, "wechat_pay.transfer", Transfer)
        self._by_package = {one.package: one.out_bill_no for one in self._transfers}
        world.agenda.register("wechat_pay.transfer", self._settle)
        world.agenda.register("wechat_pay.transfer_expiry", self._expire)
        world.faults.declare("wechat_pay.transfer_settle", {*ENDINGS, "delay"})

    def create(self, body: dict[str, Any], request_serial: str) -> dict[str, Any]:
        """Accepts a transfer; the same number with the same content returns the same one. Raises: Refusal."""
        person = self._payee(body)
        sealed_name, stored = (
            body.get("user_name"),
            {key: value for key, value in body.items() if key != "user_name"},
        )
        self._check_name(sealed_name, body["transfer_amount"], person, request_serial)
        known = self._transfers.get(body["out_bill_no"])
        if known is not None:
            if known.request != stored:
                raise Refusal(400, "ALREADY_EXISTS", "商户单号已存在且参数不一致", 268435470)
            return self._created(known)
        now = self._world.clock.epoch_s()
        transfer = Transfer(
            out_bill_no=body["out_bill_no"],
            transfer_bill_no="1330000071100999991182"
            + beijing_text(now)[:10].replace("-", "")
            + keys.random_digits(10),
            person_id=person.id,
            request=stored,
            package="ABBQO+oYAAABAAAAAAAk" + keys.random_text(60) + "==",
            created_at=now,
            changed_at=now,
        )
        self._put(transfer)
        self._by_package[transfer.package] = transfer.out_bill_no
        self._world.agenda.add(
            "wechat_pay.transfer_expiry", {"out_bill_no": transfer.out_bill_no}, delay_s=CONFIRM_WITHIN_S
        )
        return self._created(transfer)

    def query(self, *, out_bill_no: str | None = None, transfer_bill_no: str | None = None) -> dict[str, Any]:
        """Raises: Refusal (NOT_FOUND)."""
        found = next(
            (
                one
                for one in self._transfers
                if transfer_bill_no is not None and one.transfer_bill_no == transfer_bill_no
            ),
            self._transfers.get(out_bill_no or ""),
        )
        if found is None:
            raise Refusal(404, "NOT_FOUND", "记录不存在", 268435469)
        return self._describe(found)

    def cancel(self, out_bill_no: str) -> dict[str, Any]:
        """Before the payee has confirmed; ends a moment later. Raises: Refusal."""
        transfer = self._transfers.get(out_bill_no)
        if transfer is None:
            raise Refusal(404, "NOT_FOUND", "记录不存在", 268435469)
        if transfer.state in OPEN_STATES:
            self._change(transfer, "CANCELING")
            self._world.agenda.add(
                "wechat_pay.transfer",
                {"out_bill_no": out_bill_no, "to": "CANCELLED"},
                delay_s=self._pause_s(10),
            )
        elif transfer.state not in ("CANCELING", "CANCELLED"):
            raise Refusal(400, "INVALID_REQUEST", "转账单状态不允许撤销", 268435471)
        return {
            "out_bill_no": transfer.out_bill_no,
            "transfer_bill_no": transfer.transfer_bill_no,
            "state": transfer.state,
            "update_time": rfc3339(transfer.changed_at),
        }

    def sheet(self, person: Person, package: str) -> Sheet:
        """What wx.requestMerchantTransfer shows. Raises: CannotConfirm."""
        transfer = self._waiting_for(person, package)
        remark = transfer.request["transfer_remark"]
        return Sheet(package, self._world.settings.merchant_name, transfer.amount_fen, remark)

    def _waiting_for(self, person: Person, package: str) -> Transfer:
        """The transfer whose sheet this person opens. Raises: CannotConfirm."""
        transfer = self._transfers.get(self._by_package.get(package, ""))
        if transfer is None:
            raise CannotConfirm("invalid package")
        if transfer.person_id != person.id:
            raise CannotConfirm("收款用户不一致")
        if transfer.state != "WAIT_USER_CONFIRM":
            raise CannotConfirm("转账单已完成或已关闭")
        return transfer

    def confirm(self, person: Person, package: str) -> None:
        """Raises: CannotConfirm."""
        transfer = self._waiting_for(person, package)
        self._change(transfer, "TRANSFERING")
        self._world.agenda.add(
            "wechat_pay.transfer",
            {"out_bill_no": transfer.out_bill_no, "to": "SUCCESS"},
            delay_s=self._pause_s(3),
        )

    def paid(self) -> Iterator[Transfer]:
        """Those that arrived."""
        return (one for one in self._transfers if one.state == "SUCCESS")

    # ── inside ─────────────────────────────────────────────────────────────────────────────────────

    def _payee(self, body: dict[str, Any]) -> Person:
        credentials = self._world.credentials
        accounts = {credentials.mini_app_id: "mini", credentials.official_app_id: "official"}
        account = accounts.get(body["appid"])
        if account is None:
            raise Refusal(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配", 268445527)
        person = self._world.people.by_openid("mini" if account == "mini" else "official", body["openid"])
        if person is None:
            raise param_error("/openid", "openid与appid不匹配", number=268501013)
        if body["transfer_amount"] > MOST_FEN:
            raise Refusal(400, "INVALID_REQUEST", "转账金额超过单笔限额", 268435472)
        return person

    def _check_name(self, sealed: str | None, amount_fen: int, person: Person, serial: str) -> None:
        if sealed is None:
            if amount_fen >= NAMED_FROM_FEN:
                raise param_error("/user_name", "转账金额大于等于2000元时，收款用户姓名必填")
            return
        if amount_fen < UNNAMED_BELOW_FEN:
            raise param_error("/user_name", "转账金额小于0.3元时，不支持校验收款用户姓名")
        if self._seal.open_field(sealed, serial) != person.nickname:
            raise Refusal(400, "INVALID_REQUEST", "收款用户姓名校验不通过", 268435473)

    def _created(self, transfer: Transfer) -> dict[str, Any]:
        shown = {
            "out_bill_no": transfer.out_bill_no,
            "transfer_bill_no": transfer.transfer_bill_no,
            "create_time": rfc3339(transfer.created_at),
            "state": transfer.state,
        }
        return shown | ({"package_info": transfer.package} if transfer.state == "WAIT_USER_CONFIRM" else {})

    def _describe(self, transfer: Transfer) -> dict[str, Any]:
        return {
            "mch_id": self._world.credentials.mch_id,
            "out_bill_no": transfer.out_bill_no,
            "transfer_bill_no": transfer.transfer_bill_no,
            "appid": transfer.request["appid"],
            "state": transfer.state,
            "transfer_amount": transfer.amount_fen,
            "transfer_remark": transfer.request["transfer_remark"],
            "fail_reason": transfer.fail_reason,
            "openid": transfer.request["openid"],
            "create_time": rfc3339(transfer.created_at),
            "update_time": rfc3339(transfer.changed_at),
        }

    async def _settle(self, errand: dict[str, Any]) -> None:
        transfer = self._transfers.get(errand["out_bill_no"])
        if transfer is None or transfer.state not in ("TRANSFERING", "CANCELING"):
            return
        if errand["to"] == "CANCELLED":
            self._end(transfer, "CANCELLED")
            return
        fault = self._world.faults.take("wechat_pay.transfer_settle")
        if fault is not None and fault.do == "delay":
            self._world.agenda.add("wechat_pay.transfer", errand, delay_s=fault.seconds)
        elif fault is not None:
            state, transfer.fail_reason = ENDINGS[fault.do]
            self._end(transfer, state)
        else:
            self._pay_out(transfer)
            self._end(transfer, "SUCCESS")

    async def _expire(self, errand: dict[str, Any]) -> None:
        transfer = self._transfers.get(errand["out_bill_no"])
        if transfer is not None and transfer.state in OPEN_STATES:
            transfer.fail_reason = "OVERDUE_CLOSE"
            self._end(transfer, "FAIL")

    def _pay_out(self, transfer: Transfer) -> None:
        self._world.wallets.move(
            "transferred",
            channel="wechat_pay",
            person_id=transfer.person_id,
            out_trade_no=transfer.out_bill_no,
            channel_trade_no=transfer.transfer_bill_no,
            amount_fen=transfer.amount_fen,
        )
        self._world.feed.show(
            transfer.person_id,
            "payment",
            what="transferred",
            channel="wechat_pay",
            merchant=self._world.settings.merchant_name,
            amount_fen=transfer.amount_fen,
            description=transfer.request["transfer_remark"],
        )

    def _end(self, transfer: Transfer, state: str) -> None:
        transfer.ended_at = self._world.clock.epoch_s()
        self._change(transfer, state)
        if "notify_url" in transfer.request:
            self._notices.send(
                url=transfer.request["notify_url"],
                event_type="MCHTRANSFER.BILL.FINISHED",
                summary="商家转账单据终态通知",
                original_type="mch_payment",
                subject=transfer.out_bill_no,
                resource=self._describe(transfer),
            )

    def _change(self, transfer: Transfer, state: str) -> None:
        transfer.state, transfer.changed_at = state, self._world.clock.epoch_s()
        self._put(transfer)

    def _put(self, transfer: Transfer) -> None:
        self._transfers.put(transfer.out_bill_no, transfer)

    def _pause_s(self, seconds: float) -> float:
        return seconds * self._world.settings.time_scale
