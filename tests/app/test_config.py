"""Settings: the example is complete, and a wrong key is named in plain words."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pydantic
import pytest

from app import config

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture
def example(tmp_path, monkeypatch):
    """A copy of the example beside the files it names."""
    monkeypatch.delenv("YUCUN_DATABASE_URL", raising=False)
    monkeypatch.delenv("YUCUN_REDIS_URL", raising=False)
    text = EXAMPLE.read_text()
    for name in re.findall(r'^\w+ = \{ file = "([^"]+)" \}', text, re.MULTILINE):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        seals = re.fullmatch(r"secrets/se(al|arch)_\w+", name)
        (tmp_path / name).write_text((secrets.token_hex(32) if seals else "k" * 32) + "\n")
    copy = tmp_path / "config.toml"
    copy.write_text(text)
    return copy


def test_the_example_loads(example):
    settings = config.load(example)
    assert settings.shop.name == "一盏茶"
    assert settings.wechat_pay.api_v3_key.get_secret_value() == "k" * 32


def test_the_example_mentions_every_key():
    text = EXAMPLE.read_text()

    def keys(model):
        for name, field in model.model_fields.items():
            yield name
            if (inner := config._model_in(field.annotation)) is not None:
                yield from keys(inner)

    assert [key for key in keys(config.Config) if not re.search(rf"\b{key}\b", text)] == []


def test_lines_commented_out_in_the_example_show_the_defaults(example):
    settings = config.load(example)
    shown = re.sub(r"(?m)^# (\w+ = (?!\"…)[^{#\n]*?)( *#.*)?$", r"\1", example.read_text())
    for name in (
        "follow_url",
        "page",
        "return_url",
        "h5_return_url",
        "transfer_scene_id",
        "quit_url",
        "mini_program_app_id",
        "code_template",
    ):  # examples of values that have no default
        shown = re.sub(rf"(?m)^{name} = .*$", "", shown)
    example.write_text(shown)
    assert config.load(example) == settings


def test_secrets_do_not_print(example):
    assert "change-me-change-me" not in repr(config.load(example))
    assert isinstance(config.load(example).database.url, pydantic.SecretStr)


def test_the_environment_names_the_database(example, monkeypatch):
    monkeypatch.setenv("YUCUN_DATABASE_URL", "postgres://elsewhere/yucun")
    assert config.load(example).database.url.get_secret_value() == "postgres://elsewhere/yucun"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[server]", "[server]\nprot = 1"), r"server\.prot: .*unknown key.*did you mean port\?"),
        (("[shop]\nname", "[shop]\n# name"), r"shop\.name: .*is missing"),
        (("# port = 8000", 'port = "many"'), r"server\.port: .*valid integer"),
        (
            ('# timezone = "Asia/Shanghai"', 'timezone = "Asia/Atlantis"'),
            r"shop\.timezone: .*no such time zone",
        ),
        (
            ("secrets/apiclient_key.pem", "secrets/gone.pem"),
            r"wechat_pay\.private_key: .*cannot read .*gone\.pem",
        ),
        (
            ('secret = "change-me-change-me-change-me-change-me"', 'secret = "short"'),
            r"tokens\.customer_keys\.0\.secret",
        ),
        (('token = "change-me"', '# token = "change-me"'), r"wechat\.mini_program: .*needs token"),
        (
            ('# marketing = ["sms", "email"]', 'marketing = ["sms", "subscribe"]'),
            r"messages: .*no marketing by subscribe",
        ),
        (("[shop]", "[shop"), r"is not TOML"),
    ],
)
def test_a_fault_is_named_with_its_key_and_never_with_a_secret(example, change, said):
    example.write_text(example.read_text().replace(*change, 1))
    with pytest.raises(config.ConfigInvalid) as refused:
        config.load(example)
    assert re.search(said, str(refused.value))
    assert "kkkk" not in str(refused.value) and "short" not in str(refused.value)


def test_a_missing_file_says_where_to_start(tmp_path):
    with pytest.raises(config.ConfigInvalid, match=r"config\.example\.toml"):
        config.load(tmp_path / "none.toml")


CERTIFICATES = """app_certificate = "a"
alipay_certificate = "b"
alipay_root_certificate = "c"
"""


def test_alipay_in_certificate_mode(example):
    text = re.sub(r"(?m)^alipay_public_key = .*$", CERTIFICATES, example.read_text())
    example.write_text(text)
    assert config.load(example).alipay.alipay_public_key is None


@pytest.mark.parametrize("missing", CERTIFICATES.splitlines())
def test_alipays_certificates_go_together(example, missing):
    kept = CERTIFICATES.replace(missing, "")
    example.write_text(re.sub(r"(?m)^alipay_public_key = .*$", kept, example.read_text()))
    with pytest.raises(config.ConfigInvalid, match="go together"):
        config.load(example)


def test_alipay_is_in_one_mode_only(example):
    text = example.read_text()
    example.write_text(re.sub(r"(?m)^(alipay_public_key = .*)$", rf"\1\n{CERTIFICATES}", text))
    with pytest.raises(config.ConfigInvalid, match="three certificates"):
        config.load(example)
