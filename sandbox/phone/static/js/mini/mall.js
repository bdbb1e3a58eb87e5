// The shop's shelves: categories, search, products. Choosing what to order: product.js.

import { h, icon } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { money } from "./money.js";
import { tile } from "./pictures.js";
import { choose } from "./product.js";

const ORDERS = ["newest", "sales", "cheapest", "dearest"];
const AT_ONCE = 30;
const MOST = 100;
const TYPING_MS = 350;

export const mall = {
  title: () => t("tab.mall"),
  async load({ shop }, params) {
    const [page, categories, cart] = await Promise.all([shop.get(`/products?${asked(params)}`), shop.get("/categories"), shop.get("/cart")]);
    return { items: page.items, more: page.next_cursor, categories: categories.items, inCart: cart.lines.length, of: asked(params) };
  },
  view(app, found, params) {
    return [
      h("div", { class: "search-row", key: "search" }, searchBar(app, params), cartButton(app, found.inCart)),
      found.categories.length > 0 && shelves(app, found.categories, params),
      sorts(app, params),
      found.of !== asked(params) ? h("p", { class: "fine looking", role: "status" }, t("state.loading"))
        : !found.items.length ? emptyState(t(params.q || params.category ? "mall.not_found" : "mall.none"), "bag")
          : h("ul", { class: "products" }, found.items.map((one) => row(app, one))),
      found.more && found.items.length < MOST && busyButton({ class: "quiet", onclick: () => {
        params.limit = MOST;
        return app.refresh();
      } }, t("mall.more_of")),
    ];
  },
};

function asked({ q, category, order, limit }) {
  const query = new URLSearchParams({ limit: String(limit ?? AT_ONCE), order: order ?? ORDERS[0] });
  if (q) query.set("q", q);
  if (category) query.set("category_id", String(category));
  return query.toString();
}

function searchBar(app, params) {
  return h("form", { class: "search", role: "search", onsubmit: (event) => event.preventDefault() }, icon("search"),
    h("input", { type: "search", name: "q", value: params.q ?? "", maxlength: "60", autocomplete: "off", placeholder: t("mall.search"), "aria-label": t("mall.search"),
      oninput: (event) => {
        params.q = event.target.value.trim();
        clearTimeout(params.typing);
        params.typing = setTimeout(() => app.refresh(), TYPING_MS);
      } }));
}

function cartButton(app, count) {
  return h("button", { type: "button", class: "cart-button", "data-act": "cart", "aria-label": t("cart.with", { count }), onclick: () => app.go("cart") },
    icon("cart"), count > 0 && h("b", { class: "dot" }, String(count)));
}

function shelves(app, categories, params) {
  const chosen = categories.find((one) => one.id === params.category);
  const top = chosen && (chosen.depth === 1 ? chosen.id : chosen.parent_id);
  const inner = categories.filter((one) => one.parent_id === top && one.depth === 2);
  const put = (id) => () => {
    params.category = id;
    app.draw();
    return app.refresh();
  };
  const button = (id, name, on) => h("button", { type: "button", "data-category": id ?? "all", "aria-pressed": String(on), onclick: put(id) }, name);
  return h("nav", { class: "shelves", "aria-label": t("mall.categories"), key: "shelves" },
    h("div", { class: "strip" }, button(undefined, t("mall.all"), !chosen), categories.filter((one) => one.depth === 1).map((one) => button(one.id, one.name, one.id === top))),
    top && inner.length > 0 && h("div", { class: "strip inner" }, inner.map((one) => button(one.id, one.name, one.id === params.category))));
}

function sorts(app, params) {
  const on = params.order ?? ORDERS[0];
  return h("div", { class: "sorts", role: "group", "aria-label": t("mall.sorted"), key: "sorts" }, ORDERS.map((one) =>
    h("button", { type: "button", "data-sort": one, "aria-pressed": String(one === on), onclick: () => {
      params.order = one;
      app.draw();
      return app.refresh();
    } }, t(`mall.${one}`))));
}

function row(app, product) {
  const soldOut = product.skus.every((sku) => sku.stock <= 0);
  const cheapest = product.skus.reduce((one, other) => (other.price_fen < one.price_fen ? other : one), product.skus[0]);
  return h("li", { key: `p${product.id}` }, h("button", { type: "button", class: "product", "data-product": product.id, disabled: soldOut || !product.skus.length, onclick: () => choose(app, product) },
    tile(app, product),
    h("span", { class: "product-words" }, h("strong", {}, product.name), h("small", {}, product.description),
      cheapest && h("span", { class: "product-price" }, money(price(cheapest.price_fen)), product.skus.length > 1 && h("small", {}, t("mall.from")),
        cheapest.price_fen < cheapest.list_fen && [h("s", {}, `¥${price(cheapest.list_fen)}`), h("em", { class: "why" }, t(`mall.price.${cheapest.price_reason}`))]),
      soldOut ? h("em", { class: "sold-out" }, t("mall.sold_out")) : product.sold > 0 && h("small", { class: "sold" }, t("mall.sold", { count: product.sold }))),
    h("span", { class: "round-plus" }, icon("plus"))));
}
