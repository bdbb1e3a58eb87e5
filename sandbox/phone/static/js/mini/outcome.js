// How a top-up went: waits until the shop says that the money has arrived.

import { h, icon, sleep } from "../dom.js";
import { price, yuan } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { money } from "./money.js";
import { payTopUp } from "./topup.js";

const LOOKS = 20;
const CHECK_EVERY = 4;

export const outcome = {
  title: () => t("outcome.title"),
  async load(app, params) {
    const made = await app.shop.get(`/top-ups/${params.no}`);
    const account = await app.shop.get("/account");
    if (made.state === "pending" && params.how === "paid" && !params.watched) follow(app, params);
    return { made, account };
  },
  view(_app, { made, account }, params) {
    const face = faceOf(made, params);
    return h("section", { class: `outcome-card ${face}`, "data-state": made.state, role: "status" },
      h("span", { class: "outcome-mark" }, face === "waiting" ? h("i", { class: "spinner" }) : icon({ credited: "check", review: "clock", closed: "close", unpaid: "clock" }[face])),
      h("h3", {}, t(`outcome.${face}`)),
      h("p", { class: "pay-amount" }, h("span", {}, "¥"), price(made.pay_fen)),
      face === "credited" && made.bonus_fen > 0 && h("p", { class: "bonus-tag big" }, t("topup.gives", { amount: price(made.bonus_fen) })),
      h("p", { class: "fine" }, t(`outcome.${face}.text`)),
      face === "credited" && account && h("p", { class: "new-balance" }, t("outcome.balance"), money(yuan(account.available_fen))));
  },
  foot(app, { made }, params) {
    const face = faceOf(made, params);
    if (face === "unpaid") {
      return [
        busyButton({ class: "wide tea", "data-act": "pay-again", onclick: () => payTopUp(app, made) }, t("outcome.pay_again")),
        busyButton({ class: "quiet", "data-act": "check", onclick: () => check(app, made) }, t("outcome.check")),
        busyButton({ class: "quiet", "data-act": "cancel-top-up", onclick: () => giveUp(app, made) }, t("outcome.cancel")),
        h("button", { class: "quiet", type: "button", "data-act": "done", onclick: () => app.go("home") }, t("outcome.home")),
      ];
    }
    return busyButton({ class: "wide tea", "data-act": "done", onclick: () => done(app, face, params) }, t(face === "credited" ? "outcome.done" : "outcome.home"));
  },
};

function faceOf(made, params) {
  if (made.state === "credited" || made.state === "closed") return made.state;
  if (made.state === "quarantined") return "review";
  return params.how === "paid" && !params.tired ? "waiting" : "unpaid";
}

/** Looks every second, asks the channel now and then: the notification may be late. */
async function follow(app, params) {
  params.watched = true;
  const { shop } = app;
  for (let look = 1; look <= LOOKS; look += 1) {
    await sleep(look < 4 ? 500 : 1200);
    if (shop !== app.shop || app.place.params !== params) return;
    const made = look % CHECK_EVERY === 0
      ? await shop.post(`/top-ups/${params.no}/check`).catch(() => null)
      : await shop.get(`/top-ups/${params.no}`).catch(() => null);
    if (made && made.state !== "pending") return app.refresh();
  }
  params.tired = true;
  app.draw();
}

async function check(app, made) {
  const now = await app.attempt(() => app.shop.post(`/top-ups/${made.top_up_no}/check`));
  if (now?.state === "pending") app.phone.toast(t("outcome.still_unpaid"));
  await app.refresh();
}

/** Gives it up, so that it takes no place under a limit any more. */
async function giveUp(app, made) {
  const now = await app.attempt(() => app.shop.post(`/top-ups/${made.top_up_no}/cancel`));
  if (now?.state === "pending") app.phone.toast(t("outcome.stays_open"));
  await app.refresh();
}

async function done(app, face, params) {
  if (face === "credited") await app.askForMessages(["topped_up", "low_balance", "payment_due"]);
  if (app.place.params === params) app.go("home"); // who has gone on meanwhile is not called back
}
