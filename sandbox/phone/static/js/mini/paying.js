// Opening what a payment needs, by its method: a sheet of the app's own, a page of the channel's, or a code.

import { h, icon, sleep } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";

/** Pays what the shop prepared. `isPaid(shop)` asks the shop. → "paid" | "cancelled" | "timeout", undefined when it could not be opened */
export async function openPayment(app, payment, { fen, isPaid }) {
  const { client, method } = payment;
  const { device } = app;
  const by = {
    jsapi: () => (client.appId === app.wx.officialAppId ? device.bridge(client) : inWeChat(app, client)),
    h5: () => device.openH5(client.h5_url),
    wap: () => device.openAlipay(client.url),
    page: () => device.openAlipay(client.url),
    create: () => device.tradePay(client.tradeNO),
    native: () => showCode(app, { code: client.code_url, channel: "wechat_pay", fen, isPaid }),
    precreate: () => showCode(app, { code: client.qr_code, channel: "alipay", fen, isPaid }),
  }[method];
  try {
    const how = await by();
    return how === "cancel" ? "cancelled" : how;
  } catch (fault) {
    app.phone.toast((fault.errMsg ?? fault.message).replace(/^\w+:fail /, ""), "bad");
    return undefined;
  }
}

async function inWeChat(app, client) {
  try {
    await app.wx.requestPayment(client);
    return "paid";
  } catch (fault) {
    const how = { "requestPayment:fail cancel": "cancelled", "requestPayment:fail timeout": "timeout" }[fault.errMsg];
    if (!how) throw fault;
    return how;
  }
}

/** Shows a code; the person scans it with the other app, or another phone does. → how it ended */
export async function showCode(app, { code, channel, fen, isPaid }) {
  const shop = app.shop;
  const title = t(`code.title.${channel}`);
  let open = true;
  const sheet = app.phone.sheet((close) => {
    watch(() => isPaid(shop), () => open && shop === app.shop, () => close("paid"));
    return h("div", { class: `code-sheet ${channel}` },
      h("h2", {}, title), h("p", { class: "pay-amount" }, h("span", {}, "¥"), price(fen)),
      h("div", { class: "code-frame" }, app.drawing(code, title)),
      h("p", { class: "fine" }, t(`code.text.${channel}`)),
      busyButton({ class: `wide ${channel === "alipay" ? "ali-blue" : "wx-green"}`, autofocus: true, "data-act": "scan", onclick: async () => {
        if ((await app.attempt(() => app.device.scan(channel, code))) === "paid") close("paid");
      } }, icon("scan"), t(`code.scan.${channel}`)),
      h("button", { class: "quiet", type: "button", "data-act": "close-code", onclick: () => close("cancelled") }, t("code.later")));
  }, { label: title, firm: true });
  const how = await sheet;
  open = false;
  return how ?? "cancelled";
}

async function watch(isPaid, stillOpen, close) {
  while (stillOpen()) {
    await sleep(2500);
    if (stillOpen() && (await isPaid().catch(() => false))) close();
  }
}
