import { h, icon } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { owedBills } from "./bills.js";
import { memberStrip } from "./member.js";
import { editThreshold } from "./threshold.js";

export const me = {
  title: () => t("tab.me"),
  async load({ shop }) {
    const [account, owed, customer, standing, points, coupons] = await Promise.all([
      shop.get("/account"), owedBills(shop), shop.get("/profile"), shop.get("/tier"), shop.get("/points"), shop.items("/coupons?state=unused")]);
    return { account, owed, customer, standing, points, coupons: coupons.length };
  },
  view(app, found) {
    const { account, owed, customer } = found;
    const threshold = account.low_balance_threshold_fen;
    const row = (mark, word, end, onclick, act) => h("li", {}, h("button", { type: "button", class: "me-row", "data-act": act, onclick },
      icon(mark), h("span", {}, word), h("span", { class: "me-end" }, end), icon("next")));
    const unread = app.unreadMessages();
    return [
      h("button", { type: "button", class: "who", "data-act": "profile", onclick: () => app.go("details") }, h("span", { class: "avatar me large" }, [...app.person.nickname][0]),
        h("div", {}, h("h3", {}, customer.name || app.person.nickname), h("p", { class: "fine" }, t("me.customer_no", { no: customer.id }))), icon("next")),
      memberStrip(app, found),
      h("ul", { class: "me-list" },
        row("bell", t("me.messages"), unread > 0 && h("b", { class: "dot" }, String(unread)), () => app.go("messages"), "messages"),
        row("cart", t("cart.title"), "", () => app.go("cart"), "cart"),
        row("pin", t("addresses.title"), "", () => app.go("addresses"), "addresses"),
        row("cycle", t("after.title"), "", () => app.go("afterSales"), "after-sales")),
      h("ul", { class: "me-list" },
        row("bill", t("home.bills"), owed.length > 0 && h("b", { class: "dot" }, String(owed.length)), () => app.go("bills"), "bills")),
      h("ul", { class: "me-list" },
        row("wave", t("home.changes"), "", () => app.go("changes"), "changes"),
        row("card", t("home.top_ups"), "", () => app.go("topUps"), "top-ups"),
        row("warn", t("home.threshold"), threshold === null ? t("threshold.none") : t("threshold.below", { amount: price(threshold) }), () => editThreshold(app, account), "threshold")),
      h("ul", { class: "me-list" }, row("phone", t(`me.other_app.${app.within === "alipay" ? "wechat" : "alipay"}`), "", () => app.turn(), "other-app")),
    ];
  },
};
