"""A sandbox that is stopped and started again is the same world."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import urllib.request

from sandbox_merchant import SigningMerchant


async def test_people_orders_quotas_keys_and_unsent_notices_survive(start, merchant, http, tmp_path):
    first = await start(state_dir=tmp_path / "state", time_scale=1.0)
    person = first.world.people.arrive("小周")
    template_id = first.credentials.subscribe_templates["deducted"]
    first.platform.templates.decide(person, {template_id: "accept"})
    first.world.clock.advance(3600)
    pay = SigningMerchant(first, http, merchant.url + "/notify")
    body = pay.native()
    code_url = (await pay.send("POST", "/v3/pay/transactions/native", body)).body["code_url"]
    merchant.answers = [(500, "")]
    cashier = first.wechat_pay.cashier
    cashier.pay(person, cashier.open_by_scan(person, code_url).ticket)
    await first.quiet()
    assert len(merchant.received) == 1
    await first.stop()

    second = await start(state_dir=tmp_path / "state", time_scale=1.0)
    assert second.credentials == first.credentials
    assert second.world.people.get(person.id) == person
    assert second.world.clock.offset_s == 3600
    assert second.platform.templates.left(person.mini_openid, template_id) == 1
    pay = SigningMerchant(second, http, merchant.url + "/notify")
    query = f"/v3/pay/transactions/out-trade-no/{body['out_trade_no']}?mchid={pay.credentials.mch_id}"
    assert (await pay.send("GET", query)).body["trade_state"] == "SUCCESS"
    assert second.world.wallets.movements() == first.world.wallets.movements()
    second.world.clock.advance(15)
    await second.quiet()
    assert len(merchant.received) == 2


async def test_secrets_are_readable_by_their_owner_only(start, tmp_path):
    await start(state_dir=tmp_path / "state")
    files = [path for folder in ("merchant", "bank") for path in (tmp_path / "state" / folder).iterdir()]
    assert len(files) == 15
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_command_line_starts_all_three_ports(tmp_path):
    command = [sys.executable, "-m", "sandbox", "--state-dir", str(tmp_path / "state")]
    command += [
        "--platform-port",
        "0",
        "--wechat-pay-port",
        "0",
        "--alipay-port",
        "0",
        "--time-scale",
        "0.01",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            urls = [process.stdout.readline().split()[-1] for _ in range(3)]
            with urllib.request.urlopen(f"{urls[0]}/world/clock", timeout=5) as answer:
                assert json.load(answer)["offset_s"] == 0
        finally:
            process.terminate()
        assert process.wait(10) == 0
    assert (tmp_path / "state" / "merchant" / "credentials.json").exists()
