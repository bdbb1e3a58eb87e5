"""The catalogue: products, SKUs, categories, prices."""

from admin_api import categories, price_rules, product_images, product_tables, products, stock
from admin_api.routes.caller import OPERATOR
from core import http as kit
from gateways.objects import StoreFailed
from shop import categories as shop_categories
from shop import images as shop_images
from shop import price_rules as shop_price_rules
from shop import products as shop_products
from shop import products_export, products_import

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
    kit.post(
        "/products/import",
        product_tables.take,
        summary=("从表格导入商品", "Take products from a table"),
        description=(
            "CSV（UTF-8、GBK）或 Excel，一行一个规格，最多 5000 行。有一行不对就什么都不导入，逐行说明原因。"
            "没写的内容保持不变；已有规格的库存不改。",
            "CSV (UTF-8, GBK) or Excel, a row a SKU, 5,000 at most. One row that is wrong keeps all of them out, and each is said. "
            "What is not written stays as it is; the stock of SKUs that are there is not touched.",
        ),
        answer=product_tables.Outcome,
        upload=products_import.MAX_BYTES,
        refusals=(
            products_import.SheetUnreadable,
            products_import.SheetTooLarge,
            products_import.ImportUnderWay,
            products_import.KeyReused,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.get(
        "/products/export/csv",
        product_tables.as_csv,
        summary=("导出商品 CSV", "Products as CSV"),
        description=("列与导入相同。", "The columns are those of the import."),
        file=kit.CSV,
        auth=OPERATOR,
    ),
    kit.get(
        "/products/export/xlsx",
        product_tables.as_xlsx,
        summary=("导出商品 Excel", "Products as an Excel workbook"),
        file=kit.XLSX,
        refusals=(products_export.WorkbooksBusy,),
        auth=OPERATOR,
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
    kit.get(
        "/products/{product_id}/images",
        product_images.listing,
        summary=("商品图片", "A product's pictures"),
        answer=product_images.Images,
        auth=OPERATOR,
    ),
    kit.post(
        "/products/{product_id}/images",
        product_images.add,
        summary=("上传商品图片", "Upload a picture of a product"),
        description=(
            "JPEG、PNG 或 WebP，最大 5 MB；重新绘制为三种尺寸，去除元数据。排在最后，用 PUT 调整顺序。",
            "JPEG, PNG or WebP, 5 MB at most; drawn anew in three sizes, without metadata. It comes last; PUT sets the order.",
        ),
        status=201,
        answer=product_images.Images,
        upload=shop_images.MAX_BYTES,
        refusals=(
            shop_images.NoSuchProduct,
            shop_images.TooManyImages,
            shop_images.UploadTooLate,
            shop_images.NotAnImage,
            shop_images.ImageTooLarge,
            shop_images.KeyReused,
            StoreFailed,
        ),
        auth=OPERATOR,
        idempotent=True,
    ),
    kit.put(
        "/products/{product_id}/images",
        product_images.put_order,
        summary=("设置图片顺序", "Set the order of the pictures"),
        answer=product_images.Images,
        refusals=(shop_images.NoSuchProduct, shop_images.ImagesDiffer),
        auth=OPERATOR,
    ),
    kit.put(
        "/products/{product_id}/images/{image_id}",
        product_images.describe,
        summary=("说明图片内容", "Say what is seen in a picture"),
        answer=product_images.Images,
        refusals=(shop_images.NoSuchImage,),
        auth=OPERATOR,
    ),
    kit.delete(
        "/products/{product_id}/images/{image_id}",
        product_images.remove,
        summary=("删除商品图片", "Remove a picture of a product"),
        refusals=(shop_images.NoSuchProduct, shop_images.NoSuchImage),
        auth=OPERATOR,
    ),
    kit.get(
        "/products/{product_id}/stock",
        stock.of_product,
        summary=("商品的库存", "What every store has of a product"),
        answer=kit.Page[stock.StoreLevel],
        auth=OPERATOR,
    ),
    kit.get(
        "/products/{product_id}/price-rules",
        price_rules.of_product,
        summary=("商品的价格规则", "A product's price rules"),
        description=("未结束、未过期的。", "Those that are not over."),
        answer=kit.Page[price_rules.PriceRule],
        auth=OPERATOR,
    ),
    kit.patch(
        "/skus/{sku_id}",
        products.change_sku,
        summary=("修改标价、编号、重量", "Set a SKU's price, numbers or weight"),
        description=("库存用 /skus/{sku_id}/stock。", "Stock is set at /skus/{sku_id}/stock."),
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
