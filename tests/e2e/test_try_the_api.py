"""What docs/how-to/try-the-api.md shows is done as it stands there, against the demo."""

import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

_PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "try-the-api.md"


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="the page is for curl and bash"
)
def test_the_page_signs_in_orders_and_pays_both_ways(demo):
    with urllib.request.urlopen(f"{demo.url}/phone/config.json") as answer:
        shop_url = json.load(answer)["shop_api_url"]
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
