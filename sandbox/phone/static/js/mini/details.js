// The customer's own profile: name, language of messages, birthday, phone number.

import { h } from "../dom.js";
import { day } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";
import { chips, field } from "./form.js";

export const details = {
  title: () => t("profile.title"),
  load: async ({ shop }) => ({ one: await shop.get("/profile") }),
  view(app, { one }, params) {
    params.given ??= { name: one.name, locale: one.locale, birthday: one.birthday };
    const { given } = params;
    const put = (more) => {
      Object.assign(given, more);
      app.draw();
    };
    const fixed = one.birthday_free_at !== null && Date.parse(one.birthday_free_at) > app.shop.now();
    return [
      h("section", { class: "block form" },
        field(t("profile.name"), { name: "name", maxlength: "60", value: given.name, oninput: (event) => put({ name: event.target.value }) }),
        field(t("profile.birthday"), { type: "date", name: "birthday", value: given.birthday ?? "", min: "1900-01-01", disabled: fixed, onchange: (event) => put({ birthday: event.target.value || null }) },
          h("small", { class: "fine" }, fixed ? t("profile.birthday_fixed", { day: day(one.birthday_free_at) }) : t("profile.birthday_text"))),
        chips(t("profile.locale"), [["zh-CN", "中文"], ["en", "English"]].map(([name, word]) => ({ word, on: given.locale === name, take: () => put({ locale: name }), lang: name })))),
      h("dl", { class: "facts" },
        h("div", {}, h("dt", {}, t("profile.phone")), h("dd", {}, one.phone ?? t("profile.no_phone"), " ", app.within === "wechat" && busyButton({ class: "link", "data-act": "take-phone", onclick: () => takePhone(app) }, t(one.phone ? "profile.phone_anew" : "profile.phone_take")))),
        h("div", {}, h("dt", {}, t("profile.joined")), h("dd", {}, day(one.joined_at)))),
    ];
  },
  foot: (app, _found, { given }) => given && busyButton({ class: "wide tea", "data-act": "save-profile", disabled: !given.name.trim(), onclick: () => save(app, given) }, t("common.save")),
};

async function save(app, given) {
  const kept = await app.attempt(() => app.shop.put("/profile", { ...given, name: given.name.trim(), birthday: given.birthday || null }));
  if (!kept) return;
  app.place.params.given = null;
  app.phone.toast(t("profile.saved"), "good");
  await app.refresh();
}

async function takePhone(app) {
  const kept = await app.attempt(async () => app.shop.post("/messages/settings/phone", { code: await app.device.phoneCode() }));
  if (kept) app.phone.toast(t("profile.phone_kept"), "good");
  await app.refresh();
}
