"""The catalogue: products, SKUs, categories, prices."""

from admin_api import categories, price_rules, products
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import categories as shop_categories
from shop import price_rules as shop_price_rules
from shop import products as shop_products

_SPECS = (shop_products.SpecsDoNotFit, shop_products.SpecsTwice, shop_products.CodeTaken)
_PLACE = (shop_categories.NoSuchCategory, shop_categories.CategoriesTooDeep)

ROUTES = (
    kit.get(
        "/products",
        products.listing,
        summary=("全部商品", "All products"),
        answer=kit.Page[products.Product],
        auth=OPERATOR,
    ),
    kit.post(
        "/products",
        products.add,
        summary=("新增商品", "Add a product"),
        status=201,
        answer=products.Product,
        refusals=(*_SPECS, shop_products.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/products/{product_id}",
        products.one,
        summary=("一件商品", "One product"),
        answer=products.Product,
        refusals=(shop_products.NoSuchProduct,),
        auth=OPERATOR,
    ),
    kit.patch(
        "/products/{product_id}",
        products.change,
        summary=("修改商品、上架、下架", "Change a product, put it on or off the shelf"),
        answer=products.Product,
        refusals=(shop_products.NoSuchProduct, shop_products.CodeTaken),
        auth=OPERATOR,
    ),
    kit.put(
        "/products/{product_id}/skus",
        products.put_skus,
        summary=("设置规格项和全部规格", "Set the axes and all SKUs"),
        description=(
            "没有列出的规格停售，已下的订单不受影响。",
            "A SKU that is not named is withdrawn; orders already placed are not touched.",
        ),
        answer=products.Product,
        refusals=(shop_products.NoSuchProduct, shop_products.NoSuchSku, *_SPECS),
        auth=OPERATOR,
    ),
    kit.put(
        "/products/{product_id}/categories",
        products.put_categories,
        summary=("设置商品的分类", "Set a product's categories"),
        answer=products.Product,
        refusals=(shop_products.NoSuchProduct, shop_categories.NoSuchCategory),
        auth=OPERATOR,
    ),
    kit.patch(
        "/skus/{sku_id}",
        products.change_sku,
        summary=("修改标价、库存、编号、重量", "Set a SKU's price, stock, numbers or weight"),
        answer=products.Sku,
        refusals=(shop_products.NoSuchSku, shop_products.CodeTaken),
        auth=OPERATOR,
    ),
    kit.get(
        "/skus/{sku_id}/price-rules",
        price_rules.listing,
        summary=("规格的价格规则", "A SKU's price rules"),
        answer=kit.Page[price_rules.PriceRule],
        auth=OPERATOR,
    ),
    kit.post(
        "/skus/{sku_id}/price-rules",
        price_rules.add,
        summary=("新增价格规则", "Add a price rule"),
        description=(
            "适用的价格中取最低；不会高于标价。已下的订单价格不变。",
            "The lowest price that applies is taken, never one above the list price. Orders already placed keep theirs.",
        ),
        status=201,
        answer=price_rules.PriceRule,
        refusals=(
            shop_price_rules.NoSuchSku,
            shop_price_rules.NoSuchTier,
            shop_price_rules.NoSuchStore,
            shop_price_rules.PriceRuleForNothing,
            shop_price_rules.PricePeriodReversed,
            shop_price_rules.TooManyPriceRules,
            shop_price_rules.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.post(
        "/price-rules/{rule_id}/end",
        price_rules.end,
        summary=("结束价格规则", "End a price rule"),
        answer=price_rules.PriceRule,
        refusals=(shop_price_rules.NoSuchPriceRule,),
        auth=OPERATOR,
    ),
    kit.get(
        "/categories",
        categories.listing,
        summary=("全部分类", "All categories"),
        answer=kit.Page[categories.Category],
        auth=OPERATOR,
    ),
    kit.post(
        "/categories",
        categories.add,
        summary=("新增分类", "Add a category"),
        status=201,
        answer=categories.Category,
        refusals=(*_PLACE, shop_categories.TooManyCategories, shop_categories.KeyReused),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        "/categories/{category_id}",
        categories.put,
        summary=("修改、移动、隐藏分类", "Change, move or hide a category"),
        answer=categories.Category,
        refusals=(*_PLACE, shop_categories.CategoryWithinItself),
        auth=OPERATOR,
    ),
    kit.delete(
        "/categories/{category_id}",
        categories.remove,
        summary=("删除空的分类", "Remove an empty category"),
        refusals=(shop_categories.NoSuchCategory, shop_categories.CategoryInUse),
        auth=OPERATOR,
    ),
)
