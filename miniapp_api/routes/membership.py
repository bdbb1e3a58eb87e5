"""What the customer is as a member: profile, addresses, points, tier, coupons."""

from billing import points_bonus
from core import http as kit
from members import addresses, coupons, points, points_rules, profiles
from members import birthdays as members_birthdays
from miniapp_api import coupons as coupon_views
from miniapp_api import delivery_addresses, profile
from miniapp_api import points as point_views
from miniapp_api.routes.caller import CUSTOMER

_WRONG = (addresses.RegionUnknown, addresses.RegionElsewhere, addresses.PhoneNotUsable)

ROUTES = (
    kit.get(
        "/profile",
        profile.read,
        summary=("个人资料", "The profile"),
        answer=profile.Profile,
        auth=CUSTOMER,
    ),
    kit.put(
        "/profile",
        profile.change,
        summary=("修改个人资料", "Change the profile"),
        description=(
            "手机号用 /messages/settings/phone 登记；生日一年内只能改一次。",
            "The phone number is taken by /messages/settings/phone; the birthday may be changed once a year.",
        ),
        answer=profile.Profile,
        refusals=(members_birthdays.BirthdayWrong, profiles.BirthdayFixed, profiles.LanguageUnknown),
        auth=CUSTOMER,
    ),
    kit.get(
        "/addresses",
        delivery_addresses.listing,
        summary=("收货地址", "Delivery addresses"),
        answer=kit.Page[delivery_addresses.Address],
        auth=CUSTOMER,
    ),
    kit.post(
        "/addresses",
        delivery_addresses.add,
        summary=("新增收货地址", "Keep another address"),
        description=("最多二十个；第一个即为默认。", "At most twenty; the first is the default."),
        status=201,
        answer=delivery_addresses.Address,
        refusals=(*_WRONG, addresses.TooManyAddresses, addresses.CustomerHasLeft, addresses.KeyReused),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/addresses/{address_id}",
        delivery_addresses.one,
        summary=("一个收货地址", "One address"),
        answer=delivery_addresses.Address,
        refusals=(addresses.NoSuchAddress,),
        auth=CUSTOMER,
    ),
    kit.put(
        "/addresses/{address_id}",
        delivery_addresses.change,
        summary=("修改收货地址", "Change an address"),
        answer=delivery_addresses.Address,
        refusals=(*_WRONG, addresses.NoSuchAddress),
        auth=CUSTOMER,
    ),
    kit.delete(
        "/addresses/{address_id}",
        delivery_addresses.remove,
        summary=("删除收货地址", "Forget an address"),
        auth=CUSTOMER,
    ),
    kit.get(
        "/tier",
        point_views.standing,
        summary=("会员等级", "The tier, and how far the next one is"),
        answer=point_views.Standing,
        auth=CUSTOMER,
    ),
    kit.get(
        "/points",
        point_views.read,
        summary=("积分", "Points"),
        answer=point_views.Points,
        auth=CUSTOMER,
    ),
    kit.get(
        "/points/movements",
        point_views.movements,
        summary=("积分明细", "What happened to the points"),
        answer=kit.Page[point_views.Movement],
        auth=CUSTOMER,
    ),
    kit.post(
        "/points/bonus",
        point_views.to_bonus,
        summary=("积分兑换赠送金", "Change points into bonus"),
        status=201,
        answer=point_views.Bonus,
        refusals=(
            points_rules.NoPoints,
            points_bonus.TooFewPoints,
            points.PointsShort,
            points_bonus.CustomerHasLeft,
            points_bonus.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
    ),
    kit.get(
        "/coupons",
        coupon_views.listing,
        summary=("我的优惠券", "Coupons"),
        answer=kit.Page[coupon_views.Coupon],
        auth=CUSTOMER,
    ),
    kit.post(
        "/coupons",
        coupon_views.claim,
        summary=("凭兑换码领券", "Take a coupon by its code"),
        status=201,
        answer=coupon_views.Coupon,
        refusals=(
            coupons.NoSuchCouponCode,
            coupons.CouponsGone,
            coupons.CouponHad,
            coupons.CustomerHasLeft,
            coupons.KeyReused,
        ),
        auth=CUSTOMER,
        idempotent=True,
        rate=kit.Rate(20, 60),
    ),
    kit.get(
        "/coupons/{coupon_no}",
        coupon_views.one,
        summary=("一张优惠券", "One coupon"),
        answer=coupon_views.Coupon,
        refusals=(coupons.NoSuchCoupon,),
        auth=CUSTOMER,
    ),
)
