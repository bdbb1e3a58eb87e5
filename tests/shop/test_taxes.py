"""Tax in prices: which rate, how much, and that an order keeps it."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing import terms
from core import db as database
from core import money
from models import order_line
from shop import categories, order_changes, orders, products, quotes, taxes
from shop.freight import Zone
from tests import factories
from tests.shop.test_freight import template
from tests.shop.test_quotes import home, same, taxed

PERCENT = st.integers(0, taxes.MAX_PERCENT)
FEN = st.integers(0, money.MAX_FEN)


@given(FEN, PERCENT)
def test_tax_is_what_the_rate_says_to_half_a_fen(amount_fen, percent):
    tax_fen = taxes.included(amount_fen, percent)
    assert 0 <= tax_fen <= amount_fen
    exact = Fraction(amount_fen * percent, 100 + percent)
    assert -Fraction(1, 2) <= tax_fen - exact <= Fraction(1, 2)
    assert taxes.included(amount_fen, 0) == 0


@given(FEN, PERCENT, PERCENT)
def test_neither_more_money_nor_a_higher_rate_has_less_tax(amount_fen, one, other):
    low, high = sorted((one, other))
    assert taxes.included(amount_fen, low) <= taxes.included(amount_fen, high)
    assert taxes.included(amount_fen, one) <= taxes.included(amount_fen + 1, one)


@given(st.lists(FEN, min_size=1, max_size=50), PERCENT)
def test_the_tax_of_lines_is_at_most_half_a_fen_a_line_from_that_of_their_sum(amounts, percent):
    apart = sum(taxes.included(fen, percent) for fen in amounts) - taxes.included(sum(amounts), percent)
    assert abs(apart) <= (len(amounts) + 1) / 2


async def test_the_table_reckons_as_we_do(db):
    pairs = [(fen, percent) for fen in (*range(300), 10**9 + 7, money.MAX_FEN) for percent in range(31)]
    wrong = await database.fetch(
        f"SELECT * FROM (SELECT *, 0 AS discount_fen FROM unnest($1::bigint[], $2::int[], $3::bigint[]) AS"
        f" l (amount_fen, tax_percent, tax_fen)) l WHERE NOT ({order_line.TAX})",
        *([pair[n] for pair in pairs] for n in (0, 1)),
        [taxes.included(*pair) for pair in pairs],
    )
    assert wrong == []


async def percents(customer_id, *sku_ids):
    priced = await quotes.quote(customer_id, dict.fromkeys(sku_ids, 1))
    return [line.tax_percent for line in priced.lines]


async def test_the_nearest_category_says_the_rate_the_highest_of_several_holds_and_the_shop_s_own_else(db):
    terms.use(replace(terms.current(), included_tax_percent=13))
    customer = await factories.customer()
    made = []
    for name, tax_percent in (("食品", 9), ("茶", None), ("绿茶", None), ("明前", 0)):
        within = categories.Terms(name, made[-1].id if made else None, tax_percent=tax_percent)
        made.append(await categories.add(1, within, key=factories.key()))
    food, tea, green, early = made
    plain = await categories.add(1, categories.Terms("新品"), key=factories.key())
    standing = [(), (food,), (green,), (early,), (early, tea), (plain,), (plain, early)]
    skus = []
    for within in standing:
        product = await products.add(name="茶", description="", skus=[products.NewSku("一", 100, 9)])
        await categories.put_product(product.id, [one.id for one in within])
        skus.append(product.skus[0].id)
    assert await percents(customer.id, *skus) == [13, 9, 9, 0, 9, 13, 0]
    await categories.put(tea.id, categories.Terms("茶", food.id, tax_percent=6))
    assert await percents(customer.id, *skus) == [13, 9, 6, 0, 6, 13, 0]
    await categories.put(tea.id, categories.Terms("茶"))  # moved to the top, says nothing any more
    assert await percents(customer.id, *skus) == [13, 9, 13, 0, 0, 13, 0]


async def test_an_order_keeps_its_tax_line_by_line_and_its_freight_s_is_the_shop_s_own(db):
    terms.use(replace(terms.current(), included_tax_percent=6))
    customer = await factories.customer(principal=100_000)
    tea, cup = [(await factories.sku(fen)).id for fen in (1_090, 1_130)]
    there, wanted = await home(customer.id), {tea: 1, cup: 2}
    category = await taxed(tea, 9)
    await taxed(cup, 13)
    await template(Zone((), first_units=9, first_fen=1_060), default=True)
    shown = await quotes.quote(customer.id, wanted, quotes.Wish(address_id=there))
    assert [line.tax_fen for line in shown.lines] == [90, 260] and shown.tax_fen == 90 + 260 + 60
    order = await orders.place(
        customer.id,
        [orders.Wanted(*one) for one in wanted.items()],
        orders.How(address_id=there),
        key=factories.key(),
    )
    same(shown, order)
    await categories.put(category.id, categories.Terms("九", tax_percent=0))
    terms.use(replace(terms.current(), included_tax_percent=0))
    assert await orders.get(customer.id, order.order_no) == order
    edited = await order_changes.edit(
        customer.id, order.order_no, order_changes.Change(quantities={tea: 3, cup: 1}), key=factories.key()
    )
    assert [line.tax_fen for line in edited.lines] == [0, 130] and edited.tax_fen == 130
    paid = await orders.pay(customer.id, order.order_no, key=factories.key())
    assert paid.lines == edited.lines
