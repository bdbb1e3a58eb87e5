"""The settings of WeChat: the mini-program, the official account, and its payments."""

from typing import Annotated, Literal

import pydantic
from pydantic import BeforeValidator, Field, SecretStr, StringConstraints

from app.config_values import Address, Secret, Section, Word, secret
from app.menu_config import Menus
from notifications import outbox

AesKey = Annotated[SecretStr, BeforeValidator(secret), Field(min_length=43, max_length=43)]
PushMode = Literal["safe", "plain"]


class Pages(Section):
    top_up: Word | None = None
    bill: Word | None = None
    order: Word | None = None


class MiniProgram(Section):
    app_id: Word
    secret: Secret
    token: Secret | None = None
    encoding_aes_key: AesKey | None = None
    previous_encoding_aes_key: AesKey | None = None
    push: PushMode | None = None
    report_shipping: bool = True
    orders_shipped_as: Literal["pick_up", "virtual"] = "pick_up"
    pages: Pages = Pages()

    @pydantic.model_validator(mode="after")
    def _can_receive(self) -> "MiniProgram":
        _check_push(self.push, self.token, self.encoding_aes_key)
        return self


class OfficialAccount(Section):
    app_id: Word
    secret: Secret
    original_id: Word
    token: Secret
    encoding_aes_key: AesKey | None = None
    previous_encoding_aes_key: AesKey | None = None
    push: PushMode = "safe"
    menus: Menus = ()

    @pydantic.model_validator(mode="after")
    def _can_receive(self) -> "OfficialAccount":
        _check_push(self.push, self.token, self.encoding_aes_key)
        return self


class MessageTemplate(Section):
    template_id: Word
    title: Word
    fields: dict[Word, Literal["title", "tip", "amount", "bonus", "balance", "time"]]
    page: str = ""


class WeChat(Section):
    api_base_url: Address = "https://api.weixin.qq.com"
    mini_program: MiniProgram
    official_account: OfficialAccount | None = None
    message_templates: dict[outbox.Kind, MessageTemplate] = Field(default_factory=dict)


class WeChatPay(Section):
    mch_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{8,12}$")]
    app_id: Word | None = None
    serial_no: Word
    private_key: Secret
    api_v3_key: Secret
    public_key_id: Word | None = None
    public_key: Secret | None = None
    platform_certificates: tuple[Secret, ...] = ()
    base_urls: tuple[Address, ...] = ("https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com")
    h5_return_url: Address | None = None
    refund_from: Literal["unsettled", "available"] = "unsettled"
    transfer_scene_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")] | None = None
    transfer_scene_infos: dict[Word, Word] = Field(default_factory=dict)

    @pydantic.model_validator(mode="after")
    def _complete(self) -> "WeChatPay":
        if len(self.api_v3_key.get_secret_value().encode()) != 32:
            raise ValueError("api_v3_key 应为 32 个字符 · api_v3_key has 32 characters")
        if (self.public_key_id is None) != (self.public_key is None):
            raise ValueError(
                "public_key_id 与 public_key 要一起写 · public_key_id and public_key go together"
            )
        return self


def _check_push(push: PushMode | None, token: SecretStr | None, key: SecretStr | None) -> None:
    if push is not None and token is None:
        raise ValueError("接收消息推送要写 token · receiving messages needs token")
    if push == "safe" and key is None:
        raise ValueError('安全模式要写 encoding_aes_key · push = "safe" needs encoding_aes_key')
