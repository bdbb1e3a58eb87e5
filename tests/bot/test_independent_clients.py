"""The chat as two libraries see it that others wrote for the platform's messages: wechatpy and WeRoBot. They build, sign, seal, open and
read by their own code, and talk to the unchanged bot over HTTP in plain, compatible and safe mode."""

import itertools
import time
from dataclasses import dataclass

import pytest
import wechatpy
import xmltodict
from wechatpy import crypto as wechatpy_crypto
from wechatpy import replies as wechatpy_replies
from wechatpy import utils as wechatpy_utils
from werobot import crypto as werobot_crypto
from werobot import parser as werobot_parser
from werobot import replies as werobot_replies
from werobot import utils as werobot_utils

from core import db as database

NUMBERS = itertools.count(6_000_000_000_000_000)
KINDS = {
    "image": {"PicUrl": "http://x/y", "MediaId": "m"},
    "voice": {"MediaId": "m", "Format": "amr", "Recognition": ""},
    "video": {"MediaId": "m", "ThumbMediaId": "t"},
    "shortvideo": {"MediaId": "m", "ThumbMediaId": "t"},
    "location": {"Location_X": "23.1", "Location_Y": "113.3", "Scale": "20", "Label": "广州塔"},
    "link": {"Title": "t", "Description": "d & e", "Url": "http://x?a=1&b=2"},
    "file": {"Title": "t", "Description": "", "FileKey": "k", "FileMd5": "0" * 32, "FileTotalLen": "8"},
    "miniprogrampage": {"Title": "t", "AppId": "wx1", "PagePath": "pages/index", "ThumbUrl": "http://x", "ThumbMediaId": "m"},
}  # fmt: skip
SAID = {
    "image": "抱歉，我看不懂图片。", "voice": "抱歉，这段语音没有听出文字，", "video": "抱歉，我看不了视频，", "shortvideo": "抱歉，我看不了视频，",
    "location": "抱歉，我看不懂位置。", "link": "抱歉，我打不开链接，", "file": "抱歉，我打不开文件，", "miniprogrampage": "抱歉，我看不懂小程序卡片。",
}  # fmt: skip


class Wechatpy:
    """wechatpy 1.8."""

    def __init__(self, account):
        self.account = account
        self.crypto = wechatpy_crypto.WeChatCrypto(account.token, account.encoding_aes_key, account.app_id)

    def text(self, openid, content):
        return wechatpy_replies.TextReply(
            source=openid, target=self.account.original_id, content=content
        ).render()

    def signature(self, *parts):
        signer = wechatpy_utils.WeChatSigner()
        signer.add_data(self.account.token, *parts)
        return signer.signature

    def seal(self, xml, timestamp, nonce):
        return xmltodict.parse(self.crypto.encrypt_message(xml, nonce, timestamp))["xml"]

    def open(self, answer):
        outer = xmltodict.parse(answer)["xml"]
        return self.crypto.decrypt_message(answer, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"])

    def read(self, xml):
        message = wechatpy.parse_message(xml)
        return message.type, message.source, message.target, message.content


class WeRoBot:
    """WeRoBot 1.13."""

    def __init__(self, account):
        self.account = account
        self.crypto = werobot_crypto.MessageCrypt(account.token, account.encoding_aes_key, account.app_id)

    def text(self, openid, content):
        reply = werobot_replies.TextReply(source=openid, target=self.account.original_id, content=content)
        return reply.render().strip()

    def signature(self, *parts):
        return werobot_utils.get_signature(self.account.token, *parts)

    def seal(self, xml, timestamp, nonce):
        return xmltodict.parse(self.crypto.encrypt_message(xml, timestamp, nonce))["xml"]

    def open(self, answer):
        outer = xmltodict.parse(answer)["xml"]
        return self.crypto.decrypt_message(
            outer["TimeStamp"], outer["Nonce"], outer["MsgSignature"], outer["Encrypt"]
        )

    def read(self, xml):
        message = werobot_parser.parse_user_msg(xml)
        return message.type, message.source, message.target, message.content


@dataclass
class Client:
    """One of the libraries, the mode it pushes in, and the address."""

    library: Wechatpy | WeRoBot
    mode: str
    http: object
    url: str

    async def say(self, openid, text):
        return await self.push(self.library.text(openid, text))

    async def push(self, xml, *, number=None):
        """What the bot says to a message, as the library reads it; None for nothing."""
        account, timestamp, nonce = self.library.account, str(int(time.time())), "831654"
        if "<MsgId>" not in xml:
            xml = xml.replace("</xml>", f"<MsgId>{number or next(NUMBERS)}</MsgId></xml>")
        query = {
            "signature": self.library.signature(timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
        }
        if self.mode != "plain":
            sealed = self.library.seal(xml, timestamp, nonce)
            query |= {"encrypt_type": "aes", "msg_signature": sealed["MsgSignature"]}
            envelope = f"<ToUserName><![CDATA[{account.original_id}]]></ToUserName><Encrypt><![CDATA[{sealed['Encrypt']}]]></Encrypt>"
            seen = xml if self.mode == "compatible" else "<xml></xml>"  # compatible: all fields, and Encrypt
            seen = seen.replace(f"<ToUserName><![CDATA[{account.original_id}]]></ToUserName>", "")
            xml = seen.replace("</xml>", f"{envelope}</xml>")
        async with self.http.post(self.url, params=query, data=xml.encode()) as answer:
            said = await answer.text()
        assert answer.status == 200, said
        if said == "success":
            return None
        kind, source, target, content = self.library.read(
            said if self.mode == "plain" else self.library.open(said)
        )
        assert (kind, source) == ("text", account.original_id)
        return target, content


@pytest.fixture(params=[Wechatpy, WeRoBot])
def library(request):
    return request.param


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
async def test_they_talk_to_the_bot(connect, join, http, library, mode):
    bot = await connect("plain" if mode == "plain" else "safe")
    phone = await join(bot, principal=20000)
    me = phone.person.official_openid
    client = Client(library(bot.official), mode, http, f"{bot.url}/wechat/official-account")
    assert (await client.say(me, "余额"))[1].startswith("可用余额：200.00 元")
    assert (await client.say(me, "balance"))[1].startswith("Available balance: ¥200.00")
    assert (await client.say(me, "余额低于80元提醒我"))[0] == me
    assert await database.fetchval("SELECT low_balance_threshold_fen FROM customer") == 8000
    for kind, fields in KINDS.items():
        envelope = {
            "ToUserName": bot.official.original_id,
            "FromUserName": me,
            "CreateTime": "1700000000",
            "MsgType": kind,
        }
        xml = xmltodict.unparse({"xml": envelope | fields}, full_document=False)
        assert (await client.push(xml))[1].startswith(SAID[kind]), kind
    number = next(NUMBERS)
    repeated = [await client.push(client.library.text(me, "余额"), number=number) for _ in range(2)]
    assert repeated[0] == repeated[1]
    kept = await database.fetch(
        "SELECT dedup_key, content, reply FROM chat_message WHERE kind <> 'subscribe'"
    )
    assert len(kept) == 3 + len(KINDS) + 1
    assert all(row["reply"] for row in kept)
    event = {"MsgType": "event", "Event": "CLICK", "EventKey": "balance", "CreateTime": "1700000001"}
    xml = xmltodict.unparse(
        {"xml": {"ToUserName": bot.official.original_id, "FromUserName": me} | event}, full_document=False
    )
    assert (await client.push(xml, number=1))[1].startswith("可用余额：200.00 元")
    view = xml.replace("CLICK", "VIEW")
    assert await client.push(view, number=2) is None
