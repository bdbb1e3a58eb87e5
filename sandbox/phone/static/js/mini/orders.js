// Orders: the list, one order with its parcels, paying it from the balance or with a channel, cancelling it, confirming that it came.

import { h, icon } from "../dom.js";
import { moment, price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { whole } from "./addresses.js";
import { card as afterSaleCard } from "./after_sales.js";
import { billCard } from "./bill_card.js";
import { tooLittle, underWay, underWayButtons, underWayNote } from "./combined.js";
import { chooseParts, waysInParts } from "./order_parts.js";
import { goodsWord, less, money } from "./money.js";

const MARKS = { placed: "clock", paid: "check", confirmed: "check", shipping: "bag", shipped: "bag", completed: "check", cancelled: "close" };

export const orders = {
  title: () => t("tab.orders"),
  load: async ({ shop }) => ({ items: await shop.items("/orders") }),
  view(app, { items }) {
    if (!items.length) return emptyState(t("orders.none"), "list", h("button", { class: "small-button", type: "button", onclick: () => app.go("mall") }, t("orders.to_mall")));
    return h("ul", { class: "order-list" }, items.map((one) => h("li", { key: one.order_no },
      h("button", { type: "button", class: "order-card", "data-order": one.order_no, onclick: () => app.go("order", { no: one.order_no }) },
        h("span", { class: "order-top" }, h("time", {}, moment(one.placed_at)), h("span", { class: `state ${one.state}` }, t(`order.${standing(one)}`))),
        h("strong", {}, goodsWord(one.lines)),
        h("span", { class: "order-sum" }, money(price(one.total_fen)))))));
  },
};

export const order = {
  title: () => t("order.title"),
  async load(app, { no }) {
    const { shop } = app;
    const [one, account] = await Promise.all([shop.get(`/orders/${no}`), shop.get("/account")]);
    const bill = one.state === "placed" || one.instalments.length ? await shop.get(`/bills/${one.bill_no}`) : null;
    const pending = bill && (await underWay(shop, bill));
    const after = sent(one) ? await shop.items(`/after-sales?order_no=${no}`) : [];
    const inParts = one.state === "placed" && !pending && !one.under_review ? await waysInParts(app, no) : [];
    return { one, account, bill, pending, after, inParts };
  },
  view(app, { one, account, bill, pending, after }) {
    return [
      h("section", { class: `order-state ${one.state}`, "data-state": one.state }, icon(MARKS[one.state] ?? "list"),
        h("div", {}, h("h3", {}, t(`order.${standing(one)}`)), h("p", {}, saidOf(one)))),
      one.instalments.length > 0 ? billCard(app, bill, pending) : pending && underWayNote(pending),
      one.address && h("section", { class: "block address-line" }, icon("pin"), h("span", {}, h("strong", {}, one.address.recipient, h("small", {}, one.address.phone)), h("span", {}, whole(one.address)))),
      h("section", { class: "block" }, h("ul", { class: "lines" }, one.lines.map((line) => h("li", {},
        h("span", {}, line.product_name, h("small", {}, line.sku_name)), h("span", {}, `×${line.quantity}`), money(yuan(line.amount_fen))))),
      one.discounts.map((off) => h("p", { class: "total" }, off.kind === "points" ? t("order.points") : off.name, less(off.amount_fen))),
      one.freight_fen > 0 && h("p", { class: "total" }, t("order.freight"), money(yuan(one.freight_fen))),
      h("p", { class: "total" }, t("order.total"), money(yuan(one.total_fen), "large")),
      one.tax_fen > 0 && h("p", { class: "fine right" }, t("order.tax", { amount: yuan(one.tax_fen) }))),
      one.shipments.map(parcel),
      after.length > 0 && h("h3", { class: "list-word" }, t("after.title")), after.map((each) => afterSaleCard(app, each)),
      h("dl", { class: "facts" },
        h("div", {}, h("dt", {}, t("order.no")), h("dd", { class: "mono" }, one.order_no)),
        h("div", {}, h("dt", {}, t("order.at")), h("dd", {}, moment(one.placed_at))),
        h("div", {}, h("dt", {}, t("checkout.how")), h("dd", {}, t(one.address ? "checkout.send" : "checkout.fetch"))),
        one.remark && h("div", {}, h("dt", {}, t("checkout.remark")), h("dd", {}, one.remark)),
        h("div", {}, h("dt", {}, t("home.available")), h("dd", {}, money(yuan(account.available_fen))))),
    ];
  },
  foot(app, { one, pending, inParts }) {
    if (pending && one.state === "placed") return underWayButtons(app, pending);
    if (one.under_review) return busyButton({ class: "quiet", "data-act": "cancel-order", onclick: () => cancel(app, one) }, t("order.cancel"));
    if (one.state === "placed") {
      return [
        busyButton({ class: "wide tea", "data-act": "pay-order", onclick: () => pay(app, one) }, t("order.pay", { amount: price(one.total_fen) })),
        inParts.length > 0 && busyButton({ class: "wide soft", "data-act": "pay-in-parts", onclick: () => chooseParts(app, one) }, t("parts.order", { amount: price(Math.min(...inParts.map((way) => way.balance_fen))) })),
        busyButton({ class: "quiet", "data-act": "cancel-order", onclick: () => cancel(app, one) }, t("order.cancel")),
      ];
    }
    const ask = sent(one) && h("button", { type: "button", class: "quiet", "data-act": "apply-after-sale", onclick: () => app.go("applyAfterSale", { no: one.order_no }) }, t("after.apply"));
    if (one.state === "shipped") return [busyButton({ class: "wide tea", "data-act": "receive-order", onclick: () => receive(app, one) }, t("order.receive")), ask];
    if (ask) return ask;
    return one.state === "paid" && busyButton({ class: "quiet", "data-act": "cancel-order", onclick: () => cancel(app, one) }, t("order.cancel_paid"));
  },
};

/** Whether the customer has some of it. */
const sent = (one) => one.lines.some((line) => line.shipped > 0);

function parcel(one, nth) {
  return h("section", { class: "block", "data-parcel": one.shipment_no },
    h("h3", {}, t("order.parcel", { nth: nth + 1 })),
    h("dl", { class: "facts" },
      h("div", {}, h("dt", {}, one.carrier), h("dd", { class: "mono" }, one.tracking_no)),
      (one.trail?.steps ?? []).map((step) => h("div", {}, h("dt", {}, moment(step.at)), h("dd", {}, step.text)))));
}

async function receive(app, one) {
  const received = await app.attempt(() => app.shop.post(`/orders/${one.order_no}/receive`));
  if (received) app.phone.toast(t("order.was_received"), "good");
  await app.refresh();
}

/** Its state as the customer sees it. */
function standing(one) {
  return one.under_review ? "under_review" : one.state;
}

function saidOf(one) {
  if (standing(one) === "placed") return t("order.placed.text", { time: moment(one.expires_at) });
  return t(one.state === "paid" && one.owed_fen > 0 ? "order.paid_in_parts.text" : `order.${standing(one)}.text`);
}

async function pay(app, one) {
  const paid = await app.attempt(() => app.shop.post(`/orders/${one.order_no}/pay`), { refused: (fault) => tooLittle(app, fault, `/orders/${one.order_no}`, one.total_fen) });
  if (paid) app.phone.toast(t(paid.under_review ? "order.under_review" : "order.was_paid"), "good");
  await app.refresh();
}

async function cancel(app, one) {
  const sure = await app.confirm({ title: t("order.cancel_sure"), text: one.state === "paid" ? t(one.owed_fen > 0 ? "order.cancel_parts_text" : "order.cancel_paid_text") : null, yes: t("order.cancel"), tone: "danger" });
  if (!sure) return;
  const cancelled = await app.attempt(() => app.shop.post(`/orders/${one.order_no}/cancel`));
  if (cancelled) app.phone.toast(t("order.was_cancelled"));
  await app.refresh();
}
