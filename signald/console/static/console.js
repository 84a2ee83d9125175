// Puts what the daemon says on the page. Nothing is computed here that anybody trades on: documents are shown as they came.
import { fan, guardLine, histogram, imbalance, microseconds, signed, whisker } from "/static/charts.js";
import { armControls } from "/static/control.js";
import { cue, toggleSound } from "/static/sound.js";
import { follow } from "/static/feed.js";
import { clockTime, countdown, dayTime, isSet, now, roughly, setClock, shortTime } from "/static/time.js";

const SHOWN = 120; // signals that stand on the page; older ones are in the stream
const ROWS = new Set(["release", "correction", "retraction", "missed", "halt", "resume", "policy", "drift", "expectations", "nowcast"]);
const MARKS = { up: "▲", down: "▼", no_edge: "◆", quarantined: "⚠", missed: "∅", halt: "■", resume: "▶", retraction: "↶" };
const WORDS = { no_edge: "no edge" };
const SPAN = 60 * 60 * 1000; // of the guard's line
const LOST_AFTER = 3000;

const at = (id) => document.getElementById(id);
const know = { calendar: { releases: [], sources: [] }, signals: [], notices: [], guards: [], ladders: new Map(), paths: new Map(), books: null, daemon: null, latency: {} };
const rows = new Map();
const bookRows = new Map();
const stale = new Set();
let heard = -Infinity;
let redis = false;
let chosen = "";
let cued = "";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function put(id, text) {
  const node = typeof id === "string" ? at(id) : id;
  if (node.textContent !== text) node.textContent = text;
}

function level(node, value) {
  if (node.dataset.level !== value) node.dataset.level = value;
}

const figure = (number) => (number === null || number === undefined ? "–" : String(number).replace("-", "−"));

// -- what comes ------------------------------------------------------------------------------------------------------

const takes = {
  hello(told) {
    takes.clock({ ...told.clock, redis: told.redis });
    Object.assign(know, { signals: told.signals, notices: told.notices, guards: told.guards });
    know.ladders = new Map(told.ladders.map((one) => [`${one.release} ${one.instrument}`, one]));
    know.paths = new Map(told.paths.map((one) => [one.id, one.points]));
    for (const part of ["calendar", "daemon", "books", "latency"]) if (told[part]) takes[part](told[part]);
    rows.clear();
    at("signals").replaceChildren();
    stale.add("signals").add("notices").add("guard").add("ladder");
  },
  clock(told) { setClock(told.now); redis = told.redis; },
  calendar(told) { know.calendar = told; stale.add("calendar").add("ladder").add("guard"); },
  daemon(told) { know.daemon = told; stale.add("daemon"); },
  books(told) { know.books = told; stale.add("books"); },
  latency(told) { know.latency = told; stale.add("latency"); },
  ladder(told) { know.ladders.set(`${told.release} ${told.instrument}`, told); stale.add("ladder"); },
  guard(told) {
    if (know.guards.some((one) => Object.keys(told).every((key) => one[key] === told[key]))) return;
    know.guards.push(told);
    if (know.guards.length > 4000) know.guards.splice(0, 2000);
    stale.add("guard");
  },
  path(told) {
    const points = know.paths.get(told.id) ?? [];
    for (const point of told.points) if (!points.length || point[0] > points[points.length - 1][0]) points.push(point);
    know.paths.set(told.id, points);
    stale.add(`path ${told.id}`);
  },
  signal(told) {
    if (know.signals.some((one) => one.entry === told.entry)) return;
    know.signals.push(told);
    if (know.signals.length > 1000) know.signals.shift();
    stale.add("signals");
    if (ROWS.has(told.kind) && isWanted(told)) {
      cue(told.verdict ?? told.kind);
      put("newest", `${told.instrument ?? ""} ${WORDS[told.verdict] ?? told.verdict ?? told.kind} ${told.causes.map((one) => one.name).join(", ")}`);
    }
  },
  notice(told) {
    if (know.notices.some((one) => one.entry === told.entry)) return;
    know.notices.push(told);
    if (know.notices.length > 300) know.notices.shift();
    stale.add("notices");
  },
};

follow((event, told) => {
  if (event === "lost") { heard = -Infinity; return; }
  heard = performance.now();
  takes[event](told);
  schedule();
});

let scheduled = false;
function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => { scheduled = false; draw(); });
}

// -- what is drawn ---------------------------------------------------------------------------------------------------

function draw() {
  const wanted = [...stale];
  stale.clear();
  for (const part of wanted) {
    if (part.startsWith("path ")) drawPath(part.slice(5)); else drawings[part]();
  }
  tick();
}

const drawings = {
  calendar() {
    const [next, ...rest] = know.calendar.releases;
    const same = next ? rest.filter((one) => one.ts === next.ts) : [];
    put("next-name", next ? [next, ...same].map((one) => one.name).join(" · ") : "Nothing is due");
    put("next-consensus", next ? [next, ...same].map((one) => figure(one.consensus)).join(" · ") : "–");
    put("next-prior", next ? [next, ...same].map((one) => figure(one.prior)).join(" · ") : "–");
    for (const zone of ["utc", "ny", "local"]) put(`next-${zone}`, next ? shortTime(next.ts, zone) : "–");
    const sources = next ? next.sources : [];
    const silent = sources.filter((one) => !one.alive).map((one) => one.source);
    const ready = at("next-ready");
    ready.hidden = !next;
    if (next) {
      const why = silent.length ? `silent: ${silent.join(", ")}` : sources.length ? `${sources.map((one) => one.source).join(", ")} alive` : "no source covers it";
      level(ready, silent.length === sources.length ? "warn" : next.armed ? "ok" : "off");
      put(ready, `${next.armed ? "armed" : next.state}, ${why}`);
    }
    at("due").replaceChildren(...rest.filter((one) => one.ts !== next.ts).map((one) => element("tr", {},
      element("td", { "data-due": one.ts }, roughly(one.ts - now())),
      element("td", {}, dayTime(one.ts, "utc")), element("td", {}, shortTime(one.ts, "ny")),
      element("th", { scope: "row" }, one.name), element("td", { class: "number" }, figure(one.consensus)),
      element("td", {}, one.armed ? "armed" : one.state))));
  },

  daemon() {
    const told = know.daemon;
    const degraded = told.degraded ?? [];
    const bad = degraded.length > 0 || told.journal_failing || told.compilations_after_ready > 0;
    level(at("ready"), !told.ready ? "off" : bad ? "warn" : "ok");
    put("ready", !told.ready ? "starting" : bad ? `degraded: ${degraded.join(", ") || "see the notices"}` : "ready");
    const holds = told.controls ?? [];
    const halt = holds.find((one) => one.command === "halt");
    const mutes = holds.filter((one) => one.command === "mute").map((one) => one.target);
    at("halted").hidden = !halt && !mutes.length;
    level(at("halted"), halt ? "alarm" : "warn");
    put("halted", halt ? "HALTED" : `muted: ${mutes.join(", ")}`);
    at("alarm").hidden = !halt;
    if (halt) put("alarm", `All signals are halted by ${halt.by}${halt.reason ? `: ${halt.reason}` : ""}`);
    put("open-control", halt ? "Resume…" : "Halt…");
    document.body.dataset.halted = String(Boolean(halt));
  },

  ladder() {
    const due = know.calendar.releases.map((one) => one.release);
    const fitting = [...know.ladders.values()].filter((one) => due.includes(one.release) && (!chosen || one.instrument === chosen));
    fitting.sort((one, other) => due.indexOf(one.release) - due.indexOf(other.release) || other.ts - one.ts);
    const ladder = fitting[0];
    put("ladder-caption", ladder ? `${ladder.release} on ${ladder.instrument}` : "No ladder yet: it is drawn up once the release is armed");
    if (!ladder) { at("ladder").replaceChildren(); return; }
    const reach = Math.max(1, ...ladder.rungs.flatMap((one) => [Math.abs(one.lo), Math.abs(one.hi)]));
    const step = Math.max(1, Math.ceil(ladder.rungs.length / 11));
    const middle = Math.floor(ladder.rungs.length / 2) % step;
    at("ladder").replaceChildren(...ladder.rungs.filter((_, number) => number % step === middle).map((one) => element("tr", {},
      element("th", { scope: "row", class: "number" }, figure(one.actual)),
      element("td", { class: "number" }, `${signed(one.z, 2)} σ`),
      element("td", {}, verdictOf(one.verdict)),
      element("td", { class: "number" }, signed(one.mean)),
      element("td", { class: "wide" }, whisker(one, reach)))));
  },

  signals() {
    const list = at("signals");
    const shown = know.signals.filter((one) => ROWS.has(one.kind) && isWanted(one)).slice(-SHOWN);
    const wanted = new Set(shown.map((one) => one.entry));
    for (const [entry, row] of rows) if (!wanted.has(entry)) { row.remove(); rows.delete(entry); }
    const isFirst = rows.size === 0;
    const fresh = [];
    for (const one of shown) {
      if (rows.has(one.entry)) continue;
      const row = rowOf(one);
      if (!isFirst) row.classList.add("fresh");
      rows.set(one.entry, row);
      fresh.unshift(row);
    }
    list.prepend(...fresh);
    at("signals-none").hidden = rows.size > 0;
    put("signals-count", `${know.signals.length} documents`);
  },

  books() {
    const told = know.books.books;
    const names = new Set(told.map((one) => one.instrument));
    for (const [name, row] of bookRows) if (!names.has(name)) { row.element.remove(); bookRows.delete(name); }
    for (const one of [...told].sort((a, b) => a.venue.localeCompare(b.venue) || a.instrument.localeCompare(b.instrument))) {
      let row = bookRows.get(one.instrument);
      if (!row) { row = bookRow(one); bookRows.set(one.instrument, row); at("books").append(row.element); choices(); }
      row.update(one);
    }
  
  },

  guard() {
    if (!isSet()) return;
    const lines = new Map();
    for (const step of know.guards) {
      if (chosen && step.instrument !== chosen) continue;
      const steps = lines.get(step.instrument) ?? [];
      if (steps.length) steps[steps.length - 1].to = Math.min(steps[steps.length - 1].to, step.ts);
      steps.push({ ...step, to: step.expires });
      lines.set(step.instrument, steps);
    }
    const told = [...lines].sort().slice(0, 12).map(([instrument, steps]) => ({ instrument, steps: steps.filter((one) => one.to > now() - SPAN) }));
    const releases = [...know.calendar.releases.map((one) => one.ts), ...know.signals.map((one) => one.scheduled)].filter(Boolean);
    at("guard").replaceChildren(told.length ? guardLine(told, [...new Set(releases)], now(), SPAN, at("guard").clientWidth) : element("p", { class: "quiet" }, "Nothing said yet."));
    const newest = know.guards.findLast((one) => !chosen || one.instrument === chosen);
    const holds = newest && now() < newest.expires;
    put("guard-now", newest ? `${newest.instrument}: ${holds ? newest.state : "widen, nothing newer was said"}${holds && newest.widen ? `, ${newest.widen.toFixed(1)} bps wider` : ""}` : "");
  },

  latency() {
    const picker = at("stage");
    for (const name of Object.keys(know.latency)) {
      if (![...picker.options].some((one) => one.value === name)) picker.append(element("option", { value: name }, name));
      if (picker.value === "" || (name === "total" && !picker.dataset.chosen)) picker.value = name;
    }
    const stage = know.latency[picker.value];
    if (!stage || !stage.buckets.length) { put("latency-figures", "nothing measured yet"); at("latency").replaceChildren(); return; }
    at("latency-figures").replaceChildren(...[["p50", "p50"], ["p99", "p99"], ["p999", "p99.9"]].flatMap(([key, name]) => [`${microseconds(stage[key])} `, element("span", {}, name)]), element("span", {}, `n ${stage.n}`));
    at("latency").replaceChildren(histogram(stage, picker.value, at("latency").clientWidth));
  },

  notices() {
    const marks = { info: "·", warning: "▲", error: "✕" };
    at("notices").replaceChildren(...know.notices.slice(-80).reverse().map((one) => element("li", {},
      element("time", {}, clockTime(one.ts, "utc")),
      element("span", { class: `mark-${one.level}`, role: "img", "aria-label": one.level }, marks[one.level] ?? "·"),
      element("span", {}, element("b", {}, one.event.replaceAll("_", " ")), " ", element("i", {}, Object.values(one.details).join(" · "))))));
    at("notices-none").hidden = know.notices.length > 0;
  },
};

function verdictOf(verdict) {
  return element("span", { class: "verdict", "data-verdict": verdict }, `${MARKS[verdict] ?? "•"} ${WORDS[verdict] ?? verdict}`);
}

const isWanted = (signal) => !chosen || !signal.instrument || signal.instrument === chosen;

function rowOf(signal) {
  const word = signal.verdict ?? signal.kind;
  const [first] = signal.horizons;
  const row = element("li", { tabindex: "-1", "data-entry": signal.entry, "data-id": signal.id });
  const what = signal.causes.map((one) => `${one.name} ${figure(one.actual)}`).join(", ") || signal.reason || signal.kind;
  const rest = element("p", { class: "rest" });
  rest.append(element("b", {}, signal.instrument ?? "all instruments"));
  for (const one of signal.causes) if (one.z !== null) rest.append(` · consensus ${figure(one.consensus)}, ${signed(one.z, 2)} σ`);
  const foreseen = element("p", { class: "rest" });
  if (first) foreseen.append(element("b", {}, `${signed(first.mean)} bps`), ` in ${first.s / 60} min, ${signed(first.lo, 0)} … ${signed(first.hi, 0)}`);
  if (first && signal.confidence !== null) foreseen.append(` · ${Math.round(100 * signal.confidence)} % · n ${first.n}`);
  const flags = element("p", {}, ...signal.flags.map((one) => element("span", { class: "flag" }, one.replaceAll("_", " "))));
  for (const words of signal.movers ?? []) flags.append(element("span", { class: "mover" }, words), " ");
  if (signal.late_ms) flags.append(element("span", { class: "flag" }, `delivered ${signal.late_ms} ms late`));
  row.append(
    element("div", {}, verdictOf(word), element("span", { class: "when" }, `${clockTime(signal.ts, "utc")} UTC`)),
    element("div", {}, element("p", { class: "what" }, what), rest, foreseen, element("p", { class: "rest", "data-realised": "" }), flags),
  );
  if (first) row.append(fan(signal.horizons, know.paths.get(signal.id) ?? [], signal.verdict));
  tellRealised(row, know.paths.get(signal.id));
  return row;
}

function drawPath(id) {
  const signal = know.signals.findLast((one) => one.id === id);
  const row = signal && rows.get(signal.entry);
  if (!row || !signal.horizons.length) return;
  row.querySelector("svg")?.replaceWith(fan(signal.horizons, know.paths.get(id), signal.verdict));
  tellRealised(row, know.paths.get(id));
}

function tellRealised(row, points) {
  if (!points || points.length < 2) return;
  const [seconds, bps] = points[points.length - 1];
  const after = seconds >= 120 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`;
  put(row.querySelector("[data-realised]"), `realised ${signed(bps)} bps after ${after}`);
}

function bookRow(book) {
  const cells = { health: element("span", { class: "health" }) };
  const row = element("tr", { "data-instrument": book.instrument }, element("th", { scope: "row" }, book.instrument), element("td", {}, cells.health));
  for (const name of ["bid", "ask", "spread", "basis", "imbalance", "depth", "age"]) {
    cells[name] = element("td", name === "imbalance" ? {} : { class: "number" });
    row.append(cells[name]);
  }
  let drawn = null;
  return {
    element: row,
    update(one) {
      const worst = one.state !== "live" ? "alarm" : one.flags.length ? "alarm" : "ok";
      level(cells.health, worst);
      put(cells.health, one.state !== "live" ? (one.state === "gap" ? "resyncing" : one.state) : one.flags.join(", ") || "live");
      put(cells.bid, price(one.bid));
      put(cells.ask, price(one.ask));
      put(cells.spread, one.spread_bps === null ? "–" : one.spread_bps.toFixed(2));
      put(cells.basis, basis(one));
      put(cells.depth, `${thousands(one.depth[2])} / ${thousands(one.depth[3])}`);
      put(cells.age, one.age_ms === null ? "–" : one.age_ms < 10000 ? `${Math.max(0, Math.round(one.age_ms))} ms` : roughly(one.age_ms));
      const share = one.imbalance === null ? null : Math.round(one.imbalance * 50) / 50;
      if (share !== drawn) { drawn = share; cells.imbalance.replaceChildren(element("span", { class: "imbalance" }, imbalance(share))); }
    },
  };
}

function basis(one) {
  if (one.venues !== null) return `${one.venues} ${one.venues === 1 ? "venue" : "venues"}${one.dex_share > 0 ? `, ${Math.round(one.dex_share * 100)} % DEX` : ""}`;
  if (one.basis_bps === null) return "–";
  return `${one.basis_bps > 0 ? "+" : ""}${one.basis_bps.toFixed(2)}${one.share > 0 ? "" : " ✕"}`;
}

const price = (number) => (number === null ? "–" : number.toLocaleString("en-US", { minimumFractionDigits: number < 10 ? 4 : 2, maximumFractionDigits: number < 10 ? 4 : 2 }));
const thousands = (number) => (number === null ? "–" : Math.round(number / 1000).toLocaleString("en-US"));

function choices() {
  const picker = at("instrument");
  const names = [...bookRows.keys()].sort();
  picker.replaceChildren(element("option", { value: "" }, "all"), ...names.map((name) => element("option", { value: name }, name)));
  picker.value = chosen;
}

// -- what goes on by itself ------------------------------------------------------------------------------------------

function tick() {
  const late = performance.now() - heard;
  const isLost = late > LOST_AFTER;
  level(at("link"), isLost ? "alarm" : redis ? "ok" : "warn");
  put("link", isLost ? "no connection" : redis ? "live" : "Redis is away");
  if (!isSet()) return;
  const time = now();
  for (const zone of ["utc", "ny", "local"]) put(`clock-${zone}`, clockTime(time, zone));
  const next = know.calendar.releases[0];
  const left = next ? next.ts - time : null;
  const shown = at("countdown");
  put(shown, left === null ? "–" : countdown(left));
  shown.toggleAttribute("data-long", shown.textContent.length > 9);
  shown.toggleAttribute("data-near", left !== null && left > 0 && left < 60000);
  shown.toggleAttribute("data-now", left !== null && left <= 0);
  if (left !== null) warn(next.release, left);
}

function warn(release, left) {
  for (const seconds of [60, 10]) {
    const name = `${release} ${seconds}`;
    if (left > 0 && left <= seconds * 1000 && left > (seconds - 5) * 1000 && cued !== name) { cued = name; cue("soon"); }
  }
}

setInterval(tick, 50);
setInterval(() => { drawings.guard(); for (const cell of document.querySelectorAll("[data-due]")) if (isSet()) put(cell, roughly(Number(cell.dataset.due) - now())); }, 1000);

// -- what a person does ----------------------------------------------------------------------------------------------

const THEMES = ["system", "light", "dark"];
let theme = THEMES.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "system";

function wear() {
  if (theme === "system") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme;
  put("theme", `Theme: ${theme}`);
}

function nextTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  localStorage.setItem("theme", theme);
  wear();
}

function choose(name) {
  chosen = name;
  rows.clear();
  at("signals").replaceChildren();
  stale.add("signals").add("ladder").add("guard");
  schedule();
}

function walk(step) {
  const all = [...at("signals").children];
  const here = all.indexOf(document.activeElement);
  all[Math.min(all.length - 1, Math.max(0, here + step))]?.focus();
}

const openControl = armControls(() => know.daemon?.controls?.some((one) => one.command === "halt") ?? false);
const keys = {
  h: openControl, s: () => toggleSound(at("sound")), t: nextTheme, i: () => at("instrument").focus(),
  j: () => walk(1), k: () => walk(-1), "?": () => at("help").showModal(),
};
at("open-control").addEventListener("click", keys.h);
at("sound").addEventListener("click", keys.s);
at("theme").addEventListener("click", keys.t);
at("open-help").addEventListener("click", keys["?"]);
at("help-close").addEventListener("click", () => at("help").close());
at("instrument").addEventListener("change", (event) => choose(event.target.value));
at("stage").addEventListener("change", (event) => { event.target.dataset.chosen = "1"; drawings.latency(); });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || event.target.matches("input, select, textarea")) return;
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
wear();
