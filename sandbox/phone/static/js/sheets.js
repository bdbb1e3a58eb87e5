// WeChat's and Alipay's own sheets: both cashiers and the question about messages.

import { h, icon } from "./dom.js";
import { yuan } from "./format.js";
import { t } from "./i18n.js";
import { busyButton } from "./phone.js";
import { cancelSheet, paySheet } from "./sandbox.js";

function amount(fen) {
  return h("p", { class: "pay-amount" }, h("span", {}, "¥"), yuan(fen));
}

function payBody(sheet, { phone, close, word, look, otherwise, now = "pay.now" }) {
  const pay = async () => {
    try {
      await paySheet(sheet.sheet_no);
      close("paid");
    } catch (refused) {
      phone.toast(refused.message.replace(/^\w+:fail /, ""), "bad");
    }
  };
  return [
    h("p", { class: "pay-merchant" }, sheet.merchant),
    amount(sheet.amount_fen),
    h("dl", { class: "pay-rows" },
      h("div", {}, h("dt", {}, t("pay.item")), h("dd", {}, sheet.description)),
      h("div", {}, h("dt", {}, t("pay.method")), h("dd", {}, word))),
    busyButton({ class: `wide ${look}`, autofocus: true, "data-act": "pay", onclick: pay }, t(now)),
    ...otherwise,
  ];
}

/** WeChat's cashier. → "paid" | "cancel" | "timeout" */
export async function cashier(phone, sheet) {
  const outcome = await phone.sheet((close) => h("div", { class: "cashier wechat-pay" },
    h("header", {},
      h("button", { class: "plain-icon", type: "button", "aria-label": t("pay.cancel"), "data-act": "cancel", onclick: () => close("cancel") }, icon("close")),
      h("h2", {}, t("pay.wechat"))),
    payBody(sheet, { phone, close, word: t("pay.change_purse"), look: "wx-green", otherwise: [
      h("button", { class: "quiet", type: "button", "data-act": "timeout", onclick: () => close("timeout") }, t("pay.let_time_out")),
    ] })), { label: t("pay.wechat"), firm: true });
  if (outcome === "cancel") await cancelSheet(sheet.sheet_no);
  return outcome;
}

/** A merchant's transfer to the person, who accepts it. → "paid" | "cancel" */
export async function transferSheet(phone, sheet) {
  const outcome = await phone.sheet((close) => h("div", { class: "cashier wechat-pay" },
    h("header", {},
      h("button", { class: "plain-icon", type: "button", "aria-label": t("pay.cancel"), "data-act": "cancel", onclick: () => close("cancel") }, icon("close")),
      h("h2", {}, t("pay.receive"))),
    payBody(sheet, { phone, close, word: t("pay.change_purse"), look: "wx-green", otherwise: [], now: "pay.receive_now" })),
  { label: t("pay.receive"), firm: true });
  if (outcome === "cancel") await cancelSheet(sheet.sheet_no);
  return outcome;
}

/** Alipay's cashier after a scan. → "paid" | "cancel" */
export async function alipayCashier(phone, sheet) {
  const outcome = await phone.sheet((close) => h("div", { class: "cashier alipay" },
    h("header", {},
      h("button", { class: "plain-icon", type: "button", "aria-label": t("pay.cancel"), "data-act": "cancel", onclick: () => close("cancel") }, icon("close")),
      h("h2", {}, t("pay.alipay"))),
    payBody(sheet, { phone, close, word: t("pay.alipay_purse"), look: "ali-blue", otherwise: [] })),
  { label: t("pay.alipay"), firm: true });
  if (outcome === "cancel") await cancelSheet(sheet.sheet_no);
  return outcome;
}

/** What wx.requestSubscribeMessage asks. → {template id: "accept" | "reject"} */
export async function subscribePopup(phone, merchant, templates) {
  const chosen = new Set(templates.map((one) => one.template_id));
  const accepted = await phone.sheet((close, draw) => h("div", { class: "ask-messages" },
    h("p", { class: "ask-from" }, h("span", { class: "app-mark" }, icon("cup")), merchant, h("span", {}, t("ask.requests"))),
    h("h2", {}, t("ask.title")),
    h("ul", {}, templates.map((one) => h("li", {}, h("label", {},
      h("input", { type: "checkbox", checked: chosen.has(one.template_id), onchange: (event) => {
        if (event.target.checked) chosen.add(one.template_id);
        else chosen.delete(one.template_id);
        draw();
      } }),
      h("span", { class: "tick" }, icon("check")), h("span", {}, one.title))))),
    h("p", { class: "fine" }, t("ask.once")),
    h("div", { class: "two" },
      h("button", { class: "wide grey", type: "button", "data-act": "reject", onclick: () => close(false) }, t("ask.reject")),
      h("button", { class: "wide wx-green", type: "button", autofocus: true, "data-act": "allow", disabled: chosen.size === 0, onclick: () => close(true) }, t("ask.allow")))),
  { label: t("ask.title"), firm: true });
  return Object.fromEntries(templates.map(({ template_id }) =>
    [template_id, accepted && chosen.has(template_id) ? "accept" : "reject"]));
}
