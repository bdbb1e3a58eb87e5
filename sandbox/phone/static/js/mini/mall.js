// Products, and choosing what to order.

import { h, icon } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { newKey, ShopUnreachable } from "../shop.js";
import { money } from "./money.js";

const TINTS = 5;
const MOST = 99;

export const mall = {
  title: () => t("tab.mall"),
  load: async ({ shop }) => ({ items: await shop.items("/products") }),
  view(app, { items }) {
    if (!items.length) return emptyState(t("mall.none"), "bag");
    return h("ul", { class: "products" }, items.map((product) => {
      const cheapest = Math.min(...product.skus.map((sku) => sku.price_fen));
      const soldOut = product.skus.every((sku) => sku.stock <= 0);
      return h("li", { key: `p${product.id}` }, h("button", { type: "button", class: "product", "data-product": product.id, disabled: soldOut || !product.skus.length, onclick: () => choose(app, product) },
        tile(product),
        h("span", { class: "product-words" }, h("strong", {}, product.name), h("small", {}, product.description),
          h("span", { class: "product-price" }, money(price(cheapest)), product.skus.length > 1 && h("small", {}, t("mall.from"))),
          soldOut && h("em", { class: "sold-out" }, t("mall.sold_out"))),
        h("span", { class: "round-plus" }, icon("plus"))));
    }));
  },
};

/** Instead of a photograph: the product's first character on one of a few quiet tints. */
export function tile(product) {
  return h("span", { class: `tile tint${product.id % TINTS}`, "aria-hidden": "true" }, [...product.name][0]);
}

async function choose(app, product) {
  let sku = product.skus.find((one) => one.stock > 0);
  let quantity = 1;
  let key = newKey();
  const order = async (close) => {
    let unknown = false;
    const made = await app.attempt(() => app.shop.post("/orders", { lines: [{ sku_id: sku.id, quantity }] }, key).catch((fault) => {
      unknown = fault instanceof ShopUnreachable;
      throw fault;
    }));
    if (!unknown) key = newKey();
    if (made) close(made);
    else app.refresh();
  };
  const made = await app.phone.sheet((close, draw) => {
    const most = Math.min(MOST, sku.stock);
    const change = (by) => () => {
      quantity = Math.max(1, Math.min(most, quantity + by));
      draw();
    };
    const changed = (act) => () => {
      act();
      quantity = Math.min(quantity, Math.min(MOST, sku.stock));
      key = newKey();
      draw();
    };
    return h("div", { class: "form" },
      h("div", { class: "chosen" }, tile(product), h("div", {}, h("h2", {}, product.name), h("p", { class: "fine" }, product.description), money(price(sku.price_fen), "large"))),
      h("fieldset", { class: "chips" }, h("legend", {}, t("mall.sku")), product.skus.map((one) => h("button", { type: "button", "aria-pressed": String(one.id === sku.id), disabled: one.stock <= 0, onclick: changed(() => (sku = one)) }, one.name))),
      h("div", { class: "stepper" }, h("span", {}, t("mall.quantity"), h("small", {}, t("mall.stock", { count: sku.stock }))),
        h("span", { class: "steps" },
          h("button", { type: "button", "aria-label": t("mall.fewer"), disabled: quantity <= 1, onclick: changed(change(-1)) }, icon("minus")),
          h("output", { "aria-live": "polite" }, String(quantity)),
          h("button", { type: "button", "aria-label": t("mall.more"), "data-act": "more", disabled: quantity >= most, onclick: changed(change(1)) }, icon("plus")))),
      busyButton({ class: "wide tea", autofocus: true, "data-act": "order", onclick: () => order(close) }, t("mall.order", { amount: price(sku.price_fen * quantity) })));
  }, { label: product.name });
  if (made) app.go("order", { no: made.order_no });
}
