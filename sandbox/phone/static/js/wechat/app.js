// The left phone: WeChat with its list of conversations, the official account's chat, service notices and receipts.

import { h, icon } from "../dom.js";
import { moment, yuan } from "../format.js";
import { t } from "../i18n.js";
import { emptyState } from "../phone.js";
import { phoneOf, officialMenu } from "../sandbox.js";
import { chatView } from "./chat.js";
import { noticeCard, receiptCard } from "./cards.js";

const MOST_WAITING_MS = 6000;
const PLACES = { chat: "chat", service_message: "notices", payment: "receipts" };

export class WeChat {
  /** `openMini(path)` brings the mini-program to a page. */
  constructor({ phone, merchant, openMini }) {
    this.phone = phone;
    this.merchant = merchant;
    this.openMini = openMini;
    this.person = null;
    this.openSub = null;
    document.addEventListener("click", (event) => {
      if (this.openSub === null || event.target.closest(".wx-menu")) return;
      this.openSub = null;
      this.draw();
    });
  }

  begin(person, items) {
    clearTimeout(this.waiting);
    this.person = person;
    this.api = phoneOf(person.id);
    this.items = items;
    this.read = { chat: Infinity, notices: lastSeq(items), receipts: lastSeq(items) };
    this.place = "chat";
    this.typing = false;
    this.waiting = false;
    this.openSub = null;
    this.menu = { button: [] };
    this.draw();
    this.scrollDown();
    this.loadMenu();
  }

  async loadMenu() {
    const person = this.person;
    const menu = await officialMenu().catch(() => ({ button: [] }));
    if (person !== this.person) return;
    this.menu = menu;
    this.draw();
  }

  take(item) {
    this.items.push(item);
    if (item.kind === "chat" && item.body.from === "account") this.#answered();
    if (item.kind === "chat" && item.body.from === "system") this.#refreshPerson();
    if (PLACES[item.kind] === this.place) this.read[this.place] = item.seq;
    this.draw();
    if (PLACES[item.kind] === this.place) this.scrollDown();
  }

  go(place) {
    this.place = place;
    this.openSub = null;
    if (place !== "list") this.read[place] = place === "chat" ? Infinity : lastSeq(this.items);
    if (place === "list") this.read.chat = lastSeq(this.items);
    this.draw();
    this.scrollDown();
  }

  of(place) {
    return this.items.filter((item) => placeOf(item) === place);
  }

  unread(place) {
    return this.of(place).filter((item) => item.seq > this.read[place] && item.body.from !== "me").length;
  }

  async follow() {
    this.#awaitAnswer();
    this.person = await this.api.follow();
    this.draw();
    this.loadMenu();
  }

  async unfollow() {
    this.person = await this.api.unfollow();
    this.#answered();
    this.draw();
  }

  async say(text) {
    this.#awaitAnswer();
    try {
      await this.api.say(text);
    } catch (refused) {
      this.#answered();
      this.phone.toast(refused.message, "bad");
    }
  }

  async tap(button) {
    this.openSub = null;
    this.draw();
    if (button.type === "miniprogram") {
      this.openMini(button.pagepath);
      return;
    }
    if (button.type === "view") this.phone.toast(t("chat.opens", { url: button.url }));
    else this.#awaitAnswer();
    try {
      await this.api.tapMenu(button.type === "view" ? { url: button.url } : { key: button.key });
    } catch (refused) {
      this.#answered();
      this.phone.toast(refused.message, "bad");
    }
  }

  /** Three dots until the account answers; not for ever, it may have nothing to say. */
  #awaitAnswer() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.waiting = false;
      this.draw();
    }, MOST_WAITING_MS);
    this.draw();
    this.scrollDown();
  }

  #answered() {
    clearTimeout(this.waiting);
    this.waiting = false;
  }

  async #refreshPerson() {
    const fresh = await this.api.person();
    if (fresh.id !== this.person.id) return;
    this.person = fresh;
    this.draw();
  }

  draw() {
    if (!this.person) return;
    const views = { list: listView, chat: chatView, notices: noticesView, receipts: receiptsView };
    this.phone.show(...views[this.place](this));
  }

  scrollDown() {
    const log = this.phone.screen.querySelector(".log");
    if (log) log.scrollTop = log.scrollHeight;
  }
}

function placeOf(item) {
  return item.kind === "service_message" && item.body.account === "official" ? "chat" : PLACES[item.kind];
}

function lastSeq(items) {
  return items.length ? items.at(-1).seq : 0;
}

/** The bar on top of a conversation. */
export function bar(app, title, end = null) {
  const unread = ["chat", "notices", "receipts"].filter((place) => place !== app.place)
    .reduce((sum, place) => sum + app.unread(place), 0);
  return h("header", { class: "wx-bar" },
    h("button", { class: "wx-back", type: "button", "aria-label": t("chat.back"), onclick: () => app.go("list") },
      icon("back"), unread > 0 && h("span", { class: "wx-count", "data-unread": unread }, String(unread))),
    h("h2", {}, title), h("span", { class: "wx-end" }, end));
}

function listView(app) {
  const rows = [
    { place: "chat", name: app.merchant, mark: icon("cup"), look: "account" },
    { place: "notices", name: t("wechat.notices"), mark: icon("bell"), look: "service" },
    { place: "receipts", name: t("wechat.receipts"), mark: icon("card"), look: "pay" },
  ].map((row) => ({ ...row, last: app.of(row.place).at(-1) }));
  return [
    h("header", { class: "wx-bar" }, h("span"), h("h2", {}, t("wechat.title")), h("span")),
    h("ul", { class: "wx-list", key: "list" }, rows.map(({ place, name, mark, look, last }) =>
      h("li", {}, h("button", { type: "button", "data-place": place, onclick: () => app.go(place) },
        h("span", { class: `avatar ${look}` }, mark, app.unread(place) > 0 && h("span", { class: "dot" }, String(app.unread(place)))),
        h("span", { class: "wx-row" },
          h("span", { class: "wx-name" }, name, h("time", {}, last ? moment(last.at) : "")),
          h("span", { class: "wx-last" }, last ? summary(last) : t("wechat.nothing"))))))),
  ];
}

function summary({ kind, body }) {
  if (kind === "service_message") return body.title ?? body.text ?? "";
  if (kind === "payment") return `${body.merchant} ¥${yuan(body.amount_fen)}`;
  return (body.text ?? body.articles?.[0]?.title ?? "").replace(/<[^>]+>/g, "").split("\n")[0];
}

function noticesView(app) {
  const items = app.of("notices");
  return [
    bar(app, t("wechat.notices")),
    h("div", { class: "log cards", key: "notices", role: "log", "aria-label": t("wechat.notices"), tabindex: "0" },
      items.length ? items.map((item) => [h("time", { class: "stamp" }, moment(item.at)), noticeCard(item, app)])
        : emptyState(t("wechat.no_notices"), "bell")),
  ];
}

function receiptsView(app) {
  const items = app.of("receipts");
  return [
    bar(app, t("wechat.receipts")),
    h("div", { class: "log cards", key: "receipts", role: "log", "aria-label": t("wechat.receipts"), tabindex: "0" },
      items.length ? items.map((item) => [h("time", { class: "stamp" }, moment(item.at)), receiptCard(item)])
        : emptyState(t("wechat.no_receipts"), "card")),
  ];
}
