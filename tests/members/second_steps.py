"""What an operator has in hand in these tests: an authenticator app, and the places they come from."""

import pyotp

from core import clock
from members import operator_sign_in, operators, second_factors
from members.sign_in_attempts import Origin

PASSWORD = "long enough to be a password"
OFFICE = Origin("192.0.2.7", "Firefox")
ELSEWHERE = Origin("198.51.100.9", "curl")


class App:
    """An authenticator app that was told a secret."""

    def __init__(self, secret):
        self._totp = pyotp.TOTP(secret)

    def code(self, steps=0):
        """Its code of now, or of half minutes from now."""
        return self._totp.generate_otp(int(clock.now().timestamp()) // 30 + steps)


async def hired(login="chen", **more):
    return await operators.create(login=login, name="陈店长", password=PASSWORD, **more)


async def enrolled(login="chen", **more):
    """An operator with an app: who, the app, and the recovery codes. The app's codes of before are used up, that of now is not."""
    who = await hired(login, **more)
    app = App((await second_factors.begin_totp(who.id, login)).secret)
    codes = await second_factors.confirm_totp(who.id, app.code(-1))
    return who, app, codes


async def half(login="chen", origin=OFFICE):
    """The first step of signing in; the second is wanted."""
    found = await operator_sign_in.sign_in(login, PASSWORD, origin=origin)
    assert isinstance(found, operator_sign_in.SecondFactorWanted)
    return found


async def on_duty(session):
    return await operators.of_token(session.token)
