// The conversation with the official account.

import { h, icon } from "../dom.js";
import { moment } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { bar } from "./app.js";
import { noticeCard } from "./cards.js";

const SAME_MOMENT_MS = 5 * 60e3;
const HINTS = ["余额", "充值", "明细", "帮助"]; // words the account knows, in either language of this page

export function chatView(app) {
  const more = h("button", { class: "plain-icon", type: "button", "aria-label": t("chat.about"), "data-act": "about", onclick: () => about(app) }, icon("more"));
  return [
    bar(app, app.merchant, app.person.follows && more),
    app.person.follows || app.of("chat").length ? log(app) : profile(app),
    app.person.follows ? footer(app) : app.of("chat").length > 0 && followAgain(app),
  ];
}

function profile(app) {
  return h("div", { class: "profile", key: "profile" },
    h("span", { class: "avatar account large" }, icon("cup")),
    h("h3", {}, app.merchant),
    h("p", { class: "fine" }, t("chat.kind_of_account")),
    h("p", {}, t("chat.invite")),
    busyButton({ class: "wide wx-green", "data-act": "follow", onclick: () => app.follow() }, icon("plus"), t("chat.follow")));
}

function followAgain(app) {
  return h("footer", { class: "wx-foot lone", key: "follow" },
    busyButton({ class: "wide wx-green", "data-act": "follow", onclick: () => app.follow() }, t("chat.follow_again")));
}

function log(app) {
  const items = app.of("chat");
  let previous = 0;
  const shown = items.map((item) => {
    const at = Date.parse(item.at);
    const stamp = at - previous > SAME_MOMENT_MS && h("time", { class: "stamp" }, moment(item.at));
    previous = at;
    return [stamp, entry(item, app)];
  });
  return h("div", { class: "log", key: "chat", role: "log", "aria-label": t("chat.log"), tabindex: "0" },
    shown,
    app.waiting !== false && h("div", { class: "line theirs" }, h("span", { class: "avatar account" }, icon("cup")),
      h("p", { class: "bubble waiting", role: "img", "aria-label": t("chat.typing") }, h("i"), h("i"), h("i"))));
}

function entry(item, app) {
  const { body } = item;
  if (item.kind === "service_message") return noticeCard(item, app);
  if (body.from === "system") return h("p", { class: "system" }, systemWords(body.text));
  if (body.kind === "news") return h("div", { class: "line theirs" }, news(body.articles));
  const mine = body.from === "me";
  return h("div", { class: `line ${mine ? "mine" : "theirs"}` },
    h("span", { class: `avatar ${mine ? "me" : "account"}`, role: "img", "aria-label": mine ? app.person.nickname : app.merchant },
      mine ? [...app.person.nickname][0] : icon("cup")),
    h("p", { class: "bubble" }, rich(body.text ?? `[${body.kind}]`, app)));
}

function systemWords(text) {
  return { 已关注公众号: t("chat.followed"), 已取消关注: t("chat.unfollowed") }[text] ?? text;
}

function news(articles) {
  return h("article", { class: "notice" }, articles.map((one) => [h("h3", {}, one.title), h("p", {}, one.description)]));
}

/** Text messages may hold links, nothing else: <a href>, mini-program links and menu words (客服消息 and 被动回复 docs). */
function rich(text, app) {
  const parts = [];
  const link = /<a\s([^>]*)>([^<]*)<\/a>/g;
  let from = 0;
  for (const match of text.matchAll(link)) {
    parts.push(text.slice(from, match.index));
    const path = /data-miniprogram-path="([^"]*)"/.exec(match[1])?.[1];
    const href = /href="([^"]*)"/.exec(match[1])?.[1] ?? "";
    const word = match[2];
    const act = path !== undefined ? () => app.openMini(path)
      : href.startsWith("weixin://bizmsgmenu") ? () => app.say(word) : () => app.phone.toast(t("chat.opens", { url: href }));
    parts.push(h("button", { class: "in-text", type: "button", onclick: act }, word));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

function footer(app) {
  const buttons = app.menu?.button ?? [];
  const useMenu = buttons.length > 0 && !app.typing;
  const flip = buttons.length > 0 && h("button", {
    class: "plain-icon flip", type: "button", "data-act": "flip", "aria-label": t(useMenu ? "chat.to_keyboard" : "chat.to_menu"),
    onclick: () => {
      app.typing = !app.typing;
      app.openSub = null;
      app.draw();
      app.phone.screen.querySelector(".say input")?.focus();
    },
  }, icon(useMenu ? "keyboard" : "menu"));
  return h("footer", { class: "wx-foot", key: "foot" }, flip, useMenu ? menuBar(app, buttons) : writing(app));
}

function menuBar(app, buttons) {
  return h("nav", { class: "wx-menu", key: "menu", "aria-label": t("chat.menu") }, buttons.map((button, index) => {
    const subs = button.sub_button ?? [];
    const open = app.openSub === index;
    const press = subs.length ? () => {
      app.openSub = open ? null : index;
      app.draw();
    } : () => app.tap(button);
    return h("div", { class: "wx-menu-one" },
      open && h("div", { class: "wx-sub" }, subs.map((sub) => h("button", { type: "button", onclick: () => app.tap(sub) }, sub.name))),
      h("button", { type: "button", "aria-expanded": subs.length ? String(open) : null, onclick: press },
        subs.length > 0 && icon("menu", "tiny"), button.name));
  }));
}

function writing(app) {
  const send = (event) => {
    event.preventDefault();
    const field = event.target.elements.text;
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    app.say(text);
  };
  const hints = HINTS.map((word) => h("button", { type: "button", "data-say": word, onclick: () => app.say(word) }, word));
  return h("form", { class: "say", key: "say", onsubmit: send },
    h("div", { class: "hints", role: "group", "aria-label": t("chat.hints") }, hints),
    h("input", { name: "text", type: "text", autocomplete: "off", maxlength: "300", "aria-label": t("chat.write"), placeholder: t("chat.write") }),
    h("button", { class: "send", type: "submit" }, t("chat.send")));
}

function about(app) {
  return app.phone.sheet((close) => h("div", { class: "about" },
    h("span", { class: "avatar account large" }, icon("cup")),
    h("h2", {}, app.merchant),
    h("p", { class: "fine" }, t("chat.kind_of_account")),
    h("button", { class: "wide grey danger", type: "button", "data-act": "unfollow", onclick: () => { close(); app.unfollow(); } }, t("chat.unfollow")),
    h("button", { class: "wide grey", type: "button", autofocus: true, onclick: () => close() }, t("common.close"))),
  { label: t("chat.about") });
}
