"""Products and stock."""

from admin_api import (
    products,
)
from admin_api.routes.caller import OPERATOR
from core import http as kit
from shop import products as shop_products

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
        auth=OPERATOR,
    ),
    kit.patch(
        "/products/{product_id}",
        products.change,
        summary=("修改商品、上架、下架", "Change a product, put it on or off the shelf"),
        answer=products.Product,
        refusals=(shop_products.NoSuchProduct,),
        auth=OPERATOR,
    ),
    kit.patch(
        "/skus/{sku_id}",
        products.change_sku,
        summary=("修改价格和库存", "Set a SKU's price or stock"),
        answer=products.Sku,
        refusals=(shop_products.NoSuchSku,),
        auth=OPERATOR,
    ),
)
