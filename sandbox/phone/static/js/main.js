// The page: two phones of one person, and above them the world they live in.

import { h, icon, morph, sleep } from "./dom.js";
import { beijingDay, clockTime, weekDay } from "./format.js";
import { locale, setLocale, t } from "./i18n.js";
import { Mini } from "./mini/app.js";
import { Phone } from "./phone.js";
import * as sandbox from "./sandbox.js";
import { alipayCashier, cashier, subscribePopup, transferSheet } from "./sheets.js";
import { Shop } from "./shop.js";
import { WeChat } from "./wechat/app.js";
import { wxOf } from "./wx.js";

const DAY_S = 86400;
const LOOKS_AFTER_A_JUMP = 8;
const SHOP_FOLLOWS_MS = 2000; // the shop looks at the world's clock about once a second

const world = { offsetMs: 0, people: [], person: null, config: null, stream: null, narrow: "mini", jumping: false, within: "wechat" };
const left = new Phone("wechat");
const right = new Phone("mini");
let wechat;
let mini;

const worldNow = () => Date.now() + world.offsetMs;

async function start() {
  setLocale(locale());
  document.getElementById("stage").append(left.root, right.root);
  drawTop();
  try {
    world.config = await sandbox.config();
    await readClock();
    world.people = await sandbox.people();
    const merchant = world.config.merchant_name;
    mini = new Mini({ phone: right, merchant });
    wechat = new WeChat({ phone: left, merchant, openMini });
    const remembered = localStorage.getItem("phone.person");
    const person = world.people.find((one) => one.id === remembered) ?? world.people.at(-1) ?? (await arrive());
    await become(person);
  } catch (fault) {
    console.error(fault);
    right.toast(t("error.sandbox"), "bad");
  }
  setInterval(drawClock, 1000);
  setInterval(() => document.visibilityState === "visible" && readClock().catch(() => {}), 15e3);
}

async function arrive() {
  const person = await sandbox.arrive();
  world.people = await sandbox.people();
  return person;
}

/** From now on both phones are this person's. */
async function become(person) {
  left.clear();
  right.clear();
  world.stream?.close();
  world.person = person;
  localStorage.setItem("phone.person", person.id);
  const phone = sandbox.phoneOf(person.id);
  const items = await phone.feed();
  if (world.person !== person) return;
  wechat.begin(person, items);
  const wx = wxOf(person, {
    cashier: (sheet) => cashier(right, sheet),
    transfer: (sheet) => transferSheet(right, sheet),
    subscribePopup: async (tmplIds) => {
      const known = await sandbox.templates();
      return subscribePopup(right, world.config.merchant_name, known.filter((one) => tmplIds.includes(one.template_id)));
    },
  });
  wx.officialAppId = world.config.official_app_id;
  const inAlipay = world.within === "alipay";
  const shop = new Shop({
    origin: world.config.shop_api_url ?? location.origin,
    signIn: async () => inAlipay ? ["/login/alipay", { auth_code: await phone.authCode() }] : ["/login", { code: (await wx.login()).code }],
    storageKey: inAlipay ? person.alipay_open_id : person.mini_openid,
    now: worldNow,
  });
  const device = {
    phoneCode: () => phone.phoneCode(),
    bridge: async (params) => cashier(right, await phone.requestPayment(params)),
    openH5: async (url) => cashier(right, await phone.openH5(url)),
    openAlipay: async (url) => alipayCashier(right, await phone.openAlipay(url)),
    tradePay: async (tradeNo) => alipayCashier(right, await phone.tradePay(tradeNo)),
    scan: async (channel, code) => channel === "alipay" ? alipayCashier(right, await phone.scanAlipay(code)) : cashier(right, await phone.scanWechat(code)),
  };
  mini.begin({ person, shop, wx, within: world.within, turn, device, notices: () => wechat.of("notices") });
  listen(phone, items.at(-1)?.seq ?? 0, person);
  drawTop();
}

/** The same person opens the mini-program in the other app, where the shop knows them as another customer. */
function turn() {
  world.within = world.within === "alipay" ? "wechat" : "alipay";
  return become(world.person);
}

function listen(phone, after, person) {
  const stream = phone.stream(after);
  world.stream = stream;
  const take = (event) => {
    if (world.person !== person) return;
    const item = JSON.parse(event.data);
    wechat.take(item);
    mini.refresh();
    if (item.kind === "service_message") announce(item);
    drawSwitch();
  };
  for (const kind of ["chat", "service_message", "payment"]) stream.addEventListener(kind, take);
}

function announce({ body }) {
  const mineToShow = body.account !== "official";
  if (!mineToShow) return;
  const text = (body.rows ?? []).slice(0, 2).map((row) => `${row.label} ${row.value}`).join("　");
  right.banner({ from: t("wechat.notices"), title: body.title ?? "", text: text || (body.text ?? ""), onclick: () => mini.go("messages", { side: "platform" }) });
}

function openMini(path) {
  world.narrow = "mini";
  drawSwitch();
  mini.openPath(path ?? "");
}

// ── the world's clock ──────────────────────────────────────────────────────────────────────────────

async function readClock() {
  takeClock(await sandbox.worldClock());
}

function takeClock({ now }) {
  world.offsetMs = Date.parse(now) - Date.now();
  drawClock();
}

/** To the same hour of the same day next month (Beijing), or of that month's last day. */
function secondsToNextMonth(at) {
  const [year, month, day] = beijingDay(at);
  const lastOfNext = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return (Date.UTC(year, month, Math.min(day, lastOfNext)) - Date.UTC(year, month - 1, day)) / 1000;
}

async function jump(seconds) {
  if (world.jumping) return;
  world.jumping = mini.resting = true;
  drawTop();
  try {
    takeClock(await sandbox.advanceClock(seconds));
    await sleep(SHOP_FOLLOWS_MS);
  } catch (refused) {
    right.toast(refused.message, "bad");
  }
  world.jumping = mini.resting = false;
  drawTop();
  for (let look = 0; look < LOOKS_AFTER_A_JUMP; look += 1) {
    mini.refresh();
    await sleep(1200);
  }
}

// ── above the phones ───────────────────────────────────────────────────────────────────────────────

function drawTop() {
  const choose = (event) => {
    const person = world.people.find((one) => one.id === event.target.value);
    if (person) become(person);
  };
  morph(document.getElementById("top"), h("header", { id: "top", class: "top" },
    h("div", { class: "brand" }, h("span", { class: "brand-mark" }, icon("cup")), h("h1", {}, t("page.name")),
      h("span", { class: "sandbox-mark", title: t("page.sandbox_text") }, t("page.sandbox"))),
    h("div", { class: "who-switch" },
      h("label", {}, h("span", { class: "unseen" }, t("page.person")), personSelect(choose)),
      h("button", { type: "button", class: "top-button", "data-act": "new-person", "aria-label": t("page.new_person"), onclick: async () => become(await arrive()) }, icon("plus"), h("span", {}, t("page.new_person")))),
    h("div", { class: "world-clock", role: "group", "aria-label": t("page.clock") },
      h("time", { id: "clock" }, h("strong", {}, h("i", {}), h("b", {}), h("i", {})), h("span", {})),
      h("button", { type: "button", class: "top-button", "data-act": "day", disabled: world.jumping, title: t("page.forward"), onclick: () => jump(DAY_S) }, t("page.day")),
      h("button", { type: "button", class: "top-button", "data-act": "month", disabled: world.jumping, title: t("page.forward"), onclick: () => jump(secondsToNextMonth(new Date(worldNow()))) }, t("page.month"))),
    h("div", { class: "languages", role: "group", "aria-label": t("page.language") },
      [["zh-CN", "中文"], ["en", "English"]].map(([name, word]) => h("button", { type: "button", lang: name, "data-locale": name, "aria-pressed": String(locale() === name), onclick: () => speak(name) }, word)))));
  drawClock();
  drawSwitch();
}

function personSelect(choose) {
  const select = h("select", { id: "person", onchange: choose }, world.people.map((one) =>
    h("option", { value: one.id, selected: one.id === world.person?.id }, `${one.nickname} ${one.id.replace(/^p/, "#")}`)));
  const shown = document.getElementById("person");
  if (shown && world.person) queueMicrotask(() => (document.getElementById("person").value = world.person.id));
  return select;
}

function drawClock() {
  const now = new Date(worldNow());
  const clock = document.getElementById("clock");
  if (clock) {
    const { before, day, after } = weekDay(now);
    [before, day, after].forEach((text, index) => (clock.firstChild.childNodes[index].textContent = text));
    clock.lastChild.textContent = clockTime(now);
    clock.dateTime = now.toISOString();
  }
  left.time.textContent = right.time.textContent = clockTime(now);
}

function drawSwitch() {
  const unread = wechat?.person ? wechat.unread("notices") : 0;
  const tab = (name, mark, word, count) => h("button", { type: "button", role: "tab", "data-phone": name, "aria-selected": String(world.narrow === name), "aria-controls": name,
    onclick: () => { world.narrow = name; drawSwitch(); if (name === "wechat") wechat.scrollDown(); } }, icon(mark), word, count > 0 && h("b", { class: "dot" }, String(count)));
  morph(document.getElementById("switch"), h("div", { id: "switch", class: "switch", role: "tablist", "aria-label": t("page.phones") },
    tab("mini", "phone", t("page.mini"), 0), tab("wechat", "chat", t("page.wechat"), unread)));
  document.getElementById("stage").dataset.shown = world.narrow;
  left.caption.textContent = t("page.wechat_caption");
  right.caption.textContent = t(world.within === "alipay" ? "page.alipay_caption" : "page.mini_caption");
}

function speak(name) {
  setLocale(name);
  document.title = t("page.title");
  drawTop();
  wechat?.draw();
  mini?.kept.clear();
  mini?.draw();
  mini?.refresh();
}

start();
