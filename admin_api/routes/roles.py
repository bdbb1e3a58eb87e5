"""Roles, and how much each may move."""

from admin_api import roles
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import roles as desk

ROUTES = (
    kit.get(
        "/roles",
        roles.listing,
        summary=("角色", "Roles"),
        description=(
            "固有的七个角色，和本店自定义的；各有哪些职责、独自能办多少钱。",
            "The seven that always are and those of the shop's own, with their duties and how much may be moved alone.",
        ),
        answer=kit.Page[roles.Role],
        auth=OPERATOR,
    ),
    kit.post(
        "/roles",
        roles.compose,
        summary=("新增角色", "Compose a role"),
        description=(
            "由职责组成；谁也不能给出自己没有的职责或限额。",
            "Of duties; nobody gives duties or amounts that they have not got.",
        ),
        status=201,
        answer=roles.Role,
        refusals=(desk.RoleNameTaken, desk.BeyondYourDuties, desk.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/roles/{role}",
        roles.one,
        summary=("一个角色", "One role"),
        answer=roles.Role,
        refusals=(desk.NoSuchRole,),
        auth=OPERATOR,
    ),
    kit.put(
        "/roles/{role}",
        roles.change,
        summary=("修改角色", "Change a role"),
        description=(
            "自定义角色改成所填的样子，对所有持有者下一次请求起生效；固有角色只能设限额。",
            "A role of the shop's own becomes exactly this, from the next request of everybody who has it. Of those that always are, only the "
            "limits are set.",
        ),
        answer=roles.Role,
        refusals=(desk.NoSuchRole, desk.RoleStateForbids, desk.RoleNameTaken, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.put(
        "/roles/{role}/limits",
        roles.set_limits,
        summary=("设定限额", "Set limits"),
        description=(
            "独自能办的金额，按同一顾客一天、所有顾客一天计；超过的另请限额足够的人复核，没有复核一步的不能办。店主没有限额。",
            "How much may be moved alone, for one customer in a day and for all together; more waits for somebody whose limit covers it, or is "
            "refused where nobody decides. Owners have no limits.",
        ),
        answer=roles.Role,
        refusals=(desk.NoSuchRole, desk.RoleStateForbids, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
    kit.post(
        "/roles/{role}/retire",
        roles.retire,
        summary=("停用角色", "Retire a role"),
        description=("在职的人都不再有它时才能停用。", "Once nobody who works for the shop has it."),
        answer=roles.Role,
        refusals=(desk.NoSuchRole, desk.RoleStateForbids, desk.RoleHeld, desk.BeyondYourDuties),
        auth=OPERATOR,
    ),
)
