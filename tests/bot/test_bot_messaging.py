"""The chat's words about messages: what one is told, no more offers, offers again with a consent that is written down."""

from notifications import preferences


async def test_offers_and_reminders_are_decided_in_the_chat(chats, join):
    phone = await join(chats)
    shown = await phone.ask("消息设置")
    assert "提醒：已打开" in shown and "优惠消息：不接收" in shown and "发送「接收优惠」即表示同意" in shown
    assert "已记录您的同意" in await phone.ask("接收优惠")
    assert "优惠消息：您已同意接收" in await phone.ask("消息设置")
    assert "已退订" in await phone.ask("退订")
    assert "no more offers" in await phone.ask("unsubscribe"), "twice does no harm"
    assert "已关闭提醒" in await phone.ask("关闭提醒")
    kept = await preferences.of(phone.customer_id)
    assert (kept.reminders, kept.marketing) == (False, False)
    assert "Reminders are on" in await phone.ask("turn on reminders")
    no, yes = await preferences.consents(phone.customer_id)
    assert (no.agreed, yes.agreed, yes.door) == (False, True, "chat")
    assert yes.wording.startswith("发送「接收优惠」即表示同意接收")
