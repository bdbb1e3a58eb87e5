"""my.getAuthCode and alipay.system.oauth.token: who the person in the mini-program is (opendocs.alipay.com, "换取授权访问令牌")."""

from __future__ import annotations

import secrets
from typing import Any

from sandbox import keys
from sandbox.alipay.wire import AlipayError, missing
from sandbox.people import Person
from sandbox.world import World

CODE_LIFE_S = 86400


class Authorizations:
    """Codes are kept in memory: a phone asks for a fresh one whenever it needs one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, tuple[str, float]] = {}

    def new_code(self, person: Person) -> str:
        """What my.getAuthCode hands the mini-program: good once, for a day."""
        code = secrets.token_hex(16)
        self._codes[code] = (person.id, self._world.clock.epoch_s() + CODE_LIFE_S)
        return code

    def exchange(self, params: dict[str, str]) -> dict[str, Any]:
        """Raises: AlipayError."""
        if params.get("grant_type") != "authorization_code":
            raise missing("grant-type")
        person_id, ends_at = self._codes.pop(params.get("code", ""), ("", 0.0))
        person = self._world.people.get(person_id)
        if person is None or self._world.clock.epoch_s() > ends_at:
            raise AlipayError("40002", "Invalid Arguments", "isv.code-invalid", "授权码code无效")
        return {
            "open_id": person.alipay_open_id,
            "access_token": "authusrB" + keys.random_text(32),
            "refresh_token": "authusrB" + keys.random_text(32),
            "expires_in": 1296000,
            "re_expires_in": 2592000,
        }
