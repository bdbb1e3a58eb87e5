import { h, icon } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { owedBills } from "./bills.js";
import { editThreshold } from "./threshold.js";

export const me = {
  title: () => t("tab.me"),
  async load({ shop }) {
    const [account, owed, customer] = await Promise.all([shop.get("/account"), owedBills(shop), shop.customer()]);
    return { account, owed, customer };
  },
  view(app, { account, owed, customer }) {
    const threshold = account.low_balance_threshold_fen;
    const row = (mark, word, end, onclick, act) => h("li", {}, h("button", { type: "button", class: "me-row", "data-act": act, onclick },
      icon(mark), h("span", {}, word), h("span", { class: "me-end" }, end), icon("next")));
    const unread = app.unreadMessages();
    return [
      h("section", { class: "who" }, h("span", { class: "avatar me large" }, [...app.person.nickname][0]),
        h("div", {}, h("h3", {}, customer.name || app.person.nickname), h("p", { class: "fine" }, t("me.customer_no", { no: customer.id })))),
      h("ul", { class: "me-list" },
        row("bell", t("me.messages"), unread > 0 && h("b", { class: "dot" }, String(unread)), () => app.go("messages"), "messages"),
        row("bill", t("home.bills"), owed.length > 0 && h("b", { class: "dot" }, String(owed.length)), () => app.go("bills"), "bills")),
      h("ul", { class: "me-list" },
        row("wave", t("home.changes"), "", () => app.go("changes"), "changes"),
        row("card", t("home.top_ups"), "", () => app.go("topUps"), "top-ups"),
        row("warn", t("home.threshold"), threshold === null ? t("threshold.none") : t("threshold.below", { amount: price(threshold) }), () => editThreshold(app, account), "threshold")),
      h("ul", { class: "me-list" }, row("phone", t(`me.other_app.${app.within === "alipay" ? "wechat" : "alipay"}`), "", () => app.turn(), "other-app")),
    ];
  },
};
