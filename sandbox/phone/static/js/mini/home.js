import { h, icon } from "../dom.js";
import { day, price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { emptyState } from "../phone.js";
import { owedBills, toPay, toPayFen } from "./bills.js";
import { nextStrip, upcoming } from "./bookings.js";
import { changeRow } from "./records.js";
import { editThreshold } from "./threshold.js";

export const home = {
  title: () => t("tab.home"),
  async load({ shop }) {
    const [account, recent, owed, lasts, booked] = await Promise.all([
      shop.get("/account"), shop.items("/account/changes", 5), owedBills(shop).then(toPay), shop.get("/account/forecast"), upcoming(shop)]);
    return { account, recent, owed, lasts, booked: booked.at(0) };
  },
  view(app, { account, recent, owed, lasts, booked }) {
    const owedFen = owed.reduce((sum, one) => sum + toPayFen(one), 0);
    return [
      balanceCard(app, account, lasts),
      owed.length > 0 && h("button", { class: "owed-strip", type: "button", "data-act": "owed", onclick: () => app.go("bills") },
        icon("warn"), h("span", {}, t(owed.length === 1 ? "home.owed_one" : "home.owed", { count: owed.length, amount: price(owedFen) })), icon("next")),
      booked && nextStrip(app, booked),
      h("nav", { class: "quick", "aria-label": t("home.quick") },
        quick("bill", t("home.bills"), () => app.go("bills"), owed.length),
        quick("wave", t("home.changes"), () => app.go("changes")),
        quick("card", t("home.top_ups"), () => app.go("topUps")),
        quick("bell", t("home.threshold"), () => editThreshold(app, account))),
      h("section", { class: "block" },
        h("header", {}, h("h3", {}, t("home.recent")),
          recent.length > 0 && h("button", { class: "link", type: "button", onclick: () => app.go("changes") }, t("home.all"), icon("next"))),
        recent.length ? h("ul", { class: "rows" }, recent.map(changeRow)) : emptyState(t("home.nothing_yet"), "cup")),
    ];
  },
};

function balanceCard(app, account, lasts) {
  const part = (name, fen, extra = "") => h("div", { class: extra }, h("dt", {}, t(`home.${name}`)),
    h("dd", { "data-fen": fen, "data-part": name }, yuan(fen)));
  return h("section", { class: "balance", "aria-label": t("home.balance") },
    h("div", { class: "balance-top" },
      h("div", {},
        h("p", { class: "balance-word" }, t("home.available")),
        h("p", { class: "balance-sum", "data-part": "available", "data-fen": account.available_fen }, h("i", {}, "¥"), yuan(account.available_fen)),
        lasts.runs_out_on && h("p", { class: "balance-word", "data-part": "forecast" },
          lasts.days ? t("home.lasts", { days: lasts.days, day: day(lasts.runs_out_on) }) : t("home.lasts_not"))),
      h("button", { class: "top-up-button", type: "button", "data-act": "top-up", onclick: () => app.go("topUp") }, t("home.top_up"))),
    h("dl", {}, part("principal", account.principal_fen), part("bonus", account.bonus_fen, "gold"), part("held", account.held_fen)),
    account.credit_limit_fen > 0 && h("p", { class: "balance-word", "data-part": "credit" },
      t("home.credit", { limit: price(account.credit_limit_fen), used: price(account.credit_used_fen), left: price(account.credit_left_fen) })));
}

function quick(mark, word, onclick, count = 0) {
  return h("button", { type: "button", onclick }, h("span", {}, icon(mark), count > 0 && h("b", { class: "dot" }, String(count))), word);
}
