// Cards in WeChat: messages filled into a template, and receipts of payments.

import { h, icon } from "../dom.js";
import { yuan } from "../format.js";
import { t } from "../i18n.js";

/** A subscribe or template message as the platform delivered it. */
export function noticeCard({ body }, app) {
  const open = body.page ? () => app.openMini(body.page) : null;
  return h("article", { class: "notice", "data-kind": body.name ?? "" },
    h("header", {}, h("span", { class: "app-mark small" }, icon("cup")), app.merchant),
    h("h3", {}, body.title ?? t("wechat.notices")),
    body.rows ? h("dl", {}, body.rows.map((row) => h("div", {}, h("dt", {}, row.label), h("dd", {}, row.value))))
      : h("p", {}, body.text ?? ""),
    open && h("button", { class: "notice-more", type: "button", onclick: open }, t("notice.open"), icon("next")));
}

export function receiptCard({ body }) {
  return h("article", { class: "notice receipt" },
    h("header", {}, h("span", { class: `app-mark small ${body.channel}` }, icon("card")),
      t(body.channel === "alipay" ? "pay.alipay" : "pay.wechat")),
    h("p", { class: "receipt-what" }, t(`receipt.${body.what}`)),
    h("p", { class: "receipt-amount" }, "¥", yuan(body.amount_fen)),
    h("dl", {},
      h("div", {}, h("dt", {}, t("receipt.merchant")), h("dd", {}, body.merchant)),
      body.description && h("div", {}, h("dt", {}, t("pay.item")), h("dd", {}, body.description))));
}
