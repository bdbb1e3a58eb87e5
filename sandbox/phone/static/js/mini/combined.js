// Paying with the balance and a channel together: the balance's share is held until the channel has the rest.

import { h, icon, sleep } from "../dom.js";
import { price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { showCode } from "./paying.js";

const METHODS = { wechat_pay: "jsapi", alipay: "precreate" };
const LOOKS = 12;

/** Where the balance does not cover what is owed: offers the rest by a channel, or a top-up. `what`: an order's or bill's address. */
export async function offerTogether(app, what, owedFen) {
  const account = await app.attempt(() => app.shop.get("/account"));
  if (!account) return;
  const shareFen = shareOf(account, owedFen);
  const amounts = { balance: price(shareFen), rest: price(owedFen - shareFen) };
  const label = (channel) => t(shareFen ? `together.${channel}` : `together.${channel}_alone`, amounts);
  const choice = await app.phone.sheet((close) => h("div", { class: "question" },
    h("h2", {}, t("short.title")), h("p", {}, t("together.text", { available: price(account.available_fen), owed: price(owedFen) })),
    h("button", { class: "wide tea", type: "button", autofocus: true, "data-act": "together-wechat", onclick: () => close("wechat_pay") }, label("wechat_pay")),
    h("button", { class: "wide ali-blue", type: "button", "data-act": "together-alipay", onclick: () => close("alipay") }, label("alipay")),
    h("button", { class: "quiet", type: "button", "data-act": "top-up-instead", onclick: () => close("top_up") }, t("home.top_up")),
    h("button", { class: "quiet", type: "button", onclick: () => close(null) }, t("common.not_now"))),
  { label: t("short.title"), kind: "middle" });
  if (choice === "top_up") app.go("topUp");
  else if (choice) await payTogether(app, what, shareFen, choice);
}

/** Offers to pay the rest through a channel, or a top-up, when money is what is missing. */
export function tooLittle(app, fault, what, owedFen) {
  if (fault.code !== "insufficient_balance") return false;
  offerTogether(app, what, owedFen);
  return true;
}

/** How much the balance takes where a channel pays the rest, which is never nothing. */
export const shareOf = (account, owedFen) => Math.max(0, Math.min(account.available_fen, owedFen - 1));

/** Whether a bill waits for such a payment, and not for the shop to look at something. */
export const isCombined = (bill) => bill.pending_no?.startsWith("C") ?? false;

/** The payment that is under way for an order or bill, if any. */
export async function underWay(shop, bill) {
  return isCombined(bill) ? shop.get(`/combined-payments/${bill.pending_no}`) : null;
}

/** What can be done with a payment that is under way: go on, ask how it stands, leave it. */
export function underWayButtons(app, pending) {
  if (pending.state === "quarantined") return h("p", { class: "fine" }, t("outcome.review.text"));
  return [
    busyButton({ class: "wide tea", "data-act": "continue-payment", onclick: () => pay(app, pending) }, t("together.continue", { amount: price(pending.channel_fen) })),
    busyButton({ class: "quiet", "data-act": "check-payment", onclick: () => act(app, pending, "check") }, t("outcome.check")),
    busyButton({ class: "quiet", "data-act": "cancel-payment", onclick: () => act(app, pending, "cancel") }, t("together.cancel")),
  ];
}

/** Holds the balance's share and pays the rest by the channel. `what`: an order's or bill's address. */
export async function payTogether(app, what, shareFen, channel) {
  const body = { balance_fen: shareFen, channel, method: METHODS[channel] };
  const made = await app.attempt(() => app.shop.post(`${what}/combined-payments`, body));
  if (made) await pay(app, made);
  else await app.refresh();
}

async function pay(app, made) {
  const { shop } = app;
  const how = made.payment.channel === "alipay" ? await byCode(app, made) : await inWeChat(app, made);
  if (how === "paid") await follow(app, shop, made);
  if (shop === app.shop) await app.refresh();
}

async function inWeChat(app, made) {
  try {
    await app.wx.requestPayment(made.payment.client);
    return "paid";
  } catch (fault) {
    if (/cancel|timeout/.test(fault.errMsg)) app.phone.toast(t("together.unpaid"));
    else app.phone.toast(fault.errMsg.replace(/^\w+:fail /, ""), "bad");
    return "unpaid";
  }
}

async function byCode(app, made) {
  const isPaid = async (shop) => (await shop.get(`/combined-payments/${made.combined_no}`)).state !== "open";
  return showCode(app, { code: made.payment.client.qr_code, channel: "alipay", fen: made.channel_fen, isPaid });
}

/** Waits until the shop says that the channel's share has arrived; the notification may be late. */
async function follow(app, shop, made) {
  for (let look = 1; look <= LOOKS && shop === app.shop; look += 1) {
    await sleep(look < 4 ? 500 : 1200);
    const address = `/combined-payments/${made.combined_no}`;
    const now = await (look % 4 === 0 ? shop.post(`${address}/check`) : shop.get(address)).catch(() => null);
    if (now && now.state !== "open") return say(app, now);
  }
}

async function act(app, pending, verb) {
  const now = await app.attempt(() => app.shop.post(`/combined-payments/${pending.combined_no}/${verb}`));
  if (now) say(app, now);
  await app.refresh();
}

function say(app, now) {
  if (now.state === "open") app.phone.toast(t("outcome.still_unpaid"));
  else app.phone.toast(t(`together.was_${now.state}`), now.state === "paid" ? "good" : "plain");
}

/** A line that says what is held for it. */
export function underWayNote(pending) {
  return h("p", { class: "under-way", "data-pending": pending.combined_no }, icon("clock"),
    t("together.under_way", { balance: price(pending.balance_fen), rest: price(pending.channel_fen) }));
}
