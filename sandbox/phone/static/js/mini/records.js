// Lists that are only read: what happened to the balance, top-ups, messages.

import { h } from "../dom.js";
import { moment, signed, yuan } from "../format.js";
import { t, tOr } from "../i18n.js";
import { emptyState } from "../phone.js";
import { noticeCard } from "../wechat/cards.js";
import { money } from "./money.js";
import { refundLinks, refundRow } from "./refund.js";
import { remittanceRow } from "./remit.js";

export function changeRow(change) {
  const total = change.principal_fen + change.bonus_fen;
  const parts = change.bonus_fen !== 0 && [change.principal_fen && `${t("home.principal")} ${signed(change.principal_fen)}`,
    `${t("home.bonus")} ${signed(change.bonus_fen)}`].filter(Boolean).join(" · ");
  return h("li", { class: "row", key: `change${change.id}`, "data-kind": change.kind },
    h("div", {}, h("strong", {}, change.memo || tOr(`change.${change.kind}`, change.kind)),
      h("small", {}, h("time", {}, moment(change.at))), parts && h("small", {}, parts)),
    h("div", { class: "row-end" }, h("b", { class: total > 0 ? "in" : "" }, signed(total)),
      h("small", {}, t("changes.after", { amount: yuan(change.balance_after_fen) }))));
}

export const changes = {
  title: () => t("home.changes"),
  load: async ({ shop }) => ({ items: await shop.items("/account/changes") }),
  view: (_app, { items }) => items.length ? h("ul", { class: "rows sheet-of-paper" }, items.map(changeRow)) : emptyState(t("home.nothing_yet"), "cup"),
};

export const topUps = {
  title: () => t("home.top_ups"),
  async load({ shop }) {
    const [items, refunds, sent] = await Promise.all([shop.items("/top-ups"), shop.items("/refunds"), shop.items("/remittances")]);
    return { items, refunds, sent };
  },
  view(app, { items, refunds, sent }) {
    if (!items.length && !refunds.length && !sent.length) return emptyState(t("top_ups.none"), "card");
    return [sent.length > 0 && h("ul", { class: "rows sheet-of-paper" }, sent.map((one) => remittanceRow(app, one))),
      refunds.length > 0 && h("h3", { class: "list-word" }, t("refund.list")), refunds.length > 0 && h("ul", { class: "rows sheet-of-paper" }, refunds.map(refundRow)),
      h("ul", { class: "rows sheet-of-paper" }, items.map((one) => h("li", { class: "row", key: one.top_up_no },
      h("div", {}, h("strong", {}, money(yuan(one.pay_fen)), one.bonus_fen > 0 && h("em", { class: "bonus-tag" }, t("topup.gives", { amount: yuan(one.bonus_fen) }))),
        h("small", {}, t(`channel.${one.payment.channel}`), " · ", h("time", {}, moment(one.created_at)))),
      h("div", { class: "row-end" }, h("span", { class: `state ${one.state}` }, t(`top_up.${one.state}`)),
        one.state === "pending" && h("button", { class: "link", type: "button", onclick: () => app.go("outcome", { no: one.top_up_no }) }, t("top_ups.look")),
        one.state === "credited" && refundLinks(app, one)))))];
  },
};

export const messages = {
  title: () => t("me.messages"),
  load: async ({ shop }) => ({ items: await shop.items("/messages") }),
  view(app, { items }, params) {
    const shown = params.side ?? "platform";
    const choose = (side) => () => {
      params.side = side;
      app.draw();
    };
    const delivered = [...app.notices()].reverse();
    if (shown === "platform") app.messagesSeen();
    return [
      h("div", { class: "segments", role: "tablist" },
        segment("platform", shown, choose, t("messages.platform")), segment("shop", shown, choose, t("messages.shop"))),
      shown === "platform"
        ? h("div", { class: "cards", role: "tabpanel" }, delivered.length
          ? delivered.map((item) => [h("time", { class: "stamp" }, moment(item.at)), noticeCard(item, { merchant: app.merchant, openMini: (path) => app.openPath(path) })])
          : emptyState(t("wechat.no_notices"), "bell"))
        : h("div", { role: "tabpanel" }, items.length ? h("ul", { class: "rows sheet-of-paper" }, items.map((one) => h("li", { class: "row message", key: `m${one.id}`, "data-kind": one.kind },
          h("div", {}, h("strong", {}, one.title), h("p", {}, one.body), h("small", {}, h("time", {}, moment(one.at)), " · ", tOr(`message.${one.state}`, one.state))))))
          : emptyState(t("messages.none"), "bell")),
    ];
  },
};

function segment(side, shown, choose, word) {
  return h("button", { type: "button", role: "tab", "aria-selected": String(side === shown), "data-side": side, onclick: choose(side) }, word);
}
