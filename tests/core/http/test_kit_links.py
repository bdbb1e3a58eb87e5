"""The document says what can be done next with an answer."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import admin_api.routes
import miniapp_api.routes
from core import http as kit


def document_of(*routes):
    api = kit.Api(title=("甲", "A"), version="1", prefix="/a", routes=routes)
    return kit.openapi(api)


def links(document, method, path, status="200") -> dict[str, Any]:
    return document["paths"][path][method]["responses"][status].get("links", {})


class Made(kit.Answer):
    id: int
    tree_no: str
    code: str


OAK = Made(id=1, tree_no="T1", code="oak")


async def plant() -> Made:
    return OAK


async def trees() -> kit.Page[Made]:
    return kit.Page[Made](items=[OAK])


async def tree(tree_no: str) -> Made:
    return OAK.model_copy(update={"tree_no": tree_no})


async def water(tree_no: str) -> Made:
    return OAK.model_copy(update={"tree_no": tree_no})


async def leaf(tree_id: int) -> Made:
    return OAK.model_copy(update={"id": tree_id})


async def word(code: str) -> Made:
    return OAK.model_copy(update={"code": code})


def table(*more):
    about = ("树", "A tree")
    return (
        kit.post(
            "/trees", plant, summary=about, status=201, answer=Made, **({"links": more} if more else {})
        ),
        kit.get("/trees", trees, summary=about, answer=kit.Page[Made]),
        kit.get("/trees/{tree_no}", tree, summary=about, answer=Made),
        kit.post("/trees/{tree_no}/water", water, summary=about, answer=Made),
        kit.get("/trees/{tree_id}/leaves", leaf, summary=about, answer=Made),
        kit.get("/words/{code}", word, summary=about, answer=Made),
    )


def test_what_was_made_links_to_all_that_takes_its_number_and_a_list_to_its_first():
    document = document_of(*table())
    made = links(document, "post", "/a/trees", "201")
    of = {name.removeprefix("test_kit_links_"): link["parameters"] for name, link in made.items()}
    by_no = {"tree_no": "$response.body#/tree_no"}
    assert of == {"tree": by_no, "water": by_no, "leaf": {"tree_id": "$response.body#/id"}}
    listed = links(document, "get", "/a/trees")
    assert [one["parameters"] for one in listed.values()] == [{"tree_no": "$response.body#/items/0/tree_no"}]
    changed = links(document, "post", "/a/trees/{tree_no}/water")
    assert [one["operationId"] for one in changed.values()] == ["test_kit_links_tree"]
    assert links(document, "get", "/a/trees/{tree_no}") == {}
    OpenAPIV31SpecValidator(document).validate()


def test_a_link_that_leads_nowhere_is_refused():
    with pytest.raises(ValueError, match="nowhere"):
        document_of(*table(kit.Link("nowhere", {})))


def test_the_shop_is_walked_from_a_product_to_an_order_that_is_paid_and_sent_back():
    document = kit.openapi(miniapp_api.routes.API)
    v1 = "/api/v1"
    assert "cart_add" in links(document, "get", f"{v1}/products")
    assert "cart_quote" in links(document, "post", f"{v1}/cart")
    ordered = links(document, "post", f"{v1}/quotes")["orders_place"]
    assert ordered["requestBody"]["total_fen"] == "$response.body#/total_fen"
    placed = links(document, "post", f"{v1}/orders", "201")
    assert {"orders_pay", "orders_one", "orders_cancel", "after_sales_apply", "bills_pay"} <= placed.keys()
    assert "orders_one" in links(document, "post", f"{v1}/orders/{{order_no}}/pay")
    asked = links(document, "post", f"{v1}/orders/{{order_no}}/after-sales", "201")
    assert {"after_sales_one", "after_sales_withdraw"} <= asked.keys()


def test_the_desk_is_walked_from_what_it_adds_to_what_it_does_with_it():
    document = kit.openapi(admin_api.routes.API)
    added = links(document, "post", "/admin/v1/products", "201")
    assert added["products_put_skus"]["parameters"] == {"product_id": "$response.body#/id"}
    assert "tiers_put" not in added
    issued = links(document, "post", "/admin/v1/customers/{customer_id}/bills", "201")
    assert {"bills_void", "counter_bill"} <= issued.keys() and "bills_issue" not in issued
