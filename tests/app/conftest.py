"""A settings file of a shop that is connected to nothing that runs, on the test's own database."""

from __future__ import annotations

import pytest

from app import demo_settings
from app.local_servers import children
from sandbox import credentials


@pytest.fixture(scope="session")
def merchant_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("merchant")
    credentials.load_or_make(home / "sandbox")
    return home


@pytest.fixture
def places():
    return demo_settings.Places(*(children.free_port() for _ in range(4)))


@pytest.fixture
def config_file(merchant_home, places, database_url, redis_url):
    path = demo_settings.write(merchant_home, places, database_url=database_url, redis_url=redis_url)
    text = path.read_text()
    path.write_text(text[: text.index("[clock]")] + text[text.index("[tokens]") :])
    return path
