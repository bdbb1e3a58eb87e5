"""Members: points, coupons, tags, segments, addresses."""

from admin_api import coupons, customers, delivery_addresses, points, segments
from admin_api.routes.caller import OPERATOR
from billing import broadcasts, points_adjustments
from core import http as kit
from members import coupon_rules, coupon_templates, points_desk, segment_runs, tags
from members import coupons as members_coupons
from members import customers as members_customers
from members import points as members_points
from members import segments as members_segments

_NOBODY = (members_customers.NoSuchCustomer,)
_RULE = (members_segments.RuleWrong,)

_POINTS = (
    kit.get(
        "/points-rules",
        points.rules,
        summary=("积分规则及其历史", "The rule of points, and what it was"),
        answer=kit.Page[points.PointsRule],
        auth=OPERATOR,
    ),
    kit.put(
        "/points-rules",
        points.put_rule,
        summary=("设定积分规则", "Set the rule of points"),
        description=(
            "此后的消费与兑换按新规则；已有积分的到期日不变。",
            "For what is paid and changed from now on; points that are there keep their end.",
        ),
        answer=points.PointsRule,
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/points",
        points.of_customer,
        summary=("顾客的积分", "A customer's points"),
        answer=points.PointsHeld,
        refusals=_NOBODY,
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/points/movements",
        points.movements,
        summary=("顾客的积分明细", "What happened to a customer's points"),
        answer=kit.Page[points.PointsMovement],
        refusals=_NOBODY,
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/points/adjustments",
        points.adjust,
        summary=("增减顾客的积分", "Give a customer points, or take some"),
        description=(
            "按现行规则折算金额；超过复核限额的（与同一员工对该顾客的其他操作合并计算）不会立即执行，返回 approval_no，等待另一位员工复核。",
            "They count as what they are worth by the rule in force. Above the shop's limit, together with what the same operator did "
            "to the customer's money, nothing moves yet: the answer has an approval_no, which another operator decides on.",
        ),
        status=201,
        answer=points.PointsAdjusted,
        refusals=(
            points_desk.PointsOutOfRange,
            members_customers.NoSuchCustomer,
            points_desk.CustomerHasLeft,
            members_points.PointsShort,
            points_adjustments.NoPoints,
            points_adjustments.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
)
_COUPONS = (
    kit.get(
        "/coupon-templates",
        coupons.templates,
        summary=("优惠券种类", "Kinds of coupons"),
        answer=kit.Page[coupons.CouponTemplate],
        auth=OPERATOR,
    ),
    kit.post(
        "/coupon-templates",
        coupons.add,
        summary=("新增优惠券种类", "Add a kind of coupon"),
        status=201,
        answer=coupons.CouponTemplate,
        refusals=(coupon_templates.TermsWrong, coupon_templates.CouponCodeTaken, coupon_templates.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/coupon-templates/{template_id}",
        coupons.one,
        summary=("一种优惠券", "One kind of coupon"),
        answer=coupons.CouponTemplate,
        refusals=(coupon_templates.NoSuchTemplate,),
        auth=OPERATOR,
    ),
    kit.patch(
        "/coupon-templates/{template_id}",
        coupons.change,
        summary=("停发或改总张数", "Stop a kind of coupon, or change how many there are"),
        description=(
            "减免内容不可修改：需要其他条款时另建一种。已发的优惠券不受影响。",
            "What it takes off cannot be changed: for other terms add another kind. Coupons that were issued stay good.",
        ),
        answer=coupons.CouponTemplate,
        refusals=(coupon_templates.NoSuchTemplate,),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/coupons",
        coupons.of_customer,
        summary=("顾客的优惠券", "A customer's coupons"),
        answer=kit.Page[coupons.Coupon],
        refusals=_NOBODY,
        auth=OPERATOR,
    ),
    kit.post(
        "/customers/{customer_id}/coupons",
        coupons.give,
        summary=("送顾客一张优惠券", "Give a customer a coupon"),
        status=201,
        answer=coupons.Coupon,
        refusals=(
            coupon_templates.NoSuchTemplate,
            members_customers.NoSuchCustomer,
            members_coupons.CustomerHasLeft,
            members_coupons.CouponsGone,
            members_coupons.CouponHad,
            members_coupons.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.delete(
        "/customers/{customer_id}/coupons/{coupon_no}",
        coupons.void,
        summary=("收回未用的优惠券", "Take back a coupon that was not used"),
        answer=coupons.Coupon,
        refusals=(members_coupons.NoSuchCoupon, coupon_rules.CouponNotUsable),
        auth=OPERATOR,
    ),
)
_TAGS = (
    kit.get("/tags", segments.tags, summary=("标签", "Tags"), answer=kit.Page[segments.Tag], auth=OPERATOR),
    kit.post(
        "/tags",
        segments.add_tag,
        summary=("新增标签", "Add a tag"),
        status=201,
        answer=segments.Tag,
        refusals=(tags.TagExists, tags.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/customers/{customer_id}/tags",
        segments.tags_of,
        summary=("顾客的标签", "A customer's tags"),
        answer=segments.Tags,
        refusals=_NOBODY,
        auth=OPERATOR,
    ),
    kit.put(
        "/customers/{customer_id}/tags",
        segments.put_tags,
        summary=("设定顾客的标签", "Set a customer's tags"),
        answer=segments.Tags,
        refusals=(members_customers.NoSuchCustomer, tags.CustomerHasLeft, tags.NoSuchTag),
        auth=OPERATOR,
    ),
    kit.get(
        "/customers/{customer_id}/addresses",
        delivery_addresses.of_customer,
        summary=("顾客的收货地址", "A customer's delivery addresses"),
        answer=delivery_addresses.DeliveryAddresses,
        refusals=_NOBODY,
        auth=OPERATOR,
    ),
)
_SEGMENTS = (
    kit.get(
        "/segments",
        segments.listing,
        summary=("顾客分群", "Segments"),
        answer=kit.Page[segments.Segment],
        auth=OPERATOR,
    ),
    kit.post(
        "/segments",
        segments.add,
        summary=("新增分群", "Add a segment"),
        status=201,
        answer=segments.Segment,
        refusals=(*_RULE, members_segments.SegmentExists, members_segments.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/segments/preview",
        segments.preview,
        summary=("试算规则覆盖多少顾客", "For how many customers a rule holds"),
        answer=segments.SegmentPreview,
        refusals=_RULE,
        auth=OPERATOR,
        rate=kit.Rate(30, 60),
    ),
    kit.get(
        "/segments/{segment_id}",
        segments.one,
        summary=("一个分群", "One segment"),
        answer=segments.Segment,
        refusals=(members_segments.NoSuchSegment,),
        auth=OPERATOR,
    ),
    kit.put(
        "/segments/{segment_id}",
        segments.change,
        summary=("修改分群", "Change a segment"),
        answer=segments.Segment,
        refusals=(*_RULE, members_segments.NoSuchSegment, members_segments.SegmentExists),
        auth=OPERATOR,
    ),
    kit.get(
        "/segments/{segment_id}/customers",
        segments.members,
        summary=("分群里的顾客", "Who is in a segment now"),
        answer=kit.Page[customers.Customer],
        refusals=(members_segments.NoSuchSegment,),
        auth=OPERATOR,
    ),
    kit.post(
        "/segments/{segment_id}/coupons",
        segments.give_coupons,
        summary=("给分群发券", "Give everybody in a segment a coupon"),
        description=(
            "后台逐位发放，每人一张；同意接收营销消息的会收到通知。",
            "The clock gives one to each; who agreed to marketing is told.",
        ),
        status=201,
        answer=segments.SegmentRun,
        refusals=(segment_runs.NoSuchSegment, segment_runs.NoSuchTemplate, segment_runs.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/segments/{segment_id}/messages",
        segments.write_to,
        summary=("给分群发营销消息", "Write to everybody in a segment"),
        description=(
            "只发给同意接收营销消息的顾客，遵守免打扰时段与每日条数。",
            "Only to who agreed to marketing, outside quiet hours, so many a day.",
        ),
        status=201,
        answer=segments.SegmentRun,
        refusals=(
            broadcasts.NoSuchSegment,
            broadcasts.BroadcastUnderWay,
            broadcasts.BroadcastNeedsSecond,
            broadcasts.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/segments/{segment_id}/reach",
        segments.reach,
        summary=("群发会送达多少人", "Whom a broadcast would reach"),
        description=(
            "试算，什么都不发：为什么其他人收不到。",
            "Sends nothing: how many, and why others not.",
        ),
        answer=segments.Reach,
        refusals=(broadcasts.NoSuchSegment,),
        auth=OPERATOR,
    ),
    kit.post(
        "/segments/{segment_id}/broadcasts",
        segments.broadcast,
        summary=("群发，必要时等第二人复核", "Broadcast, with a second person where it takes one"),
        description=(
            "超过设置的人数（broadcast_approval_above）时只产生复核单，由另一人在 /approvals 同意后开始。每位顾客最多收到一条。",
            "Above so many customers (broadcast_approval_above) another operator agrees at /approvals before it begins. Each customer gets "
            "one at most.",
        ),
        status=201,
        answer=segments.Broadcast,
        refusals=(
            broadcasts.NoSuchSegment,
            broadcasts.NobodyToReach,
            broadcasts.BroadcastUnderWay,
            broadcasts.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/segment-runs/{run_no}/progress",
        segments.progress,
        summary=("群发进度", "How far a broadcast is"),
        answer=segments.Progress,
        refusals=(segment_runs.NoSuchRun,),
        auth=OPERATOR,
    ),
    kit.post(
        "/segment-runs/{run_no}/pause",
        segments.pause,
        summary=("暂停批量发放", "Pause one"),
        answer=segments.SegmentRun,
        refusals=(segment_runs.NoSuchRun, segment_runs.RunEnded),
        auth=OPERATOR,
    ),
    kit.post(
        "/segment-runs/{run_no}/resume",
        segments.go_on,
        summary=("继续批量发放", "Have one go on"),
        answer=segments.SegmentRun,
        refusals=(segment_runs.NoSuchRun, segment_runs.RunEnded),
        auth=OPERATOR,
    ),
    kit.get(
        "/segment-runs",
        segments.runs,
        summary=("批量发放", "What was and is done for segments"),
        answer=kit.Page[segments.SegmentRun],
        auth=OPERATOR,
    ),
    kit.get(
        "/segment-runs/{run_no}",
        segments.run,
        summary=("一次批量发放", "One of them"),
        answer=segments.SegmentRun,
        refusals=(segment_runs.NoSuchRun,),
        auth=OPERATOR,
    ),
    kit.post(
        "/segment-runs/{run_no}/stop",
        segments.stop,
        summary=("停止批量发放", "End one where it is"),
        answer=segments.SegmentRun,
        refusals=(segment_runs.NoSuchRun, segment_runs.RunEnded),
        auth=OPERATOR,
    ),
)

ROUTES = (*_POINTS, *_COUPONS, *_TAGS, *_SEGMENTS)
