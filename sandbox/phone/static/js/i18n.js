// The page's own words. What the shop and the platform say comes from them, in the language asked for.

import en from "./words_en.js";
import zh from "./words_zh.js";

const WORDS = { "zh-CN": zh, en };
let current = localStorage.getItem("phone.locale") in WORDS ? localStorage.getItem("phone.locale") : "zh-CN";

export function locale() {
  return current;
}

export function setLocale(wanted) {
  current = wanted;
  localStorage.setItem("phone.locale", wanted);
  document.documentElement.lang = wanted;
}

/** The sentence of a key with `{name}` filled in. */
export function t(key, params = {}) {
  const sentence = WORDS[current][key] ?? zh[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(params[name] ?? ""));
}

/** The sentence of a key, or another text where there is none. */
export function tOr(key, otherwise) {
  return key in WORDS[current] ? WORDS[current][key] : otherwise;
}
