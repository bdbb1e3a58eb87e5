"""What settings are made of: secrets, addresses, words, and the sections they stand in."""

import os
import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, ValidationInfo


def secret(given: object, info: ValidationInfo) -> object:
    """Secrets stand in the file itself, or as ``{ file = "path" }`` or ``{ env = "NAME" }`` elsewhere."""
    if not isinstance(given, dict):
        return given
    if list(given) == ["file"]:
        path = (info.context or {}).get("base", Path()) / str(given["file"])
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(f"读不到文件 · cannot read {path}: {error.strerror}") from None
    if list(given) == ["env"]:
        try:
            return os.environ[str(given["env"])]
        except KeyError:
            raise ValueError(f"环境变量未设置 · environment variable {given['env']} is not set") from None
    raise ValueError(
        '写成字符串、{ file = "…" } 或 { env = "…" } · write a text, { file = "…" } or { env = "…" }'
    )


def zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what ZoneInfo raises depends on how the name is wrong
        raise ValueError(f"没有这个时区 · no such time zone: {name}") from None
    return name


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("网址以 http:// 或 https:// 开头 · an address starts with http:// or https://")
    return url.rstrip("/")


def _key256(given: SecretStr) -> SecretStr:
    if not _HEX256.fullmatch(given.get_secret_value()):
        raise ValueError(
            "要 64 个十六进制数字，用 openssl rand -hex 32 生成 · 64 hexadecimal digits, made by openssl rand -hex 32"
        )
    return SecretStr(given.get_secret_value().lower())


_HEX256 = re.compile(r"[0-9A-Fa-f]{64}")

Secret = Annotated[SecretStr, BeforeValidator(secret), Field(min_length=1)]
Key256 = Annotated[SecretStr, BeforeValidator(secret), AfterValidator(_key256)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Address = Annotated[str, AfterValidator(_address)]
Seconds = Annotated[float, Field(gt=0, le=366 * 86400)]


class Section(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
