"""Pushes that nobody sends by mistake: messages bent in every way XML, JSON, encodings and the AES frame allow. None is answered with a server
error or after more than five seconds, and none leaves half a message. ``YUCUN_CHAT_FUZZ=20000`` tries that many of each kind
(``make chat-fuzz``)."""

import asyncio
import base64
import json
import os
import struct

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core import db as database

EXAMPLES = int(os.environ.get("YUCUN_CHAT_FUZZ", "40"))
ATTEMPTS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ACCOUNT = "gh_1"

WHOLE = {"ToUserName": ACCOUNT, "FromUserName": "o1", "CreateTime": "1700000000", "MsgType": "text", "Content": "余额", "MsgId": "1"}  # fmt: skip
KINDS = (
    {"MsgType": "image", "PicUrl": "http://x", "MediaId": "m"},
    {"MsgType": "voice", "Recognition": "余额", "MediaId": "m"},
    {"MsgType": "location", "Location_X": "1", "Location_Y": "2", "Label": "x"},
    {"MsgType": "event", "Event": "CLICK", "EventKey": "balance"},
    {"MsgType": "event", "Event": "subscribe", "EventKey": "qrscene_7"},
    {"MsgType": "event", "Event": "unsubscribe"},
    {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": "9", "Status": "success"},
    {"MsgType": "event", "Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": "<List><TemplateId>t</TemplateId></List>"},
)  # fmt: skip
NUMBER = st.integers(1, 10**16).map(str)
TEXT = st.text(max_size=60) | st.sampled_from(
    ("余额", "balance", "]]>", "<![CDATA[", "]]]]><![CDATA[>", "&amp;", "&#0;", "&#x110000;", "&#xD800;", "&bogus;", "<!-- -->",
     "<?php ?>", "\x00", "\x0b", "\ufffe", "\ud800", "余" * 20_000, "余额" * 400, "a" * 5_000, "\u202e余额", "０" * 40, "-" * 300)
)  # fmt: skip
NAME = st.sampled_from(
    (
        *WHOLE,
        "Event",
        "EventKey",
        "Recognition",
        "MsgID",
        "Status",
        "Encrypt",
        "List",
        "xml",
        "x:y",
        "1a",
        "数",
    )
)
HEADS = st.sampled_from(
    ("", "\ufeff", "\n  ", "<?xml version='1.0'?>", "<?xml version='1.0' encoding='gbk'?>", "<?xml version='1.1' encoding='UTF-16'?>",
     "<?xml version='1.0' encoding='utf-7'?>", "<!DOCTYPE xml>", "<!DOCTYPE xml SYSTEM 'http://127.0.0.1:1/x.dtd'>",
     "<!DOCTYPE xml [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>",
     f"<!DOCTYPE xml [<!ENTITY a '{'a' * 20_000}'>]>", "<!DOCTYPE xml [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>", "<!---->", "<?pi?>")
)  # fmt: skip
CODECS = st.sampled_from(("utf-8", "utf-8", "utf-8", "gb18030", "utf-16", "utf-16-be", "utf-32", "utf-7"))


@st.composite
def elements(draw, depth=3):
    """One field with something strange in it."""
    name, kind = draw(NAME), draw(st.integers(0, 6))
    if kind == 0 and depth:
        inner = "".join(draw(st.lists(elements(depth - 1), max_size=3)))
    elif kind == 1:
        inner = f"<![CDATA[{draw(TEXT)}]]>"
    elif kind == 2:
        inner = "<a>" * draw(st.integers(1, 2_000))
    else:
        inner = draw(TEXT)
    attributes = "".join(f" a{n}='{n}'" for n in range(draw(st.sampled_from((0, 0, 0, 1, 300)))))
    return f"<{name}{attributes}>{inner}</{name}>"


@st.composite
def xml(draw):
    """A message whole but for what was done to it."""
    fields = WHOLE | {"MsgId": draw(NUMBER)} | draw(st.sampled_from(({}, *KINDS)))
    pieces = [
        f"<{name}>{value}</{name}>" if value.startswith("<") else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in fields.items()
    ]
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(pieces) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                pieces.insert(at, draw(elements()))
            case 1:
                pieces[at] = draw(elements())
            case 2:
                pieces.append(pieces[at])  # twice
            case _:
                pieces[at] = ""
    body = f"{draw(HEADS)}<xml>{''.join(pieces)}</xml>{draw(st.sampled_from(('', chr(10), '<xml/>', 'x')))}"
    raw = body.encode(draw(CODECS), errors="replace")
    if draw(st.integers(0, 4)) == 0:
        raw = raw[: draw(st.integers(0, len(raw)))]
    if raw and draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(raw) - 1))
        raw = raw[:at] + draw(st.binary(min_size=1, max_size=3)) + raw[at + 1 :]
    return raw


VALUES = st.recursive(
    TEXT | st.integers() | st.floats() | st.none() | st.booleans() | NUMBER,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=4),
    max_leaves=10,
)


@st.composite
def jsons(draw):
    fields = WHOLE | draw(st.sampled_from(({}, *KINDS))) | draw(st.dictionaries(NAME, VALUES, max_size=3))
    said = json.dumps(fields, ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 4)) == 0:  # a field twice, or endless
        said = said[:-1] + draw(
            st.sampled_from(
                (', "MsgId": 2}', ', "Content": ' + "[" * 3_000 + "]" * 3_000 + "}", ', "a": 1e999}', ",}")
            )
        )
    return said.encode(errors="surrogatepass" if draw(st.booleans()) else "replace")


@st.composite
def frames(draw):
    """What is inside the AES of an envelope: mostly not 16 random bytes, a true length, the message, the app and a true padding."""
    text = draw(xml() | jsons() | st.binary(max_size=40))
    length = draw(
        st.just(len(text))
        | st.integers(0, 2**32 - 1)
        | st.integers(0, 60)
        | st.integers(-3, 3).map(lambda off: max(0, len(text) + off))
    )
    app = draw(st.sampled_from((None, None, None, b"", b"wx", b"wx0000000000000000", b"\xff\xfe")))
    pad = draw(st.none() | st.integers(0, 255))
    head = draw(st.sampled_from((16, 16, 16, 0, 1, 15, 17)))
    return text, length, app, pad, head


def sealed(account, text, length, app, pad, head):
    key = base64.b64decode(account.encoding_aes_key + "=")
    plain = b"r" * head + struct.pack(">I", length) + text + (account.app_id.encode() if app is None else app)
    fill = 32 - len(plain) % 32
    plain += bytes([fill if pad is None else pad]) * fill
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


KEPT = "SELECT count(*) AS messages, count(reply) AS answered FROM chat_message"


class Attack:
    """Sends what was made up, from a thread, and looks at what came of it."""

    def __init__(self, callers):
        self.callers, self.loop = callers, asyncio.get_running_loop()
        self.statuses = set()

    def __call__(self, *queries_and_bodies):
        asyncio.run_coroutine_threadsafe(self._all(queries_and_bodies), self.loop).result(60)

    async def _all(self, queries_and_bodies):
        for caller in self.callers:
            for more, body in queries_and_bodies:
                before = await database.fetchrow(KEPT)
                query = caller.query()
                answer = await caller.send(
                    query | (more(caller, query) if callable(more) else more),
                    body(caller) if callable(body) else body,
                )
                after = await database.fetchrow(KEPT)
                self.statuses.add(answer.status)
                assert answer.status < 500
                assert answer.took_s < 5
                assert "Traceback" not in answer.text and "root:" not in answer.text
                assert after["messages"] == after["answered"], "half a message"
                assert after["messages"] <= before["messages"] + (answer.status == 200), (
                    "refused, and yet kept"
                )


@pytest.mark.timeout(max(120, EXAMPLES))
async def test_bent_messages_are_refused_or_answered_and_never_kept_by_half(connect, wire):
    bot = await connect("plain")
    attack = Attack([wire(bot), wire(bot, "mini-program")])

    def named(body):
        """The message with the account's own name, so that it is for us."""
        return lambda caller: body.replace(ACCOUNT.encode(), caller.account.original_id.encode())

    def in_envelope(seal):
        """The query's rest and the body of what ``seal`` makes for a caller, truly signed."""

        def more(caller, query):
            signature = caller.signature(query["timestamp"], query["nonce"], seal(caller))
            return {"encrypt_type": "aes", "msg_signature": signature}

        def body(caller):
            return (
                f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{seal(caller)}]]></Encrypt></xml>".encode()
            )

        return more, body

    @ATTEMPTS
    @given(xml())
    def as_xml(body):
        attack(
            ({}, named(body)),
            ({"encrypt_type": "aes", "msg_signature": "0" * 40}, named(body)),
            in_envelope(
                lambda caller: sealed(
                    caller.account, named(body)(caller), len(named(body)(caller)), None, None, 16
                )
            ),
        )

    @ATTEMPTS
    @given(jsons())
    def as_json(body):
        attack(({}, named(body)))

    @ATTEMPTS
    @given(frames())
    def as_frame(frame):
        text, *rest = frame
        attack(in_envelope(lambda caller: sealed(caller.account, named(text)(caller), *rest)))

    for one in (as_xml, as_json, as_frame):
        await asyncio.to_thread(one)
    assert {200, 400, 403} <= attack.statuses
