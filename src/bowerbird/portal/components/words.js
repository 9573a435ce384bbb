// Numbers and times as people read them.
const plain = new Intl.NumberFormat("en");
const LARGE = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

// 1,310 below ten thousand, then 13.1 k. `exact` is for the title that one sees on hovering.
export const exact = (n) => plain.format(n);
export function short(n) {
  if (n === undefined || n === null) return "–";
  if (Math.abs(n) < 10_000) return plain.format(n);
  const [size, name] = LARGE.find(([limit]) => Math.abs(n) >= limit);
  const value = n / size;
  return `${value.toFixed(Math.abs(value) < 100 ? 1 : 0)} ${name}`;
}

// "3.8 % of 31,204": a share never stands without its base.
export function percent(share) {
  const value = 100 * share;
  const digits = value === 0 || value === 100 ? 0 : Math.abs(value) < 10 ? 1 : 0;
  return `${value.toFixed(digits)} %`;
}
export const shareOf = (part, base) => (base ? `${percent(part / base)} of ${exact(base)}` : `0 of 0`);

export const counted = (n, one, many = `${one}s`) => `${short(n)} ${n === 1 ? one : many}`;

const STEPS = [[60, "second"], [3600, "minute"], [86_400, "hour"], [604_800, "day"], [2_629_800, "week"], [31_557_600, "month"]];
const SIZE = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800, month: 2_629_800, year: 31_557_600 };
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

// "3 minutes ago" of an ISO time or milliseconds.
export function ago(time, now = Date.now()) {
  const at = typeof time === "number" ? time : Date.parse(time);
  if (Number.isNaN(at)) return "";
  const seconds = (at - now) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  const unit = STEPS.find(([limit]) => Math.abs(seconds) < limit)?.[1] ?? "year";
  return relative.format(Math.trunc(seconds / SIZE[unit]), unit);
}
export const exactTime = (time) => (time ? new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" }) : "");

export function lasting(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
