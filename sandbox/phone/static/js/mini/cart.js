// The cart: how many, another specification, what is gone or costs something else, and on to the checkout.

import { h, icon } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { changeSince, remember } from "./kept_prices.js";
import { money } from "./money.js";
import { tile } from "./pictures.js";
import { choose, MOST, stepper } from "./product.js";

export const cart = {
  title: () => t("cart.title"),
  async load({ shop }, params) {
    const found = await shop.get("/cart");
    params.products ??= {};
    const unknown = [...new Set(found.lines.map((one) => one.product_id))].filter((id) => !(id in params.products));
    await Promise.all(unknown.map(async (id) => { params.products[id] = await shop.get(`/products/${id}`).catch(() => null); }));
    return { ...found, products: params.products };
  },
  view(app, found, params) {
    params.products ??= found.products; // of a look at it before; this one may be changed before it is loaded
    if (!found.lines.length) return emptyState(t("cart.none"), "cart", h("button", { class: "small-button", type: "button", onclick: () => app.go("mall") }, t("orders.to_mall")));
    const [there, gone] = [found.lines.filter((one) => one.for_sale), found.lines.filter((one) => !one.for_sale)];
    return [
      there.length > 0 && h("ul", { class: "cart-lines" }, there.map((one) => line(app, one, found))),
      gone.length > 0 && h("section", { class: "block", key: "gone" },
        h("header", {}, h("h3", {}, t("cart.gone", { count: gone.length })),
          busyButton({ class: "link", "data-act": "clear-gone", onclick: () => remove(app, gone) }, t("cart.clear"))),
        h("ul", { class: "cart-lines plain" }, gone.map((one) => goneLine(app, one, found)))),
    ];
  },
  foot(app, { lines, chosen_fen }) {
    const fit = lines.filter((one) => one.for_sale);
    if (!fit.length) return null;
    const chosen = fit.filter((one) => one.chosen);
    const all = chosen.length === fit.length;
    return h("div", { class: "cart-foot" },
      h("label", { class: "pick" }, h("input", { type: "checkbox", name: "all", checked: all, onchange: () => tickAll(app, fit, !all) }), h("span", { class: "tick" }, icon("check")), t("cart.all")),
      h("p", { class: "cart-sum" }, h("small", {}, t("cart.sum")), money(price(chosen_fen))),
      h("button", { type: "button", class: "wide tea", "data-act": "checkout", disabled: !chosen.length || chosen.some((one) => !one.in_stock), onclick: () =>
        app.go("checkout", { lines: chosen.map(({ sku_id, quantity }) => ({ sku_id, quantity })), fromCart: true }) },
      t("cart.checkout", { count: chosen.reduce((sum, one) => sum + one.quantity, 0) })));
  },
};

function line(app, one, { products }) {
  const product = products[one.product_id];
  const change = changeSince(app, one);
  const count = (by) => () => put(app, one, { quantity: Math.max(1, one.quantity + by) });
  return h("li", { key: `c${one.sku_id}`, "data-sku": one.sku_id },
    h("label", { class: "pick" }, h("input", { type: "checkbox", checked: one.chosen, "aria-label": `${one.product_name} ${one.sku_name}`, onchange: () => put(app, one, { chosen: !one.chosen }) }), h("span", { class: "tick" }, icon("check"))),
    tile(app, product ?? { id: one.product_id, name: one.product_name }, "small"),
    h("div", { class: "cart-words" },
      h("strong", {}, one.product_name),
      product && product.skus.length > 1
        ? h("button", { type: "button", class: "spec", "data-act": "change-spec", onclick: () => exchange(app, one, product) }, h("span", {}, one.sku_name), icon("next"))
        : h("small", {}, one.sku_name),
      change !== 0 && h("p", { class: `note ${change > 0 ? "dear" : "cheap"}`, "data-note": change > 0 ? "dearer" : "cheaper" }, t(change > 0 ? "cart.dearer" : "cart.cheaper", { amount: price(Math.abs(change)) }),
        h("button", { type: "button", class: "link", onclick: () => { remember(app, one.sku_id, one.price_fen); app.draw(); } }, t("cart.seen"))),
      !one.in_stock && h("p", { class: "note dear", "data-note": "short" }, one.available > 0 ? t("cart.only", { count: one.available }) : t("cart.out"),
        one.available > 0 && busyButton({ class: "link", "data-act": "take-left", onclick: () => put(app, one, { quantity: one.available }) }, t("cart.take", { count: one.available }))),
      h("div", { class: "cart-end" }, h("span", { class: "product-price" }, money(price(one.price_fen)), one.price_fen < one.list_fen && h("s", {}, `¥${price(one.list_fen)}`)),
        stepper(one.quantity, Math.min(MOST, Math.max(one.available, 1)), count, one.product_name))),
    busyButton({ class: "plain-icon", "aria-label": t("cart.remove", { name: one.product_name }), "data-act": "remove-line", onclick: () => remove(app, [one]) }, icon("close")));
}

function goneLine(app, one, { products }) {
  return h("li", { key: `g${one.sku_id}`, "data-gone": one.sku_id },
    tile(app, products[one.product_id] ?? { id: one.product_id, name: one.product_name }, "small"),
    h("div", { class: "cart-words" }, h("strong", {}, one.product_name), h("small", {}, one.sku_name), h("p", { class: "note dear" }, t("cart.not_for_sale"))));
}

/** Says what the cart is like from now on. */
async function kept(app, act) {
  const now = await app.attempt(act);
  if (now && app.place.name === "cart") app.keep(app.place, { ...now, products: app.place.params.products });
  app.draw();
  if (!now || app.place.loading) await app.refresh(); // what is on its way may be older than what was just kept
}

function put(app, one, { quantity = one.quantity, chosen = one.chosen }) {
  return kept(app, () => app.shop.put(`/cart/${one.sku_id}`, { quantity, chosen }));
}

async function tickAll(app, lines, chosen) {
  for (const one of lines.filter((line) => line.chosen !== chosen)) await put(app, one, { chosen });
}

function remove(app, lines) {
  return kept(app, () => app.shop.post("/cart/remove", { sku_ids: lines.map((one) => one.sku_id) }));
}

function exchange(app, one, product) {
  return choose(app, product, { sku: one.sku_id, done: async (sku, close) => {
    if (sku.id !== one.sku_id) {
      await kept(app, () => app.shop.post(`/cart/${one.sku_id}/exchange`, { other_sku_id: sku.id }));
      remember(app, sku.id, sku.price_fen);
    }
    close();
  } });
}
