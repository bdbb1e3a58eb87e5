"""What docs/how-to/try-the-api.md shows is done as it stands there, against the demo."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest

_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "try-the-api.md"


def _asked(url, body, **headers):
    sent = {"Content-Type": "application/json", **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), sent)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        raise AssertionError(refused.read().decode()) from None


def _has_money(demo, shop_url):
    """Whoever used the demo's first person before may have left them nothing: the counter takes 200 yuan for them."""
    code = _asked(f"{demo.url}/phone/people/p1/login-code", {})["code"]
    arrived = _asked(f"{shop_url}/api/v1/login", {"code": code})
    here = {"Authorization": f"Bearer {arrived['token']}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{shop_url}/api/v1/agreement", headers=here)
    ) as answer:
        version = json.load(answer)["version"]
    who = {"login": "demo", "password": "tea-house-for-two"}
    token = _asked(f"{shop_url}/admin/v1/login", who)["token"]
    taken = {"tender": "cash", "amount_fen": 20_000, "agreement_version": version}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid.uuid4().hex}
    _asked(f"{shop_url}/admin/v1/customers/{arrived['customer']['id']}/counter-top-ups", taken, **headers)


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="the page is for curl and bash"
)
def test_the_page_signs_in_orders_and_pays_both_ways(demo):
    with urllib.request.urlopen(f"{demo.url}/phone/config.json") as answer:
        shop_url = json.load(answer)["shop_api_url"]
    _has_money(demo, shop_url)
    steps = re.findall(r"```bash\n(.*?)```", _PAGE.read_text("utf-8"), re.S)
    script = re.sub(r"^(ask|send|post) .*", r"\g<0>; echo", "\n".join(steps), flags=re.M)
    script = script.replace("http://127.0.0.1:8000", shop_url).replace("http://127.0.0.1:9000", demo.url)
    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    account, found, bought, ways, agreed, checked, paid = said
    assert account["available_fen"] >= bought["total_fen"] and found["items"]
    assert bought["state"] == "paid" and {one["kind"] for one in ways["items"]} >= {"balance", "channel"}
    assert agreed == {"errMsg": "requestPayment:ok"}
    assert (checked["state"], checked["balance_fen"]) == ("paid", 0)
    assert (paid["state"], paid["owed_fen"]) == ("paid", 0)
    demo.prove()
