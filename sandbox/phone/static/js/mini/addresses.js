// Delivery addresses: the list, one to be chosen, the form.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { busyButton, emptyState } from "../phone.js";
import { Intent } from "../shop.js";
import { chips, field, tickLine } from "./form.js";
import { REGIONS } from "./regions.js";

const NEW = { recipient: "", phone: "", province: "浙江省", city: "杭州市", district: "西湖区", region_code: "330106", detail: "", label: "", is_default: false };
const LABELS = ["home", "work", "school"];

/** An address as one writes it, from the province down. */
export const whole = (one) => `${one.province === one.city ? "" : one.province}${one.city}${one.district}${one.detail}`;

export const addresses = {
  title: () => t("addresses.title"),
  load: async ({ shop }) => ({ items: await shop.items("/addresses") }),
  view(app, { items }) {
    if (!items.length) return emptyState(t("addresses.none"), "pin");
    return h("ul", { class: "cart-lines" }, items.map((one) => h("li", { key: `a${one.id}`, "data-address": one.id },
      h("div", { class: "cart-words" }, h("strong", {}, one.recipient, h("small", {}, one.phone), one.is_default && h("i", { class: "state active" }, t("addresses.default")), one.label && h("i", { class: "state" }, one.label)),
        h("p", { class: "fine" }, whole(one))),
      h("div", { class: "address-acts" },
        h("button", { type: "button", class: "link", "data-act": "edit-address", onclick: () => edit(app, one).then(() => app.refresh()) }, t("common.edit")),
        busyButton({ class: "link", "data-act": "remove-address", onclick: () => remove(app, one) }, t("common.remove"))))));
  },
  foot: (app) => h("button", { type: "button", class: "wide tea", "data-act": "new-address", onclick: () => edit(app, null).then(() => app.refresh()) }, t("addresses.add")),
};

async function remove(app, one) {
  const sure = await app.confirm({ title: t("addresses.remove_sure"), text: whole(one), yes: t("common.remove"), tone: "danger" });
  if (!sure) return;
  await app.attempt(() => app.shop.remove(`/addresses/${one.id}`));
  await app.refresh();
}

/** A sheet with all of them. → the id of the one chosen, undefined when none was */
export async function chooseAddress(app, chosen) {
  const items = await app.attempt(() => app.shop.items("/addresses"));
  if (!items) return undefined;
  if (!items.length) return (await edit(app, null))?.id;
  const picked = await app.phone.sheet((close) => h("div", { class: "form" }, h("h2", {}, t("addresses.choose")),
    h("div", { class: "options" }, items.map((one) => h("button", { type: "button", class: "option", "aria-pressed": String(one.id === chosen), "data-address": one.id, onclick: () => close(one.id) },
      h("strong", {}, one.recipient, h("small", {}, one.phone)), h("span", { class: "fine" }, whole(one))))),
    h("button", { type: "button", class: "wide soft", "data-act": "new-address", onclick: () => close("new") }, icon("plus"), t("addresses.add"))),
  { label: t("addresses.choose") });
  return picked === "new" ? (await edit(app, null))?.id : picked;
}

/** The form of an address. → as it was kept, undefined when it was not */
export function edit(app, address) {
  const given = { ...NEW, ...address };
  const intent = new Intent();
  return app.phone.sheet((close, draw) => {
    const put = (more) => {
      Object.assign(given, more);
      intent.renew();
      draw();
    };
    const line = (name, most, more) => field(t(`addresses.${name}`), { name, value: given[name], maxlength: String(most), oninput: (event) => put({ [name]: event.target.value }), ...more });
    const save = async () => {
      const { id, ...body } = { ...given, recipient: given.recipient.trim(), phone: given.phone.trim(), detail: given.detail.trim() };
      const kept = await intent.once(app, (key) => (id ? app.shop.put(`/addresses/${id}`, body) : app.shop.post("/addresses", body, key)));
      if (!kept) return;
      close(kept);
      app.phone.toast(t("addresses.saved"), "good");
    };
    return h("form", { class: "form", onsubmit: (event) => event.preventDefault() }, h("h2", {}, t(address ? "addresses.edit" : "addresses.add")),
      line("recipient", 60, { autofocus: true }), line("phone", 20, { type: "tel" }), region(given, put), line("detail", 120, { placeholder: t("addresses.detail_hint") }),
      chips(t("addresses.label"), LABELS.map((name) => t(`addresses.label.${name}`)).map((word) => ({ word, on: given.label === word, take: () => put({ label: given.label === word ? "" : word }) }))),
      tickLine(t("addresses.make_default"), given.is_default, (is_default) => put({ is_default }), { name: "is_default", disabled: address?.is_default }),
      busyButton({ class: "wide tea", "data-act": "save-address", disabled: !given.recipient.trim() || !given.phone.trim() || !given.detail.trim(), onclick: save }, t("common.save")));
  }, { label: t(address ? "addresses.edit" : "addresses.add") });
}

function region(given, put) {
  const known = REGIONS[given.province]?.[given.city]?.[given.district] === given.region_code ? REGIONS
    : { ...REGIONS, [given.province]: { ...REGIONS[given.province], [given.city]: { ...REGIONS[given.province]?.[given.city], [given.district]: given.region_code } } };
  const place = (province, city, district) => {
    const cities = known[province];
    const chosen = city in cities ? city : Object.keys(cities)[0];
    const within = cities[chosen];
    const part = district in within ? district : Object.keys(within)[0];
    put({ province, city: chosen, district: part, region_code: within[part] });
  };
  const select = (name, of, act) => h("select", { name, "aria-label": t(`addresses.${name}`), key: `${name}-${Object.keys(of).join()}`, onchange: (event) => act(event.target.value) },
    Object.keys(of).map((one) => h("option", { value: one, selected: one === given[name] }, one)));
  return h("div", { class: "field" }, h("span", {}, t("addresses.region")), h("div", { class: "three" },
    select("province", known, (one) => place(one, given.city, given.district)),
    select("city", known[given.province], (one) => place(given.province, one, given.district)),
    select("district", known[given.province][given.city], (one) => place(given.province, given.city, one))));
}
