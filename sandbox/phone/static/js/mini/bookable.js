// One thing that can be booked: its times with the places that are left, and booking one, or the same time for some weeks.

import { h } from "../dom.js";
import { clockTime, day, isoDay, occasion, price } from "../format.js";
import { t, tOr } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { Intent } from "../shop.js";
import { priceOf, rules } from "./bookings.js";
import { chips } from "./form.js";
import { tooLittleForAPart } from "./instalments.js";
import { money } from "./money.js";

const SHOWN_DAYS = 14;
const MOST_DAYS = 60;
const WEEKS = [1, 4, 8];

export const bookable = {
  title: () => t("booking.times"),
  async load({ shop }, params) {
    const days = (params.days ??= SHOWN_DAYS);
    const [offers, slots, mine, stores] = await Promise.all([shop.items("/bookables"), shop.get(`/bookables/${params.id}/slots?days=${days}`), shop.items("/bookings"), shop.get("/stores")]);
    const one = offers.find((each) => each.id === params.id) ?? null;
    const booked = mine.filter((each) => each.state === "booked" && each.name === one?.name).map((each) => each.starts_at);
    return { one, days, slots: slots.items.filter((each) => Date.parse(each.starts_at) > shop.now()), booked, stores: stores.items };
  },
  view(app, { one, days: shown, slots, booked, stores }, params) {
    if (!one) return emptyState(t("booking.gone"), "clock");
    const onDay = (each) => isoDay(new Date(each.starts_at));
    const days = [...new Set(slots.map(onDay))].map((on) => [on, slots.filter((each) => onDay(each) === on)]);
    return [
      h("article", { class: "plan-card" }, h("header", {}, h("h3", {}, one.name), h("span", { class: "now-have" }, priceOf(one))), rules(one, stores)),
      slots.length === 0 && emptyState(t("booking.no_times", { count: shown }), "clock"),
      days.map(([on, times]) => h("section", { class: "block", key: on, "data-day": on }, h("h3", {}, dayOf(times[0])),
        h("ul", { class: "slots" }, times.map((each) => h("li", { key: `slot${each.id}` }, slotButton(app, one, each, booked, stores)))))),
      shown < MOST_DAYS && h("button", { type: "button", class: "quiet", "data-act": "more-days", onclick: () => { params.days = MOST_DAYS; app.refresh(); } }, t("booking.more_days")),
    ];
  },
};

const dayOf = (slot) => occasion(slot.starts_at, slot.ends_at).replace(/ \S+$/, "");

function slotButton(app, one, slot, booked, stores) {
  const mine = booked.includes(slot.starts_at);
  const off = mine ? "mine" : !slot.is_open ? "closed" : slot.left <= 0 ? "full" : null;
  return h("button", { type: "button", class: `slot ${off ?? ""}`, "data-slot": slot.id, "data-off": off, disabled: Boolean(off) || one.own_price_fen === null, onclick: () => book(app, one, slot, stores) },
    h("strong", {}, `${clockTime(new Date(slot.starts_at))}–${clockTime(new Date(slot.ends_at))}`), h("small", {}, off ? t(`booking.${off}`) : t(slot.left === 1 ? "booking.left_one" : "booking.left", { count: slot.left })));
}

async function book(app, one, slot, stores) {
  const { place } = app;
  const intent = new Intent();
  let weeks = 1;
  const send = async (close) => {
    const [path, more] = weeks === 1 ? ["/bookings", {}] : ["/booking-series", { weeks }];
    const changed = (fault) => {
      if (tooLittleForAPart(app, fault)) return true;
      close(null); // what is shown is not so any more
      return false;
    };
    const made = await intent.once(app, (key) => app.shop.post(path, { slot_id: slot.id, price_fen: one.own_price_fen, ...more }, key), { refused: changed });
    if (made) close(made);
  };
  const made = await app.phone.sheet((close, draw) => h("div", { class: "form" },
    h("h2", {}, one.name), h("p", { class: "consent-price" }, money(price(one.own_price_fen), "large"), h("span", {}, t("booking.a_place"))),
    h("p", {}, occasion(slot.starts_at, slot.ends_at)), h("div", { class: "fine" }, rules(one, stores)),
    chips(t("booking.how_often"), WEEKS.map((count) => ({ word: t(count === 1 ? "booking.once" : "booking.weeks", { count }), on: weeks === count, "data-weeks": count,
      take: () => { weeks = count; intent.renew(); draw(); } }))),
    weeks > 1 && h("p", { class: "fine" }, t(`booking.weeks_text.${one.pays}`)),
    busyButton({ class: "wide tea", "data-act": "confirm-booking", onclick: () => send(close) },
      one.pays === "at_booking" && weeks === 1 ? t("booking.confirm_paid", { amount: price(one.own_price_fen) }) : t("booking.confirm"))),
  { label: one.name });
  await app.refresh();
  if (!made) return;
  if (made.places?.some((place) => place.reason)) await tellPlaces(app, made.places);
  else app.phone.toast(t("booking.was_booked"), "good");
  if (app.place === place) app.back();
  await app.askForMessages(["booking_ahead", "booking_cancelled"]);
}

/** Which weeks were to be had, and why the others were not. */
function tellPlaces(app, places) {
  const got = places.filter((place) => place.booking_no).length;
  const title = t(got ? "booking.some" : "booking.not_one", { got, count: places.length });
  return app.phone.sheet((close) => h("div", { class: "form" }, h("h2", {}, title),
    h("ul", { class: "rows places" }, places.map((place) => h("li", { class: "row", "data-place": place.reason ?? "booked" }, h("span", {}, day(place.starts_at)),
      h("span", { class: `state ${place.reason ? "" : "active"}` }, place.reason ? tOr(`booking.reason.${place.reason}`, place.reason) : t("booking.booked"))))),
    h("button", { class: "wide tea", type: "button", "data-act": "close-places", autofocus: true, onclick: () => close(true) }, t("common.ok"))), { label: title });
}
