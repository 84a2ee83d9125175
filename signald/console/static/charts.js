// Small drawings in SVG; each says in words what it shows.
const SPACE = "http://www.w3.org/2000/svg";

export function svg(name, attributes, ...children) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const picture = (width, height, label, ...children) =>
  svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...children);

export const signed = (number, digits = 1) =>
  number === null || number === undefined ? "–" : `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(digits)}`;

const sideOf = (mean) => (mean > 0 ? "up" : mean < 0 ? "down" : "");

// What was foreseen, as a fan over the horizons, and what has happened since. Early seconds have more room: x is √t.
export function fan(horizons, points, verdict) {
  const [width, height] = [240, 84];
  const last = Math.max(...horizons.map((one) => one.s));
  const reach = Math.max(10, ...horizons.flatMap((one) => [Math.abs(one.lo), Math.abs(one.hi)]), ...points.map(([, bps]) => Math.abs(bps)));
  const x = (seconds) => (Math.sqrt(Math.min(seconds, last) / last) * (width - 4)).toFixed(1);
  const y = (bps) => (height / 2 - (bps / reach) * (height / 2 - 3)).toFixed(1);
  const way = verdict === "up" || verdict === "down" ? verdict : "";
  const upper = horizons.map((one) => `${x(one.s)},${y(one.hi)}`);
  const lower = horizons.map((one) => `${x(one.s)},${y(one.lo)}`).reverse();
  const realised = points.length ? points[points.length - 1][1] : null;
  const first = horizons[0];
  const words = `foreseen ${signed(first.mean)} basis points in ${first.s / 60} minutes, between ${signed(first.lo, 0)} and ${signed(first.hi, 0)}`;
  const children = [
    svg("polygon", { class: `band ${way}`, points: [`0,${y(0)}`, ...upper, ...lower].join(" ") }),
    svg("line", { class: "axis", x1: 0, x2: width, y1: y(0), y2: y(0) }),
    svg("polyline", { class: `mean ${way}`, points: [`0,${y(0)}`, ...horizons.map((one) => `${x(one.s)},${y(one.mean)}`)].join(" ") }),
  ];
  if (points.length > 1) {
    const [seconds, bps] = points[points.length - 1];
    children.push(svg("polyline", { class: "path", points: points.map(([t, b]) => `${x(t)},${y(b)}`).join(" ") }));
    children.push(svg("circle", { class: "dot", cx: x(seconds), cy: y(bps), r: 2.6 }));
  }
  return picture(width, height, realised === null || points.length < 2 ? words : `${words}; so far ${signed(realised)}`, ...children);
}

export function whisker(rung, reach) {
  const [width, height] = [200, 14];
  const x = (bps) => (width / 2 + (bps / reach) * (width / 2 - 4)).toFixed(1);
  const way = rung.verdict === "up" || rung.verdict === "down" ? rung.verdict : "";
  return picture(width, height, `between ${signed(rung.lo, 0)} and ${signed(rung.hi, 0)}`,
    svg("line", { class: "axis", x1: x(0), x2: x(0), y1: 0, y2: height }),
    svg("line", { class: `whisker ${way}`, x1: x(rung.lo), x2: x(rung.hi), y1: 7, y2: 7 }),
    svg("circle", { class: `point ${way}`, cx: x(rung.mean), cy: 7, r: 4 }));
}

export function imbalance(value) {
  const width = 88;
  const end = width / 2 + (value ?? 0) * (width / 2);
  return picture(width, 11, value === null ? "unknown" : `${signed(100 * value, 0)} per cent`,
    svg("rect", { class: `point ${sideOf(value)}`, x: Math.min(end, width / 2).toFixed(1), y: 1.5, width: Math.abs(end - width / 2).toFixed(1), height: 8 }),
    svg("line", { class: "mean", x1: width / 2, x2: width / 2, y1: 0, y2: 11 }));
}

// The guard's steps of some instruments around now; the releases that are due stand as dashed lines.
export function guardLine(rows, releases, now, span, width) {
  const [row, left] = [26, Math.min(150, width * 0.4)];
  const height = rows.length * row + 22;
  const x = (ts) => left + ((ts - (now - span * 0.6)) / span) * (width - left);
  const inside = (value) => Math.min(width, Math.max(left, value));
  const children = [];
  rows.forEach(({ instrument, steps }, number) => {
    const top = number * row + 2;
    children.push(svg("text", { class: "strong", x: 0, y: top + 14 }, instrument));
    for (const step of steps) {
      const [from, to] = [inside(x(step.ts)), inside(x(step.to))];
      if (to - from < 0.5) continue;
      children.push(svg("rect", { class: `step-${step.state}`, x: from.toFixed(1), y: top, width: (to - from).toFixed(1), height: row - 6, rx: 3 }));
      if (to - from > 44) children.push(svg("text", { class: step.state === "hold" ? "on-hold" : "strong", x: (from + 5).toFixed(1), y: top + 14 }, step.state));
    }
  });
  const foot = rows.length * row;
  for (const release of releases) {
    const at = x(release);
    if (at > left && at < width) children.push(svg("line", { class: "releaseline", x1: at, x2: at, y1: 0, y2: foot }));
  }
  children.push(svg("line", { class: "nowline", x1: x(now), x2: x(now), y1: 0, y2: foot }));
  children.push(svg("text", { class: "strong", x: x(now) + 4, y: foot + 12 }, "now"));
  const minutes = span / 60000;
  for (const share of [-0.5, -0.25, 0.25]) {
    const at = x(now + share * span);
    children.push(svg("text", { x: at, y: foot + 12, "text-anchor": "middle" }, `${signed(share * minutes, 0)} min`));
  }
  const words = rows.map(({ instrument, steps }) => `${instrument}: ${steps.length ? steps[steps.length - 1].state : "nothing said"}`);
  return picture(width, height, words.join("; "), ...children);
}

export function histogram(stage, name, width) {
  const [height, foot] = [118, 16];
  const bounds = stage.buckets.map(([bound]) => bound);
  const [low, high] = [Math.min(...bounds) / 1.3, Math.max(...bounds, stage.p999 ?? 0) * 1.1];
  const most = Math.max(...stage.buckets.map(([, count]) => count));
  const x = (us) => (Math.log(us / low) / Math.log(high / low)) * width;
  const children = stage.buckets.map(([bound, count]) => {
    const [from, to] = [Math.max(0, x(bound * 0.82)), x(bound)];
    const tall = Math.max(1.5, (count / most) * (height - foot - 12));
    return svg("rect", { class: "bar", x: from.toFixed(1), y: (height - foot - tall).toFixed(1), width: Math.max(1, to - from - 0.7).toFixed(1), height: tall.toFixed(1) });
  });
  for (const [mark, us] of [["p50", stage.p50], ["p99", stage.p99]]) {
    const at = x(us).toFixed(1);
    children.push(svg("line", { class: "mark", x1: at, x2: at, y1: 4, y2: height - foot }), svg("text", Number(at) > width - 30 ? { class: "strong", x: Number(at) - 3, y: 11, "text-anchor": "end" } : { class: "strong", x: Number(at) + 3, y: 11 }, mark));
  }
  children.push(svg("line", { class: "axis", x1: 0, x2: width, y1: height - foot, y2: height - foot }));
  for (let power = Math.ceil(Math.log10(low)); power <= Math.log10(high); power += 1) {
    const us = 10 ** power;
    children.push(svg("text", { x: x(us).toFixed(1), y: height - 3, "text-anchor": "middle" }, microseconds(us)));
  }
  return picture(width, height, `${name}: half below ${microseconds(stage.p50)}, 99 of 100 below ${microseconds(stage.p99)}`, ...children);
}

export function microseconds(us) {
  if (us === null || us === undefined) return "–";
  if (us >= 1e6) return `${(us / 1e6).toPrecision(2)} s`;
  if (us >= 1000) return `${us >= 10000 ? Math.round(us / 1000) : (us / 1000).toFixed(1)} ms`;
  return `${us >= 10 ? Math.round(us) : us.toPrecision(2)} µs`;
}
