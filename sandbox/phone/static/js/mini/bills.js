// Bills: what is owed, in which parts, and paying it from the balance.

import { h, icon } from "../dom.js";
import { day, price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { isCombined, underWayButtons, underWayNote } from "./combined.js";
import { askedFen, lookAtProposal, partsList, payAnAmount, tooLittleForAPart } from "./instalments.js";
import { money } from "./money.js";
import { tooLittle } from "./orders.js";

const OWED = "/bills?state=open&state=partly_paid";

/** Bills to pay, without those of orders: these are paid with the order. */
export async function owedBills(shop) {
  return (await shop.items(OWED)).filter((one) => !one.source.startsWith("order:"));
}

const isOwed = (one) => one.state === "open" || one.state === "partly_paid";

export const bills = {
  title: () => t("home.bills"),
  async load({ shop }) {
    const all = await shop.items("/bills");
    const listed = all.filter((one) => !one.source.startsWith("order:"));
    const items = await Promise.all(listed.map((one) => isOwed(one) ? shop.get(`/bills/${one.bill_no}`) : one));
    const waiting = items.filter(isCombined);
    const pending = await Promise.all(waiting.map((one) => shop.get(`/combined-payments/${one.pending_no}`)));
    return { items, pending: Object.fromEntries(pending.map((one) => [one.bill_no, one])) };
  },
  view(app, { items, pending }) {
    if (!items.length) return emptyState(t("bills.none"), "bill");
    const [owed, settled] = [items.filter(isOwed), items.filter((one) => !isOwed(one))];
    return [
      owed.length > 0 && h("h3", { class: "list-word" }, t("bills.owed")),
      owed.map((one) => card(app, one, pending[one.bill_no])),
      settled.length > 0 && h("h3", { class: "list-word" }, t("bills.settled")),
      settled.length > 0 && h("ul", { class: "rows sheet-of-paper" }, settled.map((one) => h("li", { class: "row", key: one.bill_no },
        h("div", {}, h("strong", {}, one.title), h("small", {}, day(one.due_at))),
        h("div", { class: "row-end" }, h("b", {}, yuan(one.amount_fen)), h("span", { class: `state ${one.state}` }, t(`bill.${one.state}`)))))),
    ];
  },
};

function card(app, one, pending) {
  const left = one.amount_fen - one.paid_fen;
  const asked = askedFen(one);
  const inParts = one.instalments.length > 0;
  return h("article", { class: "bill-card", key: one.bill_no, "data-bill": one.bill_no, "data-state": one.state },
    h("div", {}, h("h3", {}, one.title), h("p", {}, icon("clock"), t("bills.due", { day: day(one.due_at) })),
      one.paid_fen > 0 && h("p", {}, t("bills.partly", { amount: yuan(one.paid_fen) })),
      one.automatic && h("p", {}, t("bills.automatic")),
      inParts && partsList(one.instalments, t("parts.list")),
      one.proposed && h("button", { type: "button", class: "small-button", "data-act": "look-at-parts", onclick: () => lookAtProposal(app, one) }, t("parts.look", { count: one.proposed.parts.length })),
      pending && underWayNote(pending)),
    h("div", { class: "bill-end" }, money(yuan(left), "large"),
      one.under_review ? h("p", { class: "fine" }, t("order.under_review.text"))
      : pending ? underWayButtons(app, pending) : [busyButton({ class: "small-button tea", "data-act": "pay-bill", onclick: () => pay(app, one, asked, left) }, t("bills.pay", { amount: price(asked) })),
        one.collect_mode !== "full" && h("button", { type: "button", class: "small-button", "data-act": "pay-amount", onclick: () => payAnAmount(app, one) }, t("parts.pay_amount"))]));
}

async function pay(app, one, asked, left) {
  const refused = (fault) => (asked === left ? tooLittle(app, fault, `/bills/${one.bill_no}`, left) : tooLittleForAPart(app, fault));
  const paid = await app.attempt(() => app.shop.post(`/bills/${one.bill_no}/pay`, { amount_fen: asked }), { refused });
  if (paid) app.phone.toast(t("bills.was_paid", { amount: price(asked) }), "good");
  await app.refresh();
}
