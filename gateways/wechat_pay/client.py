"""WeChat Pay as a channel."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core import clock
from gateways import http, keys, reading
from gateways.channel import (
    AlreadyPaid,
    ChannelRefund,
    ChannelRefused,
    ChannelTrade,
    PaymentNotice,
    Prepared,
    PrepayOrder,
    RefundOrder,
    ResultUnknown,
)
from gateways.reading import JsonObject, Malformed
from gateways.wechat_pay import answers, notification, sealed, trust
from gateways.wechat_pay.settings import Settings
from gateways.wechat_pay.signing import Signer

_DESCRIPTION_LETTERS = 127
_REASON_LETTERS = 80


class WechatPay:
    """WeChat Pay for one merchant and one app; implements `channel.Channel`.

    Use between `connect` and `disconnect`, or as an async context manager. In certificate mode call
    `refresh_certificates` on a schedule (certificates rotate; twelve hours is the vendor's advice); the first call
    fetches them by itself, reading a notification never does.
    """

    name = answers.CHANNEL
    methods = frozenset({"jsapi", "native"})

    def __init__(self, settings: Settings, *, session: aiohttp.ClientSession | None = None) -> None:
        self._settings = settings
        self._signer = Signer(
            mch_id=settings.mch_id,
            serial_no=settings.serial_no,
            private_key=keys.private_key(settings.private_key_pem),
        )
        public_key_pem = settings.public_key_pem
        self._keyring = trust.Keyring(
            public_key_id=settings.public_key_id,
            public_key=None if public_key_pem is None else keys.public_key(public_key_pem),
            certificates=[
                x509.load_pem_x509_certificate(each.encode()) for each in settings.platform_certificates_pem
            ],
        )
        self._cipher = AESGCM(settings.api_v3_key.encode())
        self._first_certificates = asyncio.Lock()
        self._caller = http.Caller(
            settings.base_urls,
            session=session,
            total_timeout_s=settings.total_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
        )

    async def connect(self) -> None:
        """Opens the HTTP session, unless one was passed in."""
        await self._caller.open()

    async def disconnect(self) -> None:
        """Closes the HTTP session, if it is our own."""
        await self._caller.close()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    async def prepare(self, method: str, order: PrepayOrder) -> Prepared:
        """Opens the order for `jsapi` (mini-program, page inside WeChat) or `native` (QR code).

        Raises:
            AlreadyPaid: this number is paid.
        """
        if method not in self.methods:
            raise ValueError(f"not a method of WeChat Pay: {method}")
        fields: dict[str, object] = {
            "appid": self._settings.app_id,
            "mchid": self._settings.mch_id,
            "description": order.description[:_DESCRIPTION_LETTERS],
            "out_trade_no": order.out_trade_no,
            "notify_url": self._settings.notify_url,
            "time_expire": order.expires_at.astimezone(reading.BEIJING).isoformat(timespec="seconds"),
            "amount": {"total": order.amount_fen, "currency": order.currency},
        }
        if method == "jsapi":
            if not order.payer:
                raise ValueError("jsapi needs the payer's openid")
            fields["payer"] = {"openid": order.payer}
        try:
            content = await self._ask("POST", f"/v3/pay/transactions/{method}", fields)
        except ChannelRefused as refused:
            raise _already_paid(refused, order.out_trade_no) from None
        with _understood():
            if method == "native":
                return Prepared({"code_url": reading.text(content, "code_url")}, None)
            prepay_id = reading.text(content, "prepay_id")
            params = self._signer.client_params(app_id=self._settings.app_id, prepay_id=prepay_id)
            return Prepared(params, prepay_id)

    async def query(self, out_trade_no: str) -> ChannelTrade:
        """What WeChat Pay knows about our number. After any refund the state is `refunded`, also a partial one."""
        mch_id = self._settings.mch_id
        target = f"/v3/pay/transactions/out-trade-no/{_quoted(out_trade_no)}?mchid={_quoted(mch_id)}"
        try:
            content = await self._ask("GET", target)
        except ChannelRefused as refused:
            if refused.code not in answers.ORDER_MISSING:
                raise
            app_id = self._settings.app_id
            return answers.missing_trade(out_trade_no=out_trade_no, app_id=app_id, mch_id=mch_id)
        with _understood():
            trade = answers.trade(content)
        if trade.out_trade_no != out_trade_no:
            raise ResultUnknown("the answer is about another order")
        return trade

    async def close(self, out_trade_no: str) -> None:
        """Makes sure that the order cannot be paid any more; closed and unknown orders count as closed.

        Raises:
            AlreadyPaid: too late.
        """
        target = f"/v3/pay/transactions/out-trade-no/{_quoted(out_trade_no)}/close"
        try:
            await self._ask("POST", target, {"mchid": self._settings.mch_id}, expected_status=204)
        except ChannelRefused as refused:
            if refused.code not in answers.ORDER_MISSING | answers.ORDER_CLOSED:
                raise _already_paid(refused, out_trade_no) from None

    async def refund(self, order: RefundOrder) -> ChannelRefund:
        """Asks for money to go back; after `ResultUnknown` ask or repeat under the same number, a minute later."""
        amount = {"refund": order.amount_fen, "total": order.total_fen, "currency": order.currency}
        fields: dict[str, object] = {
            "out_trade_no": order.out_trade_no,
            "out_refund_no": order.out_refund_no,
            "notify_url": self._settings.notify_url,
            "amount": amount,
        }
        if order.reason:
            fields["reason"] = order.reason[:_REASON_LETTERS]
        return self._refund(
            await self._ask("POST", "/v3/refund/domestic/refunds", fields), order.out_refund_no
        )

    async def query_refund(self, *, out_trade_no: str, out_refund_no: str) -> ChannelRefund:
        """What WeChat Pay knows about one refund."""
        try:
            content = await self._ask("GET", f"/v3/refund/domestic/refunds/{_quoted(out_refund_no)}")
        except ChannelRefused as refused:
            if refused.code not in answers.ORDER_MISSING:
                raise
            return ChannelRefund(out_refund_no, None, "missing", None)
        if content.get("out_trade_no") not in (None, out_trade_no):
            raise ResultUnknown("the answer is about another order")
        return self._refund(content, out_refund_no)

    def read_notification(self, headers: Mapping[str, str], body: bytes, now: datetime) -> PaymentNotice:
        """A notification, once it is proven to be WeChat Pay's and not older than five minutes.

        `headers` in any letter case, `body` as received. Makes no outgoing call, whatever serial is named.

        Raises: BadNotification.
        """
        return notification.read(headers, body, now, keyring=self._keyring, cipher=self._cipher)

    @property
    def uses_certificates(self) -> bool:
        """Whether `refresh_certificates` is wanted on a schedule."""
        return self._settings.public_key_id is None or bool(self._settings.platform_certificates_pem)

    async def refresh_certificates(self) -> None:
        """Downloads the platform certificates now in force and replaces the ones held (API v3, /v3/certificates).

        The answer is believed because the APIv3 key opens it and a certificate in it, or one already held, signed it.
        """
        answer = await self._send("GET", "/v3/certificates", b"")
        if answer.status != 200:
            raise answers.failure(answer)
        with _understood():
            listed = reading.json_object(answer.body).get("data")
            if not isinstance(listed, list) or not listed:
                raise Malformed("data is not a list of certificates")
            certificates = [self._certificate(each) for each in listed]
        candidates = trust.Keyring(certificates=certificates)
        try:
            trust.check(answer.headers, answer.body, keyring=candidates, now=clock.now(), type_required=False)
        except trust.Untrusted:
            self._check(answer)
        self._keyring.replace_certificates(certificates)

    def _certificate(self, listed: object) -> x509.Certificate:
        if not isinstance(listed, dict):
            raise Malformed("data holds something else than certificates")
        pem = sealed.opened(reading.part(listed, "encrypt_certificate"), self._cipher)
        try:
            return x509.load_pem_x509_certificate(pem)
        except ValueError:
            raise Malformed("a certificate cannot be read") from None

    def _refund(self, content: JsonObject, out_refund_no: str) -> ChannelRefund:
        with _understood():
            refund = answers.refund(content, state_field="status")
        if refund.out_refund_no != out_refund_no:
            raise ResultUnknown("the answer is about another refund")
        return refund

    async def _ask(
        self, method: str, target: str, fields: JsonObject | None = None, *, expected_status: int = 200
    ) -> JsonObject:
        """One signed call; every one names our number, so that repeating it changes nothing."""
        if self._keyring.preferred_serial(clock.now()) is None:
            async with self._first_certificates:
                if self._keyring.preferred_serial(clock.now()) is None:
                    await self.refresh_certificates()
        body = (
            b"" if fields is None else json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        )
        answer = await self._send(method, target, body)
        if answer.status != expected_status:
            raise answers.failure(answer)
        self._check(answer)
        if expected_status == 204:
            return {}
        with _understood():
            return reading.json_object(answer.body)

    async def _send(self, method: str, target: str, body: bytes) -> http.Answer:
        def headers() -> dict[str, str]:
            lines = {
                "Authorization": self._signer.authorization(method, target, body),
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": "yucun",
            }
            serial = self._keyring.preferred_serial(clock.now())
            return lines if serial is None else {**lines, "Wechatpay-Serial": serial}

        try:
            return await self._caller.send(method, target, headers=headers, body=body, repeatable=True)
        except http.NoAnswer as failed:
            raise ResultUnknown(failed.reason) from None

    def _check(self, answer: http.Answer) -> None:
        # An unproven 2xx may be a probe on a call that was executed: the result is unknown, not failed.
        try:
            trust.check(
                answer.headers, answer.body, keyring=self._keyring, now=clock.now(), type_required=False
            )
        except trust.Untrusted as doubt:
            raise ResultUnknown(f"the answer's signature: {doubt.reason}") from None


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    """Turns an unreadable part of a proven answer into `ResultUnknown`."""
    try:
        yield
    except Malformed as fault:
        raise ResultUnknown(f"unreadable answer: {fault}") from None


def _already_paid(refused: ChannelRefused, out_trade_no: str) -> ChannelRefused | AlreadyPaid:
    return AlreadyPaid(out_trade_no) if refused.code in answers.ALREADY_PAID else refused


def _quoted(part: str) -> str:
    return urllib.parse.quote(part, safe="")
