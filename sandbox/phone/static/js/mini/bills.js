// Bills: what is to be paid, and what was.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { emptyState } from "../phone.js";
import { billCard, isInParts, isOwed, readBills, settledRows } from "./bill_card.js";

const OWED = "/bills?state=open&state=partly_paid";

/** The bills that are owed, without those of orders that were not paid yet: these are paid with the order. */
export async function owedBills(shop) {
  return (await shop.items(OWED)).filter(standsAlone);
}

const standsAlone = (one) => !one.source.startsWith("order:") || isInParts(one);

/** Those of which something is to be paid now; of instalments others come on their days. */
export const toPay = (owed) => owed.filter((one) => !isInParts(one) || one.due_fen > 0);

/** How much that is. */
export const toPayFen = (one) => (isInParts(one) ? one.due_fen : one.amount_fen - one.paid_fen);

export const bills = {
  title: () => t("home.bills"),
  async load({ shop }) {
    const all = await shop.items("/bills");
    return readBills(shop, all.filter(standsAlone));
  },
  view(app, { items, pending }) {
    if (!items.length) return emptyState(t("bills.none"), "bill");
    const [owed, settled] = [items.filter(isOwed), items.filter((one) => !isOwed(one))];
    return [
      owed.length > 0 && h("h3", { class: "list-word" }, t("bills.owed")),
      owed.map((one) => billCard(app, one, pending[one.bill_no])),
      settled.length > 0 && h("h3", { class: "list-word" }, t("bills.settled")),
      settled.length > 0 && settledRows(settled),
    ];
  },
};
