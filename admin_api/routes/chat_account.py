"""The official account: its menus, and its QR codes with a scene."""

from admin_api import chat_menus, chat_scenes
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import customers as members_customers
from shop import chat_menus as shop_chat_menus
from shop import chat_own_menus as shop_chat_own_menus
from shop import chat_scenes as shop_chat_scenes

_TEXT = (shop_chat_scenes.TextUnfillable, shop_chat_scenes.TextTooLong)

ROUTES = (
    kit.get(
        "/chat/menus",
        chat_menus.state,
        summary=("公众号菜单：这里与平台", "The menus: here, and at the platform"),
        description=("会去问平台。", "Asks the platform."),
        answer=chat_menus.MenuState,
        refusals=(shop_chat_menus.NoOfficialAccount, shop_chat_menus.MenuNotKnown),
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.post(
        "/chat/menus/publish",
        chat_menus.publish,
        summary=("发布公众号菜单", "Publish the menus"),
        description=(
            "发布这里的菜单。平台拒绝时 state 为 refused，errcode 为平台的错误码；顾客的微信约五分钟后刷新。",
            "The menus as they are here. Where the platform refuses, state is refused and errcode its code; customers see it after "
            "some five minutes.",
        ),
        answer=chat_menus.Publication,
        refusals=(
            shop_chat_menus.NoOfficialAccount,
            shop_chat_menus.NoMenuConfigured,
            shop_chat_menus.MenuKeyUnknown,
            shop_chat_menus.MenuPublishing,
            shop_chat_menus.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
        rate=kit.Rate(10, 60),
    ),
    kit.get(
        "/chat/menus/languages",
        chat_menus.languages,
        summary=("各语言的菜单", "The menu of each language"),
        description=("要发布的菜单；不去问平台。", "What is to be published; the platform is not asked."),
        answer=kit.Page[chat_menus.Menu],
        auth=OPERATOR,
    ),
    kit.put(
        "/chat/menus/languages/{language}",
        chat_menus.save,
        summary=("编写菜单", "Write a menu"),
        description=(
            "代替设置里的同一种菜单，发布之后顾客才看到。不合平台规定的当场指出。",
            "In place of that of the settings; customers see it once it is published. What the platform would refuse is told at once.",
        ),
        answer=chat_menus.Menu,
        refusals=(
            shop_chat_menus.NoOfficialAccount,
            shop_chat_own_menus.MenuWrong,
            shop_chat_menus.MenuKeyUnknown,
        ),
        auth=OPERATOR,
    ),
    kit.delete(
        "/chat/menus/languages/{language}",
        chat_menus.restore,
        summary=("恢复设置里的菜单", "Back to the menu of the settings"),
        auth=OPERATOR,
    ),
    kit.get(
        "/chat/menus/publications",
        chat_menus.publications,
        summary=("菜单发布记录", "What was published"),
        answer=kit.Page[chat_menus.Publication],
        auth=OPERATOR,
    ),
    kit.get(
        "/chat/scenes",
        chat_scenes.listing,
        summary=("带参数二维码", "QR codes with a scene"),
        answer=kit.Page[chat_scenes.Scene],
        auth=OPERATOR,
    ),
    kit.post(
        "/chat/scenes",
        chat_scenes.add,
        summary=("新建带参数二维码", "Make a QR code with a scene"),
        description=(
            "平台没有回答时 state 为 asking，系统每隔一会儿再申请。",
            "Where the platform does not answer, state is asking and the clock asks again.",
        ),
        status=201,
        answer=chat_scenes.Scene,
        refusals=(
            *_TEXT,
            shop_chat_scenes.NoOfficialAccount,
            shop_chat_scenes.NoSuchStore,
            shop_chat_scenes.NoSuchSceneOperator,
            shop_chat_scenes.TooManyScenes,
            shop_chat_scenes.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/chat/scenes/{scene_id}",
        chat_scenes.one,
        summary=("一个带参数二维码", "One QR code"),
        answer=chat_scenes.Scene,
        refusals=(shop_chat_scenes.NoSuchScene,),
        auth=OPERATOR,
    ),
    kit.put(
        "/chat/scenes/{scene_id}",
        chat_scenes.change,
        summary=("修改名称与欢迎语", "Change what it is called and says"),
        answer=chat_scenes.Scene,
        refusals=(*_TEXT, shop_chat_scenes.NoSuchScene),
        auth=OPERATOR,
    ),
    kit.post(
        "/chat/scenes/{scene_id}/renew",
        chat_scenes.renew,
        summary=("重新申请二维码", "Ask for the code again"),
        answer=chat_scenes.Scene,
        refusals=(
            shop_chat_scenes.NoOfficialAccount,
            shop_chat_scenes.NoSuchScene,
            shop_chat_scenes.SceneForEver,
        ),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/origin",
        chat_scenes.origin,
        summary=("顾客由哪个码来", "The codes a customer came by"),
        answer=chat_scenes.Origin,
        refusals=(members_customers.NoSuchCustomer,),
        auth=OPERATOR,
    ),
)
