// What a product looks like: its picture, or its first character on a quiet tint where it has none.

import { h } from "../dom.js";

const TINTS = 5;

/** A small square. `what`: {id, name, images}. */
export function tile(app, what, extra = "") {
  const [first] = what.images ?? [];
  if (!first) return h("span", { class: `tile tint${what.id % TINTS} ${extra}`, "aria-hidden": "true" }, [...what.name][0]);
  return h("span", { class: `tile ${extra}`, "aria-hidden": "true" }, h("img", { src: app.shop.image(first.key, "small"), alt: "", loading: "lazy" }));
}

/** All of them over the width of a sheet, to be moved through sideways. */
export function gallery(app, product) {
  if (!product.images.length) return null;
  return h("div", { class: "gallery", role: "group", "aria-label": product.name, tabindex: product.images.length > 1 ? "0" : null },
    product.images.map((one) => h("img", { src: app.shop.image(one.key, "medium"), alt: one.alt || product.name, width: one.width, height: one.height })));
}
