// Money and time as people read them. Money is whole fen everywhere; days are Beijing days.

import { locale } from "./i18n.js";

const ZONE = "Asia/Shanghai";

/** 123450 → "1,234.50" */
export function yuan(fen) {
  const whole = Math.trunc(Math.abs(fen) / 100).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${fen < 0 ? "−" : ""}${whole}.${String(Math.abs(fen) % 100).padStart(2, "0")}`;
}

/** 123400 → "1,234", 123450 → "1,234.50": prices on cards and buttons */
export function price(fen) {
  return fen % 100 === 0 ? yuan(fen).slice(0, -3) : yuan(fen);
}

export function signed(fen) {
  return fen > 0 ? `+${yuan(fen)}` : yuan(fen);
}

/** "12.5" → 1250; null when it is no amount of at most 6 digits and 2 decimals. */
export function fenFrom(text) {
  const match = /^(\d{1,6})(?:\.(\d{1,2}))?$/.exec(text.trim());
  return match ? Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0")) : null;
}

function format(at, options) {
  return new Intl.DateTimeFormat(locale() === "en" ? "en-GB" : "zh-CN", { timeZone: ZONE, ...options }).format(at);
}

export function clockTime(at) {
  return format(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** The day with its weekday, and its year apart for places where it does not fit. */
export function weekDay(at) {
  return locale() === "en"
    ? { before: "", day: format(at, { weekday: "short", day: "numeric", month: "short" }), after: ` ${beijingDay(at)[0]}` }
    : { before: `${beijingDay(at)[0]}年`, day: format(at, { month: "long", day: "numeric", weekday: "short" }), after: "" };
}

/** An instant in a list: "11-23 10:05" */
export function moment(iso) {
  const at = new Date(iso);
  return locale() === "en"
    ? format(at, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
    : format(at, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** When something takes place: "12月5日周六 14:00–15:30" */
export function occasion(startsAt, endsAt) {
  const [begins, ends] = [new Date(startsAt), new Date(endsAt)];
  const on = format(begins, { weekday: "short", day: "numeric", month: locale() === "en" ? "short" : "long" });
  return `${on} ${clockTime(begins)}–${clockTime(ends)}`;
}

/** A date ("2026-12-23") or an instant as a day. */
export function day(value) {
  const at = value.length === 10 ? new Date(`${value}T12:00:00+08:00`) : new Date(value);
  return locale() === "en"
    ? format(at, { day: "numeric", month: "short", year: "numeric" })
    : format(at, { year: "numeric", month: "long", day: "numeric" });
}

/** A date without its year where it is listed with others: "12月23日" */
export function shortDay(value) {
  return format(new Date(`${value}T12:00:00+08:00`), { month: locale() === "en" ? "short" : "long", day: "numeric" });
}

/** 1 is Monday: "周一" */
export function weekdayName(number) {
  return format(new Date(Date.UTC(2024, 0, number, 4)), { weekday: "short" });
}

/** 3, 1 → "3月1日" */
export function monthAndDay(month, date) {
  return format(new Date(Date.UTC(2024, month - 1, date, 4)), { month: locale() === "en" ? "short" : "long", day: "numeric" });
}

/** The Beijing calendar day of an instant as [year, month 1-12, day]. */
export function beijingDay(at) {
  const shifted = new Date(at.getTime() + 8 * 3600e3);
  return [shifted.getUTCFullYear(), shifted.getUTCMonth() + 1, shifted.getUTCDate()];
}

/** The same as the API writes it: "2026-12-23" */
export function isoDay(at) {
  const [year, month, date] = beijingDay(at);
  return `${year}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`;
}
