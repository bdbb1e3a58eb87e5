// A product's sheet: pictures, specifications, how many; into the cart or straight to the checkout.

import { h, icon } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { chips } from "./form.js";
import { remember } from "./kept_prices.js";
import { money } from "./money.js";
import { gallery, tile } from "./pictures.js";
import { startStanding } from "./standing.js";

/** So many of one thing at a time. */
export const MOST = 999;

/** Opens the sheet. `change`: {sku, done(sku)} where another specification is chosen for a line of the cart. */
export function choose(app, product, change = null) {
  let sku = product.skus.find((one) => one.id === change?.sku) ?? product.skus.find((one) => one.stock > 0) ?? product.skus[0];
  let wanted = [...sku.specs];
  let quantity = 1;
  const take = (one) => {
    sku = one;
    quantity = Math.max(1, Math.min(quantity, most(sku)));
  };
  return app.phone.sheet((close, draw) => {
    const count = (by) => () => {
      quantity = Math.max(1, Math.min(most(sku), quantity + by));
      draw();
    };
    const choices = product.axes.length
      ? product.axes.map((axis, nth) => specs(axis.name, axis.values.map((value) => ({
        word: value, on: wanted[nth] === value, off: !fits(product, nth, value), gone: !fits(product, nth, value, wanted),
        take: () => {
          wanted = near(product, nth, value, wanted).specs;
          take(product.skus.find((one) => same(one.specs, wanted)));
          draw();
        },
      }))))
      : specs(t("mall.sku"), product.skus.map((one) => ({ word: one.name, on: one.id === sku.id, off: one.stock <= 0, take: () => { take(one); draw(); } })));
    const gone = sku.stock <= 0;
    return h("div", { class: "form goods" },
      gallery(app, product),
      h("div", { class: "chosen" }, !product.images.length && tile(app, product), h("div", {}, h("h2", {}, product.name), h("p", { class: "fine" }, product.description),
        h("p", { class: "product-price", "aria-live": "polite" }, money(price(sku.price_fen), "large"),
          sku.price_fen < sku.list_fen && [h("s", {}, `¥${price(sku.list_fen)}`), h("em", { class: "why" }, t(`mall.price.${sku.price_reason}`))]))),
      choices,
      !change && h("div", { class: "stepper" }, h("span", {}, t("mall.quantity"), h("small", {}, gone ? t("mall.sold_out") : t("mall.stock", { count: sku.stock }))),
        stepper(quantity, most(sku), count)),
      change
        ? busyButton({ class: "wide tea", autofocus: true, "data-act": "exchange", disabled: gone, onclick: () => change.done(sku, close) }, t("common.ok"))
        : h("div", { class: "two" },
          busyButton({ class: "wide soft", "data-act": "into-cart", disabled: gone, onclick: () => intoCart(app, sku, quantity, close) }, t("cart.add")),
          busyButton({ class: "wide tea", autofocus: true, "data-act": "order", disabled: gone, onclick: () => {
            close();
            app.go("checkout", { lines: [{ sku_id: sku.id, quantity }] });
          } }, t("mall.order", { amount: price(sku.price_fen * quantity) }))),
      !change && h("button", { type: "button", class: "quiet", "data-act": "again-and-again", disabled: gone, onclick: () => {
        close();
        startStanding(app, product, sku, quantity);
      } }, icon("cycle"), t("standing.offer")));
  }, { label: product.name });
}

/** Fewer and more of something. `count(by)` → the handler. */
export function stepper(quantity, most, count, of = "") {
  return h("span", { class: "steps" },
    h("button", { type: "button", "aria-label": `${t("mall.fewer")} ${of}`.trim(), "data-act": "fewer", disabled: quantity <= 1, onclick: count(-1) }, icon("minus")),
    h("output", { "aria-live": "polite" }, String(quantity)),
    h("button", { type: "button", "aria-label": `${t("mall.more")} ${of}`.trim(), "data-act": "more", disabled: quantity >= most, onclick: count(1) }, icon("plus")));
}

const most = (sku) => Math.max(1, Math.min(MOST, sku.stock));
const same = (one, other) => one.every((value, nth) => value === other[nth]);

/** Whether a SKU that is there has this value, and beside it the others that are wanted where these are given. */
function fits(product, nth, value, wanted = null) {
  return product.skus.some((sku) => sku.specs[nth] === value && sku.stock > 0 && (!wanted || sku.specs.every((one, at) => at === nth || one === wanted[at])));
}

/** The SKU with this value that is there and most like what was chosen. */
function near(product, nth, value, wanted) {
  const alike = (sku) => (sku.stock > 0 ? 100 : 0) + sku.specs.filter((one, at) => one === wanted[at]).length;
  return product.skus.filter((sku) => sku.specs[nth] === value).reduce((best, sku) => (alike(sku) > alike(best) ? sku : best));
}

function specs(legend, choices) {
  return chips(legend, choices.map(({ word, on, off, gone, take }) => ({ word, on, take, "data-spec": word, class: gone && !off ? "dim" : null, disabled: off })));
}

async function intoCart(app, sku, quantity, close) {
  const cart = await app.attempt(() => app.shop.post("/cart", { sku_id: sku.id, quantity }));
  if (!cart) return;
  remember(app, sku.id, sku.price_fen);
  close();
  app.phone.toast(t("cart.added"), "good");
  await app.refresh();
}
