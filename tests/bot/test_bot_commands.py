"""What the account answers, asked from a phone through the platform in plain and in safe mode."""

import pytest


async def test_balance_is_told_with_its_parts(chats, join):
    phone = await join(chats, principal=20000, bonus=2000)
    assert await phone.ask("余额") == "可用余额：220.00 元\n本金 200.00 元，赠送 20.00 元"
