// After-sales: asking for one with photos, following it, sending the goods back.

import { h, icon } from "../dom.js";
import { moment, price, yuan } from "../format.js";
import { t, tOr } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { Intent } from "../shop.js";
import { chipButtons, field } from "./form.js";
import { goodsWord, money } from "./money.js";
import { stepper } from "./product.js";

const KINDS = ["refund", "return", "exchange"];
const REASONS = ["broken", "wrong", "unlike", "late"];
const MOST_PHOTOS = 6;
const MARKS = { done: "check", rejected: "close", withdrawn: "close" };

export const afterSales = {
  title: () => t("after.title"),
  load: async ({ shop }) => ({ items: await shop.items("/after-sales") }),
  view(app, { items }) {
    if (!items.length) return emptyState(t("after.none"), "cycle");
    return h("ul", { class: "order-list" }, items.map((one) => h("li", { key: one.return_no }, card(app, one))));
  },
};

/** An after-sale in a list. */
export function card(app, one) {
  return h("button", { type: "button", class: "order-card", "data-after-sale": one.return_no, onclick: () => app.go("afterSale", { no: one.return_no }) },
    h("span", { class: "order-top" }, h("span", {}, t(`after.kind.${one.kind}`), " · ", h("time", {}, moment(one.created_at))), h("span", { class: `state ${one.state === "done" ? "completed" : one.state}` }, t(`after.${one.state}`))),
    h("strong", {}, goodsWord(one.lines)),
    one.kind !== "exchange" && h("span", { class: "order-sum" }, money(price(one.refund_fen ?? one.most_fen))));
}

export const applyAfterSale = {
  title: () => t("after.apply"),
  async load({ shop }, { no }) {
    const [order, before] = await Promise.all([shop.get(`/orders/${no}`), shop.items(`/after-sales?order_no=${no}`)]);
    const spoken = {};
    for (const one of before) {
      const holds = !["withdrawn", "rejected"].includes(one.state) && !(one.state === "done" && one.refund_fen === null);
      if (holds) for (const line of one.lines) spoken[line.sku_id] = (spoken[line.sku_id] ?? 0) + line.quantity;
    }
    return { order, lines: order.lines.map((line) => ({ ...line, left: line.shipped - (spoken[line.sku_id] ?? 0) })).filter((line) => line.left > 0) };
  },
  view(app, { lines }, params) {
    if (!lines.length) return emptyState(t("after.nothing_left"), "cycle");
    params.kind ??= "refund";
    params.wanted ??= {};
    params.photos ??= [];
    params.intent ??= new Intent();
    const put = (more) => {
      Object.assign(params, more);
      params.intent.renew();
      app.draw();
    };
    return [
      h("fieldset", { class: "block chips" }, h("legend", {}, t("after.what")), chipButtons(KINDS.map((one) => ({ word: t(`after.kind.${one}`), on: params.kind === one, take: () => put({ kind: one }), "data-kind": one }))),
        h("p", { class: "fine" }, t(`after.text.${params.kind}`))),
      h("section", { class: "block" }, h("h3", {}, t("after.which")), h("ul", { class: "cart-lines plain" }, lines.map((line) => pick(line, params, put)))),
      h("section", { class: "block form" }, h("h3", {}, t("after.why")),
        h("div", { class: "chips" }, chipButtons(REASONS.map((one) => t(`after.reason.${one}`)).map((word) => ({ word, on: params.reason === word, take: () => put({ reason: word }) })))),
        h("label", { class: "field" }, h("span", { class: "unseen" }, t("after.why")), h("input", { type: "text", name: "reason", maxlength: "200", value: params.reason ?? "", placeholder: t("after.why_hint"), autocomplete: "off", oninput: (event) => put({ reason: event.target.value }) }))),
      h("section", { class: "block" }, h("h3", {}, t("after.photos"), h("small", { class: "fine" }, ` ${params.photos.length}/${MOST_PHOTOS}`)), photoPicker(params, put)),
    ];
  },
  foot(app, { lines }, params) {
    if (!lines.length) return null;
    const wanted = chosenOf(lines, params);
    return busyButton({ class: "wide tea", "data-act": "send-after-sale", disabled: !wanted.length || !params.reason?.trim(), onclick: () => send(app, wanted, params) }, t("after.send"));
  },
};

const chosenOf = (lines, { wanted = {} }) => lines.map(({ sku_id }) => ({ sku_id, quantity: wanted[sku_id] ?? 0 })).filter((one) => one.quantity > 0);

function pick(line, params, put) {
  const quantity = params.wanted[line.sku_id] ?? 0;
  const set = (count) => put({ wanted: { ...params.wanted, [line.sku_id]: Math.max(0, Math.min(line.left, count)) } });
  return h("li", { key: `w${line.sku_id}`, "data-sku": line.sku_id },
    h("label", { class: "pick" }, h("input", { type: "checkbox", checked: quantity > 0, "aria-label": `${line.product_name} ${line.sku_name}`, onchange: (event) => set(event.target.checked ? line.left : 0) }), h("span", { class: "tick" }, icon("check"))),
    h("div", { class: "cart-words" }, h("strong", {}, line.product_name), h("small", {}, `${line.sku_name} · ¥${yuan(line.price_fen)}`)),
    quantity > 0 && line.left > 1 ? stepper(quantity, line.left, (by) => () => set(Math.max(1, quantity + by)), line.product_name) : h("small", { class: "fine" }, `×${line.left}`));
}

function photoPicker(params, put) {
  const add = (event) => {
    const files = [...event.target.files].slice(0, MOST_PHOTOS - params.photos.length);
    Promise.all(files.map(readFile)).then((read) => put({ photos: [...params.photos, ...read] }));
    event.target.value = "";
  };
  return h("div", { class: "photos" },
    params.photos.map((one, nth) => h("span", { class: "photo", key: one.url.slice(-40) }, h("img", { src: one.url, alt: t("after.photo", { nth: nth + 1 }) }),
      h("button", { type: "button", "aria-label": t("after.photo_remove", { nth: nth + 1 }), onclick: () => put({ photos: params.photos.filter((other) => other !== one) }) }, icon("close")))),
    params.photos.length < MOST_PHOTOS && h("label", { class: "photo add", key: "add" }, icon("camera"), h("span", {}, t("after.photo_add")),
      h("input", { type: "file", name: "photos", accept: "image/jpeg,image/png,image/webp", multiple: true, onchange: add })));
}

function readFile(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done({ file, url: reader.result });
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(file);
  });
}

async function send(app, lines, params) {
  const { shop } = app;
  const body = { kind: params.kind, lines, reason: params.reason.trim() };
  const made = await params.intent.once(app, (key) => shop.post(`/orders/${params.no}/after-sales`, body, key));
  if (!made) return;
  for (const { file } of params.photos) await app.attempt(() => shop.upload(`/after-sales/${made.return_no}/photos`, file));
  if (shop !== app.shop) return;
  if (app.place.params === params) app.stack.pop();
  app.phone.toast(t("after.sent"), "good");
  await app.go("afterSale", { no: made.return_no });
}

export const afterSale = {
  title: () => t("after.one"),
  async load({ shop }, params) {
    const one = await shop.get(`/after-sales/${params.no}`);
    params.shown ??= [];
    while (params.shown.length < one.photos) params.shown.push(await shop.picture(`/after-sales/${params.no}/photos/${params.shown.length + 1}`));
    return { one, photos: params.shown };
  },
  view(_app, { one, photos }) {
    return [
      h("section", { class: `order-state ${one.state === "done" ? "completed" : one.state}`, "data-state": one.state }, icon(MARKS[one.state] ?? "clock"),
        h("div", {}, h("h3", {}, t(`after.${one.state}`)), h("p", {}, one.state === "rejected" ? one.reject_reason : t(`after.${one.state}.text`)))),
      h("section", { class: "block" }, h("h3", {}, t(`after.kind.${one.kind}`)), h("ul", { class: "lines" }, one.lines.map((line) => h("li", {},
        h("span", {}, line.product_name, h("small", {}, line.sku_name)), h("span", {}, `×${line.quantity}`), one.kind === "exchange" ? h("span") : money(yuan(line.refund_fen ?? line.most_fen))))),
      one.kind !== "exchange" && h("p", { class: "total" }, t(one.refund_fen === null ? "after.most" : "after.refunded"), money(yuan(one.refund_fen ?? one.most_fen), "large"))),
      photos.length > 0 && h("section", { class: "block" }, h("h3", {}, t("after.photos")), h("div", { class: "photos" }, photos.map((url, nth) => h("span", { class: "photo" }, h("img", { src: url, alt: t("after.photo", { nth: nth + 1 }) }))))),
      one.trails.map((trail) => h("section", { class: "block" }, h("h3", {}, `${trail.carrier} ${trail.tracking_no}`), h("dl", { class: "facts" }, trail.steps.map((step) => h("div", {}, h("dt", {}, moment(step.at)), h("dd", {}, step.text)))))),
      h("dl", { class: "facts" }, h("div", {}, h("dt", {}, t("after.why")), h("dd", {}, one.reason)), h("div", {}, h("dt", {}, t("after.no")), h("dd", { class: "mono" }, one.return_no)),
        one.tracking_no && h("div", {}, h("dt", {}, t("after.back_by")), h("dd", {}, `${one.carrier} ${one.tracking_no}`)), one.new_tracking_no && h("div", {}, h("dt", {}, t("after.anew_by")), h("dd", {}, `${one.new_carrier} ${one.new_tracking_no}`))),
      h("section", { class: "block" }, h("h3", {}, t("after.steps")), h("ol", { class: "steps-list" }, [...one.events].reverse().map((event) => h("li", {}, h("strong", {}, tOr(`after.step.${event.step}`, event.step)), event.note && h("span", {}, event.note), h("small", {}, h("time", {}, moment(event.at))))))),
    ];
  },
  foot(app, { one }) {
    const back = one.kind !== "refund" && ["approved", "sent_back"].includes(one.state);
    const free = ["asked", "approved"].includes(one.state);
    if (!back && !free) return null;
    return [
      back && h("button", { type: "button", class: "wide tea", "data-act": "send-back", onclick: () => sendBack(app, one) }, t(one.state === "approved" ? "after.send_back" : "after.send_back_again")),
      free && busyButton({ class: "quiet", "data-act": "withdraw-after-sale", onclick: () => withdraw(app, one) }, t("after.withdraw")),
    ];
  },
};

async function withdraw(app, one) {
  const sure = await app.confirm({ title: t("after.withdraw_sure"), yes: t("after.withdraw"), tone: "danger" });
  if (sure && (await app.attempt(() => app.shop.post(`/after-sales/${one.return_no}/withdraw`)))) app.phone.toast(t("after.was_withdrawn"));
  await app.refresh();
}

async function sendBack(app, one) {
  const given = { carrier: one.carrier ?? "顺丰速运", tracking_no: "" };
  const intent = new Intent();
  await app.phone.sheet((close, draw) => {
    const line = (name, most) => field(t(`after.${name}`), { name, maxlength: String(most), value: given[name], autofocus: name === "tracking_no", oninput: (event) => { given[name] = event.target.value; intent.renew(); draw(); } });
    return h("form", { class: "form", onsubmit: (event) => event.preventDefault() }, h("h2", {}, t("after.send_back")), line("carrier", 40), line("tracking_no", 64),
      busyButton({ class: "wide tea", "data-act": "save-parcel", disabled: !given.carrier.trim() || !given.tracking_no.trim(), onclick: async () => {
        const body = { carrier: given.carrier.trim(), tracking_no: given.tracking_no.trim() };
        if (await intent.once(app, (key) => app.shop.post(`/after-sales/${one.return_no}/parcel`, body, key))) close();
      } }, t("common.save")));
  }, { label: t("after.send_back") });
  await app.refresh();
}
