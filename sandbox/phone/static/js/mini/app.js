// The right phone: the shop's mini-program. Pages load what they show, are drawn at once and again when it changed.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { busyButton, emptyState, loadingState } from "../phone.js";
import { drawing } from "../qr.js";
import { ShopRefused, ShopUnreachable } from "../shop.js";
import { addresses } from "./addresses.js";
import { afterSale, afterSales, applyAfterSale } from "./after_sales.js";
import { bills } from "./bills.js";
import { bookable } from "./bookable.js";
import { bookings } from "./bookings.js";
import { cart } from "./cart.js";
import { checkout } from "./checkout.js";
import { coupons } from "./coupons.js";
import { details } from "./details.js";
import { home } from "./home.js";
import { instalmentPlans } from "./instalment_plans.js";
import { mall } from "./mall.js";
import { me } from "./me.js";
import { member } from "./member.js";
import { changes, messages, topUps } from "./records.js";
import { order, orders } from "./orders.js";
import { plan } from "./plan.js";
import { plans } from "./plans.js";
import { standing } from "./standing.js";
import { topUp } from "./topup.js";
import { outcome } from "./outcome.js";

const PAGES = { home, mall, orders, plans, plan, me, topUp, outcome, order, bills, changes, messages, topUps, cart, checkout,
  addresses, afterSale, afterSales, applyAfterSale, coupons, member, details, standing,
  instalmentPlans, bookings, bookable };
const TABS = [["home", "home"], ["mall", "bag"], ["orders", "list"], ["plans", "cycle"], ["me", "person"]];
const SLOW_LOOK_MS = 10e3;

export class Mini {
  /** The rest comes with begin(): `within` is the app that shows the mini-program (wechat or alipay), `device` what else the
   * person's phone can open: codes, pages and sheets of both channels. */
  constructor({ phone, merchant }) {
    this.phone = phone;
    this.merchant = merchant;
    this.stack = [];
    setInterval(() => document.visibilityState === "visible" && this.refresh(), SLOW_LOOK_MS);
  }

  begin({ person, shop, wx, within, turn, device, notices }) {
    Object.assign(this, { person, shop, wx, within, turn, device, notices, drawing });
    this.kept = new Map();
    this.templates = null;
    this.seenMessages = Number(localStorage.getItem(this.#seenKey()) ?? 0);
    this.stack = [{ name: "home", params: {} }];
    this.draw();
    this.refresh();
  }

  get place() {
    return this.stack.at(-1);
  }

  /** A tab replaces everything, other pages lie on top of it. */
  go(name, params = {}) {
    const entry = { name, params };
    if (TABS.some(([tab]) => tab === name)) this.stack = [entry];
    else this.stack.push(entry);
    this.draw();
    this.phone.screen.querySelector(".page")?.scrollTo(0, 0);
    return this.refresh();
  }

  back() {
    if (this.stack.length > 1) this.stack.pop();
    this.draw();
    return this.refresh();
  }

  /** Opens the page a message or link of the platform names ("pages/top-up/index?…"). */
  openPath(path) {
    const known = [["top", "topUp"], ["book", "bookings"], ["instalment", "instalmentPlans"], ["bill", "bills"], ["order", "orders"], ["plan", "plans"], ["standing", "plans"], ["mall", "mall"], ["product", "mall"],
      ["after", "afterSales"], ["coupon", "coupons"], ["point", "member"], ["tier", "member"], ["cart", "cart"], ["message", "messages"], ["change", "changes"], ["statement", "changes"]];
    return this.go(known.find(([part]) => path.toLowerCase().includes(part))?.[1] ?? "home");
  }

  /** Loads what the shown page needs; draws only when something differs. */
  async refresh() {
    const { place, shop } = this;
    if (!shop || this.resting) return;
    if (place.loading) {
      place.again = true; // what is on its way may be older than what just happened
      return;
    }
    place.loading = true;
    const since = this.#moment();
    try {
      const found = await PAGES[place.name].load(this, place.params);
      if (shop !== this.shop) return;
      place.failed = null;
      this.#keep(place, found, since);
      this.customer = shop.session?.customer ?? this.customer;
    } catch (fault) {
      if (!(fault instanceof ShopRefused || fault instanceof ShopUnreachable)) console.error(fault);
      place.failed = fault.message;
    } finally {
      place.loading = false;
      if (shop === this.shop && place === this.place) this.draw();
    }
    if (place.again && place === this.place) {
      place.again = false;
      await this.refresh();
    }
  }

  /** What an act gave; what was asked for before may still come, and is older. */
  keep(place, found) {
    this.#keep(place, found, this.#moment());
  }

  #moment() {
    this.moments = (this.moments ?? 0) + 1;
    return this.moments;
  }

  /** Unless something is kept that was asked for later. */
  #keep(place, found, since) {
    const key = keyOf(place);
    if (since > (this.kept.get(key)?.since ?? 0)) this.kept.set(key, { found, since });
  }

  #keptFor(place, page) {
    const kept = this.kept.get(keyOf(place))?.found;
    return kept === undefined || !page.fits || page.fits(kept, place.params) ? kept : undefined;
  }

  draw() {
    if (!this.person) return;
    const { place } = this;
    const page = PAGES[place.name];
    const found = this.#keptFor(place, page);
    const body = found !== undefined ? page.view(this, found, place.params)
      : place.failed ? this.#failed(place.failed) : loadingState();
    const isTab = this.stack.length === 1;
    const foot = found !== undefined && page.foot?.(this, found, place.params);
    this.phone.show(
      this.#bar(page, isTab),
      h("div", { class: `page ${place.name}`, key: keyOf(place), tabindex: "0", role: "region", "aria-label": page.title() }, body),
      foot && h("footer", { class: "page-foot", key: `foot-${keyOf(place)}` }, foot),
      isTab && this.#tabs(place.name),
    );
  }

  /** Runs something the person asked for; a refusal is shown in its own words. → what it gave, undefined when refused */
  async attempt(act, { refused } = {}) {
    try {
      return await act();
    } catch (fault) {
      if (fault instanceof ShopRefused && refused?.(fault)) return undefined;
      if (!(fault instanceof ShopRefused || fault instanceof ShopUnreachable || fault.errMsg)) console.error(fault);
      this.phone.toast(fault.errMsg?.replace(/^\w+:fail /, "") ?? fault.message, "bad");
      return undefined;
    }
  }

  /** Asks whether messages of these kinds may be sent; kinds without a template are left out. */
  async askForMessages(kinds) {
    this.templates ??= await this.attempt(() => this.shop.items("/message-templates"));
    const wanted = (this.templates ?? []).filter((one) => kinds.includes(one.kind)).slice(0, 3);
    if (!wanted.length) return;
    const answer = await this.attempt(() => this.wx.requestSubscribeMessage({ tmplIds: wanted.map((one) => one.template_id) }));
    const accepted = wanted.some((one) => answer?.[one.template_id] === "accept");
    if (answer) this.phone.toast(t(accepted ? "ask.thanks" : "ask.fine"));
  }

  /** A question with two answers. */
  confirm({ title, text, yes, no = t("common.not_now"), tone = "tea" }) {
    return this.phone.sheet((close) => h("div", { class: "question" },
      h("h2", {}, title), text && h("p", {}, text),
      h("div", { class: "two" },
        h("button", { class: "wide grey", type: "button", onclick: () => close(false) }, no),
        h("button", { class: `wide ${tone}`, type: "button", autofocus: true, "data-act": "yes", onclick: () => close(true) }, yes))),
    { label: title, kind: "middle" });
  }

  unreadMessages() {
    return this.notices().filter((item) => item.seq > this.seenMessages).length;
  }

  messagesSeen() {
    const last = this.notices().at(-1)?.seq ?? 0;
    if (last <= this.seenMessages) return;
    this.seenMessages = last;
    localStorage.setItem(this.#seenKey(), String(last));
  }

  #seenKey() {
    return `phone.seen.${this.person.mini_openid}`;
  }

  #failed(message) {
    return emptyState(message, "warn", busyButton({ class: "small-button", onclick: () => this.refresh() }, t("common.again")));
  }

  #bar(page, isTab) {
    const back = !isTab && h("button", { class: "mini-back", type: "button", "aria-label": t("common.back"), "data-act": "back", onclick: () => this.back() }, icon("back"));
    return h("header", { class: `mini-bar ${isTab && this.place.name === "home" ? "on-tea" : ""}`, key: "bar" },
      back, h("h2", {}, isTab && this.place.name === "home" ? this.merchant : page.title()),
      h("span", { class: "capsule", "aria-hidden": "true" }, icon("more"), h("i"), h("b")));
  }

  #tabs(shown) {
    const unread = this.unreadMessages();
    return h("nav", { class: "tabs", key: "tabs", "aria-label": t("mini.tabs") }, TABS.map(([name, mark]) =>
      h("button", { type: "button", "data-tab": name, "aria-current": shown === name ? "page" : null, onclick: () => this.go(name) },
        icon(mark), h("span", {}, t(`tab.${name}`)),
        name === "me" && unread > 0 && h("span", { class: "dot" }, String(unread)))));
  }
}

function keyOf({ name, params }) {
  return `${name}${params.no ?? params.id ?? ""}`;
}
