"""The lowest price that products are sorted by is proven, old products and new ones alike, and the tax of orders."""

from core import db as database
from shop import orders, products, products_skus
from tests import factories
from tests.ledger import breaking

BREAKING = {
    "cheaper than it is": ("I26", "UPDATE product SET lowest_fen = lowest_fen - 1"),
    "without a price": ("I26", "UPDATE product SET lowest_fen = NULL"),
    "a price nobody can pay": ("I26", "UPDATE sku SET state = 'withdrawn' WHERE state = 'on_sale'"),
    "a SKU became cheaper": ("I26", "UPDATE sku SET price_fen = 1 WHERE state = 'on_sale'"),
    "tax unsaid": ("I11", "UPDATE shop_order SET tax_fen = tax_fen + 1"),
    "none was on sale": ("I26", "UPDATE sku SET state = 'on_sale'"),
}


async def a_product_whose_cheapest_was_withdrawn():
    made = await products.add(
        name="茶", description="", skus=[products.NewSku("小", 500, 3), products.NewSku("大", 900, 3)]
    )
    _, big = made.skus
    kept = products_skus.Wanted(products.NewSku("大", 950, 0), big.id)
    await products_skus.put(1, made.id, (), [kept])
    assert await _lowest(made.id) == 950
    await products.change_sku(big.id, price_fen=700)
    customer = await factories.customer()
    await orders.place(customer.id, [orders.Wanted(big.id, 1)], key=factories.key())
    assert await _lowest(made.id) == 700


async def _lowest(product_id):
    return await database.fetchval("SELECT lowest_fen FROM product WHERE id = $1", product_id)


async def test_every_way_to_break_it_is_named_in_the_whole_and_after_a_mark(db):
    await factories.sku()
    mark = await breaking.marked_between(a_product_whose_cheapest_was_withdrawn)
    assert await breaking.missed(BREAKING, mark) == []
