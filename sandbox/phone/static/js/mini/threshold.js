import { h } from "../dom.js";
import { fenFrom, price } from "../format.js";
import { t } from "../i18n.js";
import { busyButton } from "../phone.js";

const OFFERED_FEN = [2000, 5000, 10000];

/** Asks below which balance the customer wants to be reminded. */
export async function editThreshold(app, account) {
  let text = account.low_balance_threshold_fen === null ? "" : price(account.low_balance_threshold_fen).replace(",", "");
  const save = async (close, fen) => {
    const saved = await app.attempt(() => app.shop.put("/account/threshold", { threshold_fen: fen }));
    if (!saved) return;
    close(true);
    app.phone.toast(fen === null ? t("threshold.off") : t("threshold.saved", { amount: price(fen) }), "good");
    await app.refresh();
    if (fen !== null) await app.askForMessages(["low_balance"]);
  };
  await app.phone.sheet((close, draw) => {
    const fen = fenFrom(text);
    return h("div", { class: "form" },
      h("h2", {}, t("threshold.title")), h("p", { class: "fine" }, t("threshold.text")),
      h("label", { class: "money-field" }, h("span", {}, "¥"),
        h("input", { type: "text", inputmode: "decimal", autocomplete: "off", autofocus: true, name: "threshold", value: text, "aria-label": t("threshold.title"),
          placeholder: t("threshold.none"), oninput: (event) => { text = event.target.value; draw(); } })),
      h("div", { class: "chips" }, OFFERED_FEN.map((one) => h("button", { type: "button", "aria-pressed": String(fen === one), onclick: () => { text = price(one); draw(); } }, `¥${price(one)}`))),
      busyButton({ class: "wide tea", "data-act": "save-threshold", disabled: fen === null, onclick: () => save(close, fen) }, t("common.save")),
      account.low_balance_threshold_fen !== null && busyButton({ class: "quiet", onclick: () => save(close, null) }, t("threshold.switch_off")));
  }, { label: t("threshold.title") });
}
