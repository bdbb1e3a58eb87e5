// What is paid in parts: bills and orders, those under way and asked about first, then those that are over.

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { emptyState } from "../phone.js";
import { billCard, isInParts, readBills, settledRows } from "./bill_card.js";
import { owedBills } from "./bills.js";

export const instalmentPlans = {
  title: () => t("parts.title"),
  async load({ shop }) {
    const [owed, paid] = await Promise.all([owedBills(shop), shop.items("/bills?state=paid")]);
    const { items, pending } = await readBills(shop, owed);
    return { items: items.filter((one) => isInParts(one) || one.proposed), pending, over: paid.filter(isInParts) };
  },
  view(app, { items, pending, over }) {
    if (!items.length && !over.length) return emptyState(t("parts.none"), "parts");
    return [
      items.length > 0 && h("h3", { class: "list-word" }, t("parts.running")), items.map((one) => billCard(app, one, pending[one.bill_no])),
      over.length > 0 && h("h3", { class: "list-word" }, t("parts.over")),
      over.length > 0 && settledRows(over),
    ];
  },
};
