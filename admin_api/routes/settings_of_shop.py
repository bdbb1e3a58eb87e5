"""The shop's settings."""

from admin_api import shop_settings
from admin_api.routes.caller import OPERATOR
from billing import shop_settings as desk
from core import http as kit

_TOLD = (
    "与设置文件相同的一项跟随设置文件；其他进程几秒内生效，已经办理的不受影响。",
    "What is as in the settings' file follows it; other processes follow within seconds; what was agreed before stays.",
)

ROUTES = (
    kit.get(
        "/shop-settings",
        shop_settings.listing,
        summary=("设置", "Settings"),
        description=(
            "店铺的设置，按主题；`of_file_alone` 的只能在设置文件里改。",
            "The shop's settings by subject; those `of_file_alone` are changed in the settings' file.",
        ),
        answer=kit.Page[shop_settings.Setting],
        auth=OPERATOR,
    ),
    kit.get(
        "/shop-settings/rules",
        shop_settings.rules,
        summary=("各类规则", "Tables of rules"),
        answer=kit.Page[shop_settings.RulesOfTable],
        auth=OPERATOR,
    ),
    kit.get(
        "/shop-settings/changes",
        shop_settings.history,
        summary=("设置的修改记录", "What settings were"),
        answer=kit.Page[shop_settings.SettingHistory],
        refusals=(desk.NoSuchSetting,),
        auth=OPERATOR,
    ),
    kit.get("/shop-settings/top-ups", shop_settings.top_ups, summary=("充值设置", "Settings of top-ups"), answer=shop_settings.TopUps, auth=OPERATOR),
    kit.put(
        "/shop-settings/top-ups",
        shop_settings.put_top_ups,
        summary=("修改充值设置", "Change the settings of top-ups"),
        description=_TOLD,
        answer=shop_settings.TopUps,
        refusals=(desk.TopUpRangeEmpty, desk.SettingsChanged),
        auth=OPERATOR,
    ),
    kit.get("/shop-settings/orders", shop_settings.orders, summary=("订单设置", "Settings of orders"), answer=shop_settings.Orders, auth=OPERATOR),
    kit.put(
        "/shop-settings/orders", shop_settings.put_orders, summary=("修改订单设置", "Change the settings of orders"),
        description=_TOLD, answer=shop_settings.Orders, refusals=(desk.SettingsChanged,), auth=OPERATOR,
    ),
    kit.get("/shop-settings/plans", shop_settings.plans, summary=("计划设置", "Settings of plans"), answer=shop_settings.Plans, auth=OPERATOR),
    kit.put(
        "/shop-settings/plans", shop_settings.put_plans, summary=("修改计划设置", "Change the settings of plans"),
        description=_TOLD, answer=shop_settings.Plans, refusals=(desk.SettingsChanged,), auth=OPERATOR,
    ),
    kit.get("/shop-settings/dunning", shop_settings.dunning, summary=("催收设置", "Settings of dunning"), answer=shop_settings.Dunning, auth=OPERATOR),
    kit.put(
        "/shop-settings/dunning", shop_settings.put_dunning, summary=("修改催收设置", "Change the settings of dunning"),
        description=_TOLD, answer=shop_settings.Dunning, refusals=(desk.SettingsChanged,), auth=OPERATOR,
    ),
    kit.get("/shop-settings/care", shop_settings.care, summary=("关怀设置", "Settings of care"), answer=shop_settings.Care, auth=OPERATOR),
    kit.put(
        "/shop-settings/care", shop_settings.put_care, summary=("修改关怀设置", "Change the settings of care"),
        description=_TOLD, answer=shop_settings.Care, refusals=(desk.SettingsChanged,), auth=OPERATOR,
    ),
)  # fmt: skip
