// Bookings: the customer's own, those to come first, and what can be booked.

import { h, icon } from "../dom.js";
import { moment, occasion, price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { money } from "./money.js";

const begun = (shop, one) => Date.parse(one.starts_at) <= shop.now();

/** The bookings that stand and have not begun, the next first. */
export async function upcoming(shop) {
  return (await shop.items("/bookings")).filter((one) => toCome(shop, one)).sort(byTime);
}

const toCome = (shop, one) => one.state === "booked" && !begun(shop, one);
const byTime = (one, other) => one.starts_at.localeCompare(other.starts_at);

export const bookings = {
  title: () => t("booking.title"),
  async load({ shop }) {
    const [mine, offers, stores] = await Promise.all([shop.items("/bookings"), shop.items("/bookables"), shop.get("/stores")]);
    return { coming: mine.filter((one) => toCome(shop, one)).sort(byTime), past: mine.filter((one) => !toCome(shop, one)), offers, stores: stores.items };
  },
  view(app, { coming, past, offers, stores }) {
    if (!coming.length && !past.length && !offers.length) return emptyState(t("booking.none"), "clock");
    return [
      coming.length > 0 && h("h3", { class: "list-word" }, t("booking.coming")), coming.map((one) => comingCard(app, one)),
      offers.length > 0 && h("h3", { class: "list-word" }, t("booking.offers")), offers.map((one) => offerCard(app, one, stores)),
      past.length > 0 && h("h3", { class: "list-word" }, t("booking.past")),
      past.length > 0 && h("ul", { class: "rows sheet-of-paper" }, past.map((one) => pastRow(app, one))),
    ];
  },
};

/** A line that says what comes next. */
export function nextStrip(app, one) {
  return h("button", { class: "booked-strip", type: "button", "data-act": "next-booking", onclick: () => app.go("bookings") },
    icon("clock"), h("span", {}, h("strong", {}, one.name), occasion(one.starts_at, one.ends_at)), icon("next"));
}

/** What it costs this customer, and the list price where that is another. */
export function priceOf(one) {
  if (one.own_price_fen === null) return t("booking.not_for_sale");
  return [money(price(one.own_price_fen), "large"), one.own_price_fen < one.price_fen && h("s", {}, `¥${price(one.price_fen)}`)];
}

/** How it is paid, and until when cancelling costs nothing. */
export function rules(one, stores) {
  const late = one.charges_late ? (one.cancel_hours ? "charged" : "charged_absent") : "free";
  return [
    h("p", {}, [stores.find((each) => each.code === one.store)?.name, t(`booking.pays.${one.pays}`)].filter(Boolean).join(" · ")),
    h("p", {}, t(`booking.late.${late}`, { hours: one.cancel_hours })),
  ];
}

function offerCard(app, one, stores) {
  return h("article", { class: "plan-card", key: `bookable${one.id}`, "data-bookable": one.id },
    h("header", {}, h("h3", {}, one.name), h("span", { class: "now-have" }, priceOf(one))), rules(one, stores),
    h("button", { class: "wide soft", type: "button", "data-act": "look-at-slots", onclick: () => app.go("bookable", { id: one.id }) }, t("booking.look")));
}

function comingCard(app, one) {
  const free = !costs(app.shop, one);
  const fact = (word, text) => h("div", {}, h("dt", {}, t(word)), h("dd", {}, text));
  return h("article", { class: "plan-card mine active", key: one.booking_no, "data-booking": one.booking_no, "data-state": one.state },
    h("header", {}, h("h3", {}, one.name), h("span", { class: "state active" }, t("booking.booked"))),
    h("p", { class: "booked-at" }, icon("clock"), h("time", { datetime: one.starts_at }, occasion(one.starts_at, one.ends_at))),
    h("dl", { class: "facts" }, fact(one.pays === "at_booking" ? "booking.paid" : "booking.to_pay", `¥${price(one.price_fen)}`),
      fact("booking.free_until", free ? (one.charges_late ? t("booking.before", { time: moment(one.free_until) }) : t("booking.until_it_begins")) : t("booking.free_over"))),
    busyButton({ class: "quiet", "data-act": "cancel-booking", onclick: () => cancel(app, one) }, t("booking.cancel")));
}

function pastRow(app, one) {
  const state = one.state === "booked" ? "begun" : one.state;
  return h("li", { class: "row", key: one.booking_no, "data-booking": one.booking_no, "data-state": state },
    h("div", {}, h("strong", {}, one.name), h("small", {}, occasion(one.starts_at, one.ends_at))),
    h("div", { class: "row-end" }, h("b", {}, one.plan_id === null ? `¥${price(one.price_fen)}` : t("booking.by_plan")), h("span", { class: `state ${state}` }, t(`booking.${state}`))));
}

/** Whether cancelling it costs as much as coming by now. */
const costs = (shop, one) => one.charges_late && shop.now() > Date.parse(one.free_until);

async function cancel(app, one) {
  const asCosts = costs(app.shop, one);
  const text = t(`booking.cancel_text.${asCosts ? "charged" : "free"}.${one.pays}`, { amount: price(one.price_fen), time: moment(one.free_until) });
  const sure = await app.confirm({ title: t("booking.cancel_sure"), text: t("booking.cancel_which", { name: one.name, when: occasion(one.starts_at, one.ends_at), text }), yes: t("booking.cancel_yes"), tone: "danger" });
  if (!sure) return undefined;
  if (costs(app.shop, one) !== asCosts) return cancel(app, one); // it was read while the time ran out
  const done = await app.attempt(() => app.shop.post(`/bookings/${one.booking_no}/cancel`));
  if (done) app.phone.toast(t("booking.was_cancelled"), "good");
  return app.refresh();
}
