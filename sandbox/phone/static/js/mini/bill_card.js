// A bill as a card: what is left of it, its parts where it is paid in parts, and paying it.

import { h, icon } from "../dom.js";
import { day, price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { isCombined, tooLittle, underWayButtons, underWayNote } from "./combined.js";
import { askedFen, lookAtProposal, partsList, payAnAmount, tooLittleForAPart } from "./instalments.js";
import { money } from "./money.js";

export const isOwed = (one) => one.state === "open" || one.state === "partly_paid";
export const isInParts = (one) => one.collect_mode === "instalments";

/** These bills, the owed ones whole, and by their numbers the payments that are under way for them. */
export async function readBills(shop, listed) {
  const items = await Promise.all(listed.map((one) => isOwed(one) ? shop.get(`/bills/${one.bill_no}`) : one));
  const pending = await Promise.all(items.filter(isCombined).map((one) => shop.get(`/combined-payments/${one.pending_no}`)));
  return { items, pending: Object.fromEntries(pending.map((one) => [one.bill_no, one])) };
}

export function billCard(app, one, pending) {
  const left = one.amount_fen - one.paid_fen;
  const inParts = one.instalments.length > 0;
  const late = one.instalments.some((part) => part.state === "overdue");
  const orderNo = /^order:(.+)$/.exec(one.source)?.[1];
  return h("article", { class: `bill-card ${late ? "late" : ""} ${isOwed(one) ? "" : "over"}`, key: one.bill_no, "data-bill": one.bill_no, "data-state": one.state },
    h("div", {}, h("h3", {}, one.title),
      isOwed(one) && h("p", {}, icon("clock"), t(late ? "parts.late" : inParts ? "parts.next" : "bills.due", { day: day(one.due_at) })),
      one.paid_fen > 0 && h("p", {}, inParts ? t("parts.paid_of", { amount: yuan(one.paid_fen), total: yuan(one.amount_fen) }) : t("bills.partly", { amount: yuan(one.paid_fen) })),
      one.automatic && isOwed(one) && h("p", {}, t("bills.automatic")),
      inParts && partsList(one.instalments, t("parts.list")),
      one.proposed && h("button", { type: "button", class: "small-button", "data-act": "look-at-parts", onclick: () => lookAtProposal(app, one) }, t("parts.look", { count: one.proposed.parts.length })),
      orderNo && app.place.name !== "order" && h("button", { type: "button", class: "link", "data-act": "order-of-bill", onclick: () => app.go("order", { no: orderNo }) }, t("parts.to_order"), icon("next")),
      pending && underWayNote(pending)),
    isOwed(one) && h("div", { class: "bill-end" }, inParts ? h("p", { class: "bill-left" }, t("parts.left_word"), money(yuan(left), "large")) : money(yuan(left), "large"),
      one.under_review ? h("p", { class: "fine" }, t("order.under_review.text"))
      : pending ? underWayButtons(app, pending) : payButtons(app, one, left)));
}

/** Bills of which nothing is owed any more. */
export function settledRows(settled) {
  return h("ul", { class: "rows sheet-of-paper" }, settled.map((one) => h("li", { class: "row", key: one.bill_no },
    h("div", {}, h("strong", {}, one.title), h("small", {}, day(one.due_at))),
    h("div", { class: "row-end" }, h("b", {}, yuan(one.amount_fen)), h("span", { class: `state ${one.state}` }, t(`bill.${one.state}`))))));
}

function payButtons(app, one, left) {
  const asked = askedFen(one);
  const ahead = isInParts(one) && one.due_fen === 0 && asked < left;
  return [busyButton({ class: "small-button tea", "data-act": "pay-bill", onclick: () => pay(app, one, asked, left) }, t(ahead ? "parts.pay_ahead" : "bills.pay", { amount: price(asked) })),
    one.collect_mode !== "full" && h("button", { type: "button", class: "small-button", "data-act": "pay-amount", onclick: () => payAnAmount(app, one) }, t("parts.pay_amount"))];
}

async function pay(app, one, asked, left) {
  const refused = (fault) => (asked === left ? tooLittle(app, fault, `/bills/${one.bill_no}`, left) : tooLittleForAPart(app, fault));
  const paid = await app.attempt(() => app.shop.post(`/bills/${one.bill_no}/pay`, { amount_fen: asked }), { refused });
  if (paid) app.phone.toast(t("bills.was_paid", { amount: price(asked) }), "good");
  await app.refresh();
}
