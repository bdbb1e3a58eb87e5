"""wx.login on the phone and jscode2session on the server. Facts: developers.weixin.qq.com, "小程序登录"."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from sandbox import keys
from sandbox.people import Person
from sandbox.platform.accounts import Account, PlatformError
from sandbox.store import Shelf
from sandbox.world import World

CODE_LIFE_S = 300


@dataclass
class LoginCode:
    code: str
    person_id: str
    made_at: float
    used: bool = False


class Login:
    def __init__(self, world: World, mini: Account) -> None:
        self._world = world
        self._mini = mini
        self._codes = Shelf(world.store, "platform.login_code", LoginCode)
        self._phone_codes = Shelf(world.store, "platform.phone_code", LoginCode)

    def new_code(self, person: Person) -> str:
        """What wx.login gives the mini-program."""
        now = self._world.clock.epoch_s()
        while (old := self._codes.oldest()) is not None and old.made_at < now - 86400:
            self._codes.remove(old.code)
        code = "0" + keys.random_text(31)
        self._codes.put(code, LoginCode(code, person.id, now))
        return code

    def session(self, code: str) -> dict[str, Any]:
        """Raises: PlatformError 40029 (unknown or too old), 40163 (used before)."""
        login = self._codes.get(code)
        if login is None or self._world.clock.epoch_s() > login.made_at + CODE_LIFE_S:
            raise PlatformError(40029, "invalid code")
        if login.used:
            raise PlatformError(40163, "code been used")
        login.used = True
        self._codes.put(code, login)
        person = self._world.people.get(login.person_id)
        assert person is not None
        session = {
            "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
            "openid": person.mini_openid,
        }
        if self._world.settings.unionid_bound:
            session["unionid"] = person.unionid
        return session

    def new_phone_code(self, person: Person) -> str:
        """What a button getPhoneNumber gives the mini-program when the person agrees."""
        code = "p" + keys.random_text(31)
        self._phone_codes.put(code, LoginCode(code, person.id, self._world.clock.epoch_s()))
        return code

    def phone_number(self, code: str) -> dict[str, Any]:
        """Raises: PlatformError 40029 (unknown, too old, or used before)."""
        shown = self._phone_codes.get(code)
        now = self._world.clock.epoch_s()
        if shown is None or shown.used or now > shown.made_at + CODE_LIFE_S:
            raise PlatformError(40029, "invalid code")
        shown.used = True
        self._phone_codes.put(code, shown)
        person = self._world.people.get(shown.person_id)
        assert person is not None
        number = phone_of(person)
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": number,
                "purePhoneNumber": number,
                "countryCode": "86",
                "watermark": {"timestamp": int(now), "appid": self._mini.app_id},
            },
        }


def phone_of(person: Person) -> str:
    """The mobile number a person has."""
    return f"139{int(person.id.removeprefix('p')):08d}"
