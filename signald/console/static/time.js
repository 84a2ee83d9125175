// signald's time: its clock may be simulated and jump, so nothing here asks the browser what time it is.
let offset = null;
let taken = 0;

export function setClock(now) {
  const measured = now - performance.now();
  // What arrives late makes the clock look slow: the greatest offset is nearest the truth, until the clock was moved.
  if (offset === null || Math.abs(measured - offset) > 150 || measured > offset || performance.now() - taken > 30000) {
    offset = measured;
    taken = performance.now();
  }
}

export const isSet = () => offset !== null;
export const now = () => performance.now() + offset;

const form = (timeZone, options) => new Intl.DateTimeFormat("en-GB", { timeZone, hourCycle: "h23", ...options });
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const ZONES = { utc: "UTC", ny: "America/New_York", local: undefined };
const clocks = Object.fromEntries(Object.entries(ZONES).map(([name, zone]) => [name, form(zone, CLOCK)]));
const days = Object.fromEntries(Object.entries(ZONES).map(([name, zone]) => [name, form(zone, DAY)]));

export const clockTime = (ms, zone) => clocks[zone].format(ms);
export const dayTime = (ms, zone) => days[zone].format(ms).replace(",", "");


// The day stands with UTC; elsewhere only where it is another one.
export function shortTime(ms, zone) {
  const [here, utc] = [dayTime(ms, zone), dayTime(ms, "utc")];
  return zone !== "utc" && here.slice(0, -5) === utc.slice(0, -5) ? here.slice(-5) : here;
}

const two = (number) => String(number).padStart(2, "0");

// T−00:04:31, within a minute with tenths; after the time T+.
export function countdown(left) {
  const sign = left >= 0 ? "−" : "+";
  const tenths = left >= 0 ? Math.ceil(left / 100) : Math.floor(-left / 100);
  const seconds = Math.floor(tenths / 10);
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `T${sign}${days} d ${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
  if (Math.abs(left) < 60000) return `T${sign}${seconds}.${tenths % 10}`;
  return hours > 0 ? `T${sign}${hours}:${two(minutes)}:${two(seconds % 60)}` : `T${sign}${minutes}:${two(seconds % 60)}`;
}

export function roughly(left) {
  const seconds = Math.max(0, left) / 1000;
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) if (seconds >= size) return `${Math.round(seconds / size)} ${unit}`;
  return `${Math.round(seconds)} s`;
}
