// The checkout: where to, which coupons and points, by what it is paid, what it comes to; then the order.

import { h, icon } from "../dom.js";
import { price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { Intent, ShopRefused } from "../shop.js";
import { chooseAddress, whole } from "./addresses.js";
import { payTogether, shareOf } from "./combined.js";
import { chooseCoupons } from "./coupons.js";
import { less, money } from "./money.js";
import { chooseParts } from "./order_parts.js";

export const checkout = {
  title: () => t("checkout.title"),
  async load({ shop }, params) {
    params.intent ??= new Intent();
    const [addresses, account, stores, savings] = await Promise.all([
      shop.items("/addresses"), shop.get("/account"), shop.get("/stores").then((page) => page.items),
      shop.post("/quotes/savings", { lines: params.lines, ...at(params) }).catch(refusedOnly)]);
    if (params.address === undefined) params.address = addresses.find((one) => one.is_default)?.id ?? null;
    if (!addresses.some((one) => one.id === params.address)) params.address = null;
    return { lines: params.lines, addresses, account, stores, savings, ...(await priced(shop, params)) };
  },
  /** Not what another checkout came to. */
  fits: (found, { lines }) => found.lines === lines,
  view(app, found, params) {
    const { quote, fault } = found;
    if (!quote) return emptyState(fault.message, "warn", h("button", { class: "small-button", type: "button", onclick: () => app.back() }, t("common.back")));
    return [
      whereTo(app, found, params),
      fault && h("p", { class: "notice", role: "alert", "data-fault": fault.code }, icon("warn"), h("span", {}, fault.message)),
      app.place.failed && found.of !== asText(params) && h("p", { class: "notice", role: "alert", "data-fault": "unpriced" }, icon("warn"), h("span", {}, app.place.failed),
        h("button", { type: "button", class: "link", "data-act": "price-again", onclick: () => app.refresh() }, t("common.again"))),
      changed(app, found, params),
      h("section", { class: "block" }, h("ul", { class: "cart-lines plain" }, quote.lines.map(goods))),
      savingsRows(app, found, params),
      h("label", { class: "remark" }, h("span", {}, t("checkout.remark")),
        h("input", { type: "text", name: "remark", maxlength: "200", value: params.remark ?? "", placeholder: t("checkout.remark_hint"), autocomplete: "off", oninput: (event) => { params.remark = event.target.value; params.intent.renew(); } })),
      sums(quote),
      ways(app, found, params),
    ];
  },
  foot(app, found, params) {
    const { quote, fault, of } = found;
    if (!quote) return null;
    const unpriced = of !== asText(params); // what is shown is not yet what was chosen
    const short = quote.lines.some((one) => !one.in_stock);
    return h("div", { class: "cart-foot" },
      h("p", { class: "cart-sum" }, h("small", {}, t("order.total")), h("span", { "data-total-fen": quote.total_fen }, money(yuan(quote.total_fen)))),
      busyButton({ class: "wide tea", "data-act": "place-order", disabled: Boolean(fault) || short || unpriced, onclick: () => place(app, found, params) }, t("checkout.place")));
  },
};

const at = ({ store }) => ({ store: store ?? null });

const wishOf = ({ lines, address, store, coupons, points }) =>
  ({ lines, store: store ?? null, address_id: address ?? null, coupon_nos: coupons ?? [], points: points ?? 0 });
const asText = (params) => JSON.stringify(wishOf(params));

function refusedOnly(fault) {
  if (!(fault instanceof ShopRefused)) throw fault;
  return null;
}

/** What it comes to, and `of` which wish; where that is refused, what it would without what is in the way. */
async function priced(shop, params) {
  const ask = (more) => shop.post("/quotes", { ...wishOf(params), ...more });
  const of = asText(params);
  try {
    return { quote: await ask({}), fault: null, of };
  } catch (fault) {
    refusedOnly(fault);
    if (fault.code === "too_many_points" && fault.params.most > 0) {
      params.points = fault.params.most;
      return priced(shop, params);
    }
    if (/^(coupon|no_such_coupon|points|too_many_points)/.test(fault.code)) Object.assign(params, { coupons: [], points: 0 });
    const plain = await ask({ address_id: null, coupon_nos: [], points: 0 }).catch(refusedOnly);
    return { quote: plain, fault, of: asText(params) };
  }
}

function whereTo(app, { addresses, stores }, params) {
  const address = addresses.find((one) => one.id === params.address);
  const turn = (toAddress) => async () => {
    params.address = toAddress ? addresses[0]?.id ?? null : null;
    params.store = toAddress ? null : params.store;
    renewed(app, params);
    if (toAddress && !addresses.length) await pickAddress(app, params);
  };
  const tab = (name, on, act) => h("button", { type: "button", role: "tab", "aria-selected": String(on), "data-by": name, onclick: act }, t(`checkout.${name}`));
  return h("section", { class: "block where-to" },
    h("div", { class: "segments", role: "tablist", "aria-label": t("checkout.how") }, tab("send", Boolean(address), turn(true)), tab("fetch", !address, turn(false))),
    address
      ? h("button", { type: "button", class: "address-line", "data-act": "pick-address", onclick: () => pickAddress(app, params) },
        h("span", {}, h("strong", {}, address.recipient, h("small", {}, address.phone), address.label && h("i", { class: "state" }, address.label)), h("span", {}, whole(address))), icon("next"))
      : h("label", { class: "where plain" }, h("span", {}, t("checkout.store")),
        h("select", { name: "store", onchange: (event) => { params.store = event.target.value || null; renewed(app, params); } },
          h("option", { value: "", selected: !params.store }, t("checkout.any_store")), stores.map((one) => h("option", { value: one.code, selected: one.code === params.store }, one.name)))));
}

async function pickAddress(app, params) {
  const chosen = await chooseAddress(app, params.address);
  if (chosen !== undefined) params.address = chosen;
  renewed(app, params);
}

/** Something else is wanted: another intention, priced anew. */
function renewed(app, params) {
  params.intent.renew();
  app.draw();
  return app.refresh();
}

/** Says it where the total is another than it was a moment ago, though nothing else was chosen. */
function changed(app, { quote, fault, of }, params) {
  if (params.totalOf !== of || fault) Object.assign(params, { total: quote.total_fen, totalOf: of });
  if (params.total === quote.total_fen) return null;
  return h("p", { class: "notice", role: "alert", "data-note": "total-changed" }, icon("warn"),
    h("span", {}, t("checkout.changed", { was: yuan(params.total), now: yuan(quote.total_fen) })),
    h("button", { type: "button", class: "link", "data-act": "seen-total", onclick: () => { params.total = quote.total_fen; app.draw(); } }, t("cart.seen")));
}

function goods(one) {
  return h("li", { key: `q${one.sku_id}` },
    h("div", { class: "cart-words" }, h("strong", {}, one.product_name), h("small", {}, one.sku_name),
      !one.in_stock && h("p", { class: "note dear" }, one.available > 0 ? t("cart.only", { count: one.available }) : t("cart.out"))),
    h("div", { class: "row-end" }, h("b", {}, money(yuan(one.price_fen))), h("small", {}, `×${one.quantity}`)));
}

function savingsRows(app, { quote, savings }, params) {
  if (!savings) return null;
  const usable = savings.coupons.filter((one) => !one.refusal).length;
  const off = (kind) => quote.discounts.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.amount_fen, 0);
  const { points } = savings;
  return h("ul", { class: "me-list" },
    h("li", {}, h("button", { type: "button", class: "me-row", "data-act": "pick-coupons", onclick: async () => {
      const chosen = await chooseCoupons(app, savings.coupons, params.coupons ?? []);
      if (chosen === undefined) return;
      params.coupons = chosen;
      renewed(app, params);
    } }, icon("ticket"), h("span", {}, t("coupons.title")),
    h("span", { class: "me-end" }, params.coupons?.length ? h("b", { class: "off" }, `−¥${price(off("coupon"))}`) : t(usable ? "coupons.usable" : "coupons.none_usable", { count: usable })), icon("next"))),
    points.points > 0 && h("li", {}, h("label", { class: "me-row" }, icon("star"),
      h("span", {}, t("points.use", { points: params.points || points.points, amount: price(off("points") || points.off_fen) })),
      h("input", { type: "checkbox", name: "points", checked: Boolean(params.points), onchange: (event) => {
        params.points = event.target.checked ? points.points : 0;
        renewed(app, params);
      } }), h("span", { class: "tick" }, icon("check")))));
}

function sums(quote) {
  const row = (word, fen, name, extra) => h("div", { class: extra, "data-sum": name }, h("dt", {}, word), h("dd", {}, fen < 0 ? less(-fen) : money(yuan(fen))));
  return h("dl", { class: "facts" },
    row(t("checkout.goods"), quote.goods_fen, "goods"),
    quote.discounts.map((one) => row(one.kind === "points" ? t("order.points") : one.name, -one.amount_fen, one.kind, "off")),
    row(t("order.freight"), quote.freight_fen, "freight"),
    row(t("order.total"), quote.total_fen, "total", "sum"),
    quote.tax_fen > 0 && row(t("checkout.tax"), quote.tax_fen, "tax", "fine"));
}

/** By what it can be paid; what the balance lacks may come by a channel. */
function ways(app, { quote, account }, params) {
  const has = account.available_fen;
  const enough = has >= quote.total_fen;
  const open = enough ? ["balance"] : [];
  const channels = app.within === "alipay" ? ["alipay"] : ["wechat_pay", "alipay"];
  open.push(...channels, ...(quote.instalment_parts.length ? ["parts"] : []), "later");
  if (!open.includes(params.way)) [params.way] = open;
  const share = has > 0 && !enough;
  return h("fieldset", { class: "channels", key: "ways" }, h("legend", {}, t("topup.pay_with")), open.map((one) => h("label", { class: "channel", "data-way": one, key: `way-${one}` },
    h("span", { class: `channel-mark ${one}` }, icon({ balance: "wave", later: "clock", parts: "parts" }[one] ?? "chat")),
    h("span", {}, h("strong", {}, t(one in WORDS ? WORDS[one] : `channel.${one}`)),
      h("small", {}, one === "balance" ? t("ways.has", { amount: yuan(has) }) : one === "later" ? t("ways.later_text")
        : one === "parts" ? t("ways.parts_text", { counts: quote.instalment_parts.join(t("rhythm.and")) })
        : share ? t("ways.share", { balance: price(has), rest: price(quote.total_fen - has) }) : t("ways.all", { rest: price(quote.total_fen) }))),
    h("input", { type: "radio", name: "way", checked: params.way === one, onchange: () => { params.way = one; params.intent.renew(); app.draw(); } }),
    h("span", { class: "tick" }, icon("check")))));
}

const WORDS = { balance: "ways.balance", later: "ways.later", parts: "ways.parts" };

async function place(app, { quote, account }, params) {
  const { shop } = app;
  const body = { ...wishOf(params), remark: (params.remark ?? "").trim(), total_fen: quote.total_fen, pay_from: params.way === "balance" ? "balance" : null };
  const made = await params.intent.once(app, (key) => shop.post("/orders", body, key));
  if (!made) return app.refresh();
  if (params.fromCart) await shop.post("/cart/remove", { sku_ids: params.lines.map((one) => one.sku_id) }).catch(() => null);
  if (shop !== app.shop) return undefined;
  if (app.place.params === params) app.stack.pop();
  if (made.state === "paid") app.phone.toast(t(made.under_review ? "order.under_review" : "order.was_paid"), "good");
  const shown = app.go("order", { no: made.order_no });
  if (made.state === "placed" && params.way === "parts") {
    await chooseParts(app, made);
  } else if (made.state === "placed" && params.way !== "later" && params.way !== "balance") {
    await payTogether(app, `/orders/${made.order_no}`, shareOf(account, made.total_fen), params.way);
  }
  return shown;
}
