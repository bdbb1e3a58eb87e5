// Elements from plain calls, and bringing a shown tree up to date without losing focus, scroll or half-typed text.

const SVG = "http://www.w3.org/2000/svg";
const HANDLERS = ["onclick", "oninput", "onchange", "onsubmit", "onkeydown"];

/** An element. Handlers are given as `onclick` etc., `false`/`null`/`undefined` leave an attribute or child out. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element[name] = value;
    else if (name === "value") element.value = value;
    else if (name === "checked") element.checked = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children) {
    if (child === false || child === null || child === undefined) continue;
    if (Array.isArray(child)) add(element, child);
    else element.append(child);
  }
}

/** Makes what is shown equal to `wanted`, in place where it can. `key` attributes say what is the same thing. */
export function morph(shown, wanted) {
  if (shown.nodeName !== wanted.nodeName || keyOf(shown) !== keyOf(wanted)) {
    shown.replaceWith(wanted);
    return;
  }
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.data !== wanted.data) shown.data = wanted.data;
    return;
  }
  const stays = isAtWork(shown, wanted) ? "aria-busy" : null;
  for (const { name } of [...shown.attributes]) if (!wanted.hasAttribute(name) && name !== stays) shown.removeAttribute(name);
  for (const { name, value } of wanted.attributes) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  for (const name of HANDLERS) shown[name] = wanted[name];
  if (shown.nodeName === "INPUT") {
    if (shown.type === "checkbox" || shown.type === "radio") shown.checked = wanted.checked;
    else if (shown !== document.activeElement) shown.value = wanted.value;
  }
  morphChildren(shown, wanted);
}

/** Whether it is a button that was pressed and is still for the same act: it stays pressed until that is done. */
function isAtWork(shown, wanted) {
  return shown.hasAttribute("aria-busy") && shown.getAttribute("data-act") === wanted.getAttribute("data-act");
}

function morphChildren(shown, wanted) {
  const coming = [...wanted.childNodes];
  coming.forEach((child, index) => {
    const present = shown.childNodes[index];
    if (present) morph(present, child);
    else shown.append(child);
  });
  while (shown.childNodes.length > coming.length) shown.lastChild.remove();
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("key") : null;
}

const STROKES = {
  home: "M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z",
  bag: "M5 8h14l-1 12H6zM9 8V7a3 3 0 0 1 6 0v1",
  list: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
  cycle: "M20 12a8 8 0 1 1-2.6-5.9M20 3v4h-4M12 8v4l3 2",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  close: "M6 6l12 12M18 6 6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  check: "M5 12.5l4.5 4.5L19 7.5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4",
  bill: "M5 4h14v16H5zM8.5 9h7M8.5 13h7M8.5 17h4",
  wave: "M4 16c2.5 0 2.5-8 5-8s2.5 8 5 8 2.5-8 6-8",
  card: "M3 6h18v12H3zM3 10h18",
  keyboard: "M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8",
  menu: "M5 7h14M5 12h14M5 17h14",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2",
  cup: "M5 8h12v6a5 5 0 0 1-5 5h-2a5 5 0 0 1-5-5zM17 9.5h1.5a2.5 2.5 0 0 1 0 5H17M9 2.5c-1 1.5 1 2 0 3.5M13 2.5c-1 1.5 1 2 0 3.5",
  chat: "M4 5h16v11H10l-4 3.5V16H4z",
  phone: "M7 3h10v18H7zM11 18h2",
  empty: "M4 13l3-8h10l3 8v6H4zM4 13h5a3 3 0 0 0 6 0h5",
  warn: "M12 4 2.5 20h19zM12 10v4M12 17h.01",
  cart: "M3 4h2.5l2.2 10.5h10l2-7.5H6.3M9 20a1 1 0 1 0 0-2 1 1 0 0 0 0 2zM17 20a1 1 0 1 0 0-2 1 1 0 0 0 0 2z",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16.2 16.2 21 21",
  ticket: "M4 7h16v3.5a1.5 1.5 0 0 0 0 3V17H4v-3.5a1.5 1.5 0 0 0 0-3zM14 7v10",
  star: "M12 4l2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7l5.6-.7z",
  pin: "M12 21s7-6.2 7-11.5A7 7 0 0 0 5 9.5C5 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  camera: "M4 8h4l1.5-2.5h5L16 8h4v11H4zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  parts: "M4 5h16v5H4zM4 14h7v5H4zM14 14h6v5h-6z",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16",
};

/** A line drawing. It says nothing to screen readers; name the button instead. */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
}

export function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
