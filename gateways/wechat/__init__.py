"""The WeChat platform (api.weixin.qq.com): signing in, messages, followers."""

from __future__ import annotations

from gateways.wechat.menus import Menus
from gateways.wechat.mini_program import MiniProgram, Session
from gateways.wechat.official_account import Follower, MiniProgramPage, OfficialAccount, Visitor
from gateways.wechat.platform import Account, Platform, PlatformError, PlatformRefused, PlatformUnknown
from gateways.wechat.scene_codes import SceneCode, SceneCodes
from gateways.wechat.shipping import OrderShipping, Parcel, Shipment
from gateways.wechat.tokens import AccessTokens

__all__ = [
    "AccessTokens",
    "Account",
    "Follower",
    "Menus",
    "MiniProgram",
    "MiniProgramPage",
    "OfficialAccount",
    "OrderShipping",
    "Parcel",
    "Platform",
    "PlatformError",
    "PlatformRefused",
    "PlatformUnknown",
    "SceneCode",
    "SceneCodes",
    "Session",
    "Shipment",
    "Visitor",
]
