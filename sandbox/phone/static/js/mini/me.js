import { h, icon } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { isInParts } from "./bill_card.js";
import { owedBills, toPay } from "./bills.js";
import { upcoming } from "./bookings.js";
import { memberStrip } from "./member.js";
import { editThreshold } from "./threshold.js";

export const me = {
  title: () => t("tab.me"),
  async load({ shop }) {
    const [account, owed, customer, standing, points, coupons, booked] = await Promise.all([
      shop.get("/account"), owedBills(shop), shop.get("/profile"), shop.get("/tier"), shop.get("/points"), shop.items("/coupons?state=unused"), upcoming(shop)]);
    return { account, owed: toPay(owed), inParts: owed.filter(isInParts).length, customer, standing, points, coupons: coupons.length, booked: booked.length };
  },
  view(app, found) {
    const { account, owed, inParts, customer, booked } = found;
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
        row("clock", t("booking.title"), booked > 0 && t("booking.count", { count: booked }), () => app.go("bookings"), "bookings"),
        row("cycle", t("after.title"), "", () => app.go("afterSales"), "after-sales")),
      h("ul", { class: "me-list" },
        row("bill", t("home.bills"), owed.length > 0 && h("b", { class: "dot" }, String(owed.length)), () => app.go("bills"), "bills"),
        row("parts", t("parts.title"), inParts > 0 && t("parts.under_way", { count: inParts }), () => app.go("instalmentPlans"), "instalments")),
      h("ul", { class: "me-list" },
        row("wave", t("home.changes"), "", () => app.go("changes"), "changes"),
        row("card", t("home.top_ups"), "", () => app.go("topUps"), "top-ups"),
        row("warn", t("home.threshold"), threshold === null ? t("threshold.none") : t("threshold.below", { amount: price(threshold) }), () => editThreshold(app, account), "threshold")),
      h("ul", { class: "me-list" }, row("phone", t(`me.other_app.${app.within === "alipay" ? "wechat" : "alipay"}`), "", () => app.turn(), "other-app")),
    ];
  },
};
