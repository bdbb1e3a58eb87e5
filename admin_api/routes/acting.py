"""What operators did."""

from admin_api import acts
from admin_api.routes.caller import OPERATOR
from core import http as kit
from members import act_files
from members import acts as desk

ROUTES = (
    kit.get(
        "/acts",
        acts.listing,
        summary=("操作记录", "What operators did"),
        description=(
            "每一次写操作在开始前记下，结束后补上结果；每一次查看顾客资料在答复前记下。密码不记，手机号隐去中间四位。",
            "Each write is written down before it is begun, and how it ended after; each read of what tells of customers before it is "
            "answered. Passwords are left out, and of mobile numbers the middle.",
        ),
        answer=kit.Page[acts.Act],
        auth=OPERATOR,
    ),
    kit.get(
        "/acts.csv",
        acts.as_csv,
        summary=("导出操作记录", "What operators did, as a file"),
        description=("导出本身也是一次操作。", "Exporting is an act itself."),
        file=kit.CSV,
        refusals=(act_files.TooManyActs,),
        auth=OPERATOR,
    ),
    kit.get(
        "/acts/{act_id}",
        acts.one,
        summary=("一次操作，改动前后", "One act: before and after"),
        answer=acts.WholeAct,
        refusals=(desk.NoSuchAct,),
        auth=OPERATOR,
    ),
)
