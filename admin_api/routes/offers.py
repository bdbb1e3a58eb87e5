"""What the shop offers to whom: recharge packages, tiers and stores."""

from admin_api import packages, stores, tiers
from admin_api.routes.caller import OPERATOR
from billing import packages as billing_packages
from billing import stores as billing_stores
from core import http as kit
from members import tiers as members_tiers

ROUTES = (
    kit.get(
        "/tiers",
        tiers.listing,
        summary=("会员等级", "Tiers"),
        answer=kit.Page[tiers.Tier],
        auth=OPERATOR,
    ),
    kit.put(
        "/tiers/{code}",
        tiers.put,
        summary=("新增或修改会员等级", "Add or change a tier"),
        answer=tiers.Tier,
        auth=OPERATOR,
    ),
    kit.get(
        "/stores",
        stores.listing,
        summary=("门店", "Stores"),
        answer=kit.Page[stores.Store],
        auth=OPERATOR,
    ),
    kit.put(
        "/stores/{code}",
        stores.put,
        summary=("新增或修改门店", "Add or change a store"),
        answer=stores.Store,
        auth=OPERATOR,
    ),
    kit.get(
        "/packages",
        packages.listing,
        summary=("全部充值套餐", "All recharge packages"),
        answer=kit.Page[packages.Package],
        auth=OPERATOR,
    ),
    kit.post(
        "/packages",
        packages.add,
        summary=("新增充值套餐", "Add a recharge package"),
        status=201,
        answer=packages.Package,
        refusals=(
            billing_packages.PeriodReversed,
            members_tiers.NoSuchTier,
            billing_stores.NoSuchStore,
            billing_packages.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        "/packages/{package_id}",
        packages.change,
        summary=("修改套餐规则、下架", "Change a package's rules, withdraw it"),
        description=(
            "充值金额和赠送不可修改：需要其他条款时，下架后另建套餐。已开始的充值不受影响。",
            "What is paid and given cannot be changed: for other terms, withdraw it and add another. Top-ups that were "
            "started keep theirs.",
        ),
        answer=packages.Package,
        refusals=(
            billing_packages.NoSuchPackage,
            billing_packages.PeriodReversed,
            members_tiers.NoSuchTier,
            billing_stores.NoSuchStore,
        ),
        auth=OPERATOR,
    ),
)
