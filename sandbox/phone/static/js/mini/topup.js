// Topping up: a package or a free amount, by WeChat Pay or by a code for Alipay.

import { h, icon, sleep } from "../dom.js";
import { day, fenFrom, price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { drawing } from "../qr.js";
import { newKey, ShopUnreachable } from "../shop.js";
import { agreeLine, currentAgreement } from "./agreement.js";
import { money } from "./money.js";

const CHANNELS = [["wechat_pay", "jsapi"], ["alipay", "precreate"]];

export const topUp = {
  title: () => t("topup.title"),
  async load({ shop }) {
    const [packages, account, agreement] = await Promise.all([shop.get("/packages").then((page) => page.items), shop.get("/account"), currentAgreement(shop)]);
    return { packages, account, agreement };
  },
  view(app, { packages, account, agreement }, chosen) {
    chosen.channel ??= "wechat_pay";
    if (chosen.packageId === undefined && chosen.text === undefined) chosen.packageId = first(packages);
    return [
      h("p", { class: "now-have" }, t("home.available"), money(yuan(account.available_fen))),
      h("fieldset", { class: "packages" }, h("legend", {}, t("topup.packages")), packages.map((one) => packageCard(app, one, chosen))),
      h("label", { class: `money-field ${chosen.packageId === null ? "on" : ""}` }, h("span", {}, "¥"),
        h("input", { type: "text", inputmode: "decimal", autocomplete: "off", name: "amount", value: chosen.text ?? "", placeholder: t("topup.other"), "aria-label": t("topup.other"),
          oninput: (event) => {
            chosen.text = event.target.value;
            chosen.packageId = chosen.text.trim() ? null : first(packages);
            app.draw();
          } })),
      chosen.text?.trim() && fenFrom(chosen.text) === null && h("p", { class: "field-fault", role: "alert" }, t("topup.not_an_amount")),
      h("fieldset", { class: "channels" }, h("legend", {}, t("topup.pay_with")), CHANNELS.map(([channel]) => channelRow(app, channel, chosen))),
      agreement && agreeLine(app, agreement, chosen),
    ];
  },
  foot(app, { packages, agreement }, chosen) {
    const one = packages.find((each) => each.id === chosen.packageId);
    const fen = one ? one.pay_fen : fenFrom(chosen.text ?? "");
    return busyButton({ class: "wide tea", "data-act": "start-top-up", disabled: !fen || (agreement && chosen.agreed !== agreement.version), onclick: () => start(app, chosen, one, fen) },
      fen ? t("topup.start", { amount: price(fen) }) : t("topup.start_plain"));
  },
};

/** The first package that can be bought now. */
function first(packages) {
  return packages.find((one) => !one.refusal)?.id ?? null;
}

/** What limits a package, in few words. */
function notes(one) {
  return [
    one.first_time_only && t("topup.first_time_only"),
    one.per_customer !== null && t("topup.per_customer", { count: one.per_customer }),
    one.until_at && t("topup.until", { day: day(one.until_at) }),
    one.bonus_fen > 0 && one.bonus_days !== null && t("topup.bonus_days", { count: one.bonus_days }),
  ].filter(Boolean);
}

function packageCard(app, one, chosen) {
  const on = chosen.packageId === one.id;
  return h("label", { class: `package ${on ? "on" : ""} ${one.refusal ? "off" : ""}`, key: `package-${one.id}`, "data-pay-fen": one.pay_fen },
    h("input", { type: "radio", name: "package", checked: on, disabled: Boolean(one.refusal), onchange: () => {
      chosen.packageId = one.id;
      chosen.text = "";
      app.draw();
    } }),
    money(price(one.pay_fen)),
    h("span", { class: "gives" }, one.bonus_fen > 0 ? t("topup.gives", { amount: price(one.bonus_fen) }) : t("topup.no_bonus")),
    one.refusal
      ? h("small", { class: "package-note", "data-refusal": one.refusal.code }, one.refusal.message)
      : notes(one).map((note) => h("small", { class: "package-note" }, note)));
}

function channelRow(app, channel, chosen) {
  return h("label", { class: "channel", "data-channel": channel },
    h("span", { class: `channel-mark ${channel}` }, icon(channel === "alipay" ? "scan" : "chat")),
    h("span", {}, h("strong", {}, t(`channel.${channel}`)), h("small", {}, t(`channel.${channel}.how`))),
    h("input", { type: "radio", name: "channel", checked: chosen.channel === channel, onchange: () => {
      chosen.channel = channel;
      app.draw();
    } }),
    h("span", { class: "tick" }, icon("check")));
}

async function start(app, chosen, one, fen) {
  const wish = one ? `p${one.id}` : `a${fen}`;
  if (chosen.wish !== `${wish}/${chosen.channel}`) {
    chosen.wish = `${wish}/${chosen.channel}`;
    chosen.key = newKey(); // a repeat after a broken connection asks for the same top-up
  }
  const method = CHANNELS.find(([channel]) => channel === chosen.channel)[1];
  const body = { package_id: one?.id ?? null, amount_fen: one ? null : fen, channel: chosen.channel, method, agreement_version: chosen.agreed ?? null };
  let unknown = false;
  const made = await app.attempt(() => app.shop.post("/top-ups", body, chosen.key).catch((fault) => {
    unknown = fault instanceof ShopUnreachable;
    throw fault;
  }), { refused: (fault) => {
    if (fault.code === "agreement_outdated") app.refresh(); // shows the new text, to be agreed to anew
  } });
  if (!unknown) chosen.wish = null;
  if (!made) return;
  await (chosen.channel === "alipay" ? payByCode(app, made) : payInWeChat(app, made));
}

/** wx.requestPayment, and then the page that says how it went. */
export async function payInWeChat(app, made) {
  let how = "paid";
  try {
    await app.wx.requestPayment(made.payment.client);
  } catch (fault) {
    how = { "requestPayment:fail cancel": "cancelled", "requestPayment:fail timeout": "timeout" }[fault.errMsg];
    if (!how) {
      app.phone.toast(fault.errMsg.replace(/^\w+:fail /, ""), "bad");
      return;
    }
  }
  showOutcome(app, made, how);
}

export async function payByCode(app, made) {
  const shop = app.shop;
  const isPaid = async () => (await shop.get(`/top-ups/${made.top_up_no}`)).state === "credited";
  const how = await showCode(app, { code: made.payment.client.qr_code, fen: made.pay_fen, isPaid });
  if (shop === app.shop) showOutcome(app, made, how);
}

/** Shows a code; the person scans it with the other app, or another phone does. `isPaid(shop)` asks the shop. → how it ended */
export async function showCode(app, { code, fen, isPaid }) {
  const shop = app.shop;
  let open = true;
  const sheet = app.phone.sheet((close) => {
    watch(() => isPaid(shop), () => open && shop === app.shop, () => close("paid"));
    return h("div", { class: "code-sheet" },
      h("h2", {}, t("code.title")), h("p", { class: "pay-amount" }, h("span", {}, "¥"), price(fen)),
      h("div", { class: "code-frame" }, drawing(code, t("code.label"))),
      h("p", { class: "fine" }, t("code.text")),
      busyButton({ class: "wide ali-blue", autofocus: true, "data-act": "scan", onclick: async () => {
        if ((await app.alipay(code)) === "paid") close("paid");
      } }, icon("scan"), t("code.scan")),
      h("button", { class: "quiet", type: "button", "data-act": "close-code", onclick: () => close("cancelled") }, t("code.later")));
  }, { label: t("code.title"), firm: true });
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

function showOutcome(app, made, how) {
  if (app.place.name === "outcome" || app.place.name === "topUp") app.stack.pop();
  app.keep({ name: "outcome", params: { no: made.top_up_no } }, { made });
  app.go("outcome", { no: made.top_up_no, how });
}
