// A desk without Python: node desk.mjs REDIS_HOST:PORT CONSUMER FILE [GROUP]
//
// The same guarantees as signald.client: every signal once, in order, again after a crash until it is acknowledged, a
// dead worker's entries taken over, gaps seen by their numbers and read from the stream, guard with a dead man's hand.
// It needs Node 18 and nothing else: Redis's protocol is small. Times are BigInt, they do not fit a double.
import fs from "node:fs";
import net from "node:net";
import { pathToFileURL } from "node:url";

const SCHEMA = "signald.signal/1";
const BLOCK_MS = 500, CLAIM_AFTER_MS = 10_000, REPLY_TIMEOUT_MS = 3_000, AT_ONCE = 32;
const SCORED = new Set(["release", "correction"]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One connection: commands go out in order, replies come back in order. */
class Link {
  constructor(host, port) {
    this.waiting = [];
    this.unread = Buffer.alloc(0);
    this.socket = net.connect({ host, port, noDelay: true });
    this.socket.on("data", (bytes) => this.read(bytes));
    this.socket.on("error", (error) => this.fail(error));
    this.socket.on("close", () => this.fail(new Error("the connection is gone")));
  }

  call(...parts) {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      const timer = setTimeout(() => this.fail(new Error("no reply in time")), REPLY_TIMEOUT_MS);
      this.waiting.push({ resolve, reject, timer });
      const texts = parts.map(String);
      const packed = texts.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`).join("");
      this.socket.write(`*${texts.length}\r\n${packed}`);
    });
  }

  fail(error) {
    this.failure ??= error;
    this.socket.destroy();
    for (const { reject, timer } of this.waiting.splice(0)) { clearTimeout(timer); reject(this.failure); }
  }

  read(bytes) {
    this.unread = Buffer.concat([this.unread, bytes]);
    for (;;) {
      const parsed = parse(this.unread, 0);
      if (parsed === undefined) return;
      this.unread = this.unread.subarray(parsed.end);
      const { resolve, reject, timer } = this.waiting.shift();
      clearTimeout(timer);
      if (parsed.value instanceof Error) reject(parsed.value); else resolve(parsed.value);
    }
  }
}

/** One RESP 2 value at `start`; undefined while it is not all there. */
function parse(bytes, start) {
  const line = bytes.indexOf("\r\n", start);
  if (line < 0) return undefined;
  const text = bytes.toString("utf8", start + 1, line);
  let end = line + 2;
  switch (bytes[start]) {
    case 0x2b: return { value: text, end };
    case 0x2d: return { value: new Error(text), end };
    case 0x3a: return { value: Number(text), end };
    case 0x24: {
      const size = Number(text);
      if (size < 0) return { value: null, end };
      if (bytes.length < end + size + 2) return undefined;
      return { value: bytes.toString("utf8", end, end + size), end: end + size + 2 };
    }
    case 0x2a: {
      if (Number(text) < 0) return { value: null, end };
      const values = [];
      for (let left = Number(text); left > 0; left--) {
        const parsed = parse(bytes, end);
        if (parsed === undefined) return undefined;
        values.push(parsed.value);
        end = parsed.end;
      }
      return { value: values, end };
    }
    default: throw new Error(`not Redis's protocol: ${text}`);
  }
}

/** Whether one entry's id comes before another's. */
const isBefore = (one, other) => {
  const [[oneMs, oneNumber], [otherMs, otherNumber]] = [one, other].map((id) => id.split("-").map(BigInt));
  return oneMs < otherMs || (oneMs === otherMs && oneNumber < otherNumber);
};

const fieldsOf = (flat) => Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => flat.slice(2 * i, 2 * i + 2)));

/** JSON whose whole numbers beyond a double's reach become BigInt: `ts_…` are nanoseconds. */
export function decode(data) {
  const exact = data.replace(/("ts_[a-z]+":)(\d+)/g, '$1"$2"');
  return JSON.parse(exact, (name, value) => (name.startsWith("ts_") && typeof value === "string" ? BigInt(value) : value));
}

/** What to do with quotes now: the newest guidance while it holds, and widen after that, by the monotonic clock. */
export class Guard {
  held = new Map();
  halted = false;

  take(signal, tsPublish, takenMs, nowMs = performance.now()) {
    if (signal.kind === "halt" || signal.kind === "resume") this.halted = signal.kind === "halt";
    const before = this.held.get(signal.instrument);
    if (!signal.desk || (signal.kind !== "guard" && !SCORED.has(signal.kind))) return;
    if (before && signal.ts_event < before.signal.ts_event) return;
    if (SCORED.has(signal.kind) && before && before.signal.ts_scheduled !== signal.ts_scheduled) return;
    const lifeMs = Number(signal.desk.ts_expires - tsPublish) / 1e6;
    const beganMs = Math.min(takenMs, nowMs); // the server's clock may have been set since we asked
    this.held.set(signal.instrument, { signal, endsMs: beganMs + lifeMs });
  }

  state(instrument, nowMs = performance.now()) {
    const held = this.held.get(instrument);
    return this.halted || !held || nowMs >= held.endsMs ? "widen" : held.signal.desk.state;
  }
}

/** What was done, with the ids of the signals it was done for: a line each, on the disk before it is acknowledged. */
class Book {
  constructor(path) {
    const text = fs.existsSync(path) ? fs.readFileSync(path, "utf8") : "";
    const whole = text.slice(0, text.lastIndexOf("\n") + 1); // a crash may have left half a line
    if (whole !== text) fs.truncateSync(path, Buffer.byteLength(whole));
    this.ids = new Set(whole.split("\n").filter(Boolean).map((line) => JSON.parse(line).id));
    this.file = fs.openSync(path, "a");
  }

  note(entry) {
    fs.writeSync(this.file, JSON.stringify(entry) + "\n");
    fs.fdatasyncSync(this.file);
    this.ids.add(entry.id);
  }
}

export class Desk {
  unreadable = 0;

  constructor({ host, port, consumer, group, worker = "1", book, onGap }) {
    Object.assign(this, { host, port, group, worker, book, onGap, guard: new Guard(), last: "0-0", number: undefined });
    this.key = `{signald}:consumer:${consumer}`;
  }

  /** For ever; whatever happens to the connection is begun anew. */
  async run() {
    for (let delayMs = 20; ; delayMs = Math.min(delayMs * 2, 1_000)) {
      try {
        this.link = new Link(this.host, this.port);
        await this.begin();
        delayMs = 20;
        await this.follow();
      } catch (error) {
        if (error.fatal) throw error;
        this.link.socket.destroy();
        await sleep(delayMs);
      }
    }
  }

  async begin() {
    const { link, key, group } = this;
    await link.call("XGROUP", "CREATE", key, group, await this.place(), "MKSTREAM").catch((error) => {
      if (!error.message.startsWith("BUSYGROUP")) throw error;
    });
    const askedMs = performance.now();
    const [seconds, micros] = await link.call("TIME");
    this.serverLessOursMs = Number(seconds) * 1e3 + Number(micros) / 1e3 - askedMs;
    for (const [entry, flat] of (await link.call("XREVRANGE", key, "+", "-", "COUNT", 5_000)).reverse()) this.look(entry, fieldsOf(flat));
    if (this.last !== "0-0") return;
    const facts = (await link.call("XINFO", "GROUPS", key)).map(fieldsOf).find((one) => one.name === group);
    this.last = facts["last-delivered-id"];
    const [newest] = await link.call("XRANGE", key, this.last, this.last);
    if (newest) this.number = Number(fieldsOf(newest[1]).sequence);
  }

  /** Where a group that is gone begins again: where we are, or the beginning of a stream that was begun anew. */
  async place() {
    const [newest] = await this.link.call("XREVRANGE", this.key, "+", "-", "COUNT", 1);
    return newest && this.last !== "0-0" && !isBefore(newest[0], this.last) ? this.last : "0";
  }

  async follow() {
    let cursor = "0"; // first what was delivered and not acknowledged
    let claimedMs = -Infinity;
    for (;;) {
      if (performance.now() - claimedMs > CLAIM_AFTER_MS / 2) {
        claimedMs = performance.now();
        await this.claim();
      }
      const reply = await this.link.call("XREADGROUP", "GROUP", this.group, this.worker, "COUNT", AT_ONCE, "BLOCK", BLOCK_MS, "STREAMS", this.key, cursor);
      const entries = reply === null ? [] : reply[0][1];
      for (const [entry, flat] of entries) {
        if (flat === null) await this.miss(entry);
        else if (cursor === ">") await this.takeNew(entry, fieldsOf(flat));
        else await this.handle(entry, fieldsOf(flat));
      }
      if (cursor !== ">") cursor = entries.length ? entries.at(-1)[0] : ">";
    }
  }

  async claim() {
    for (let start = "0-0", next; ; start = next) {
      const [to, entries, trimmed = []] = await this.link.call("XAUTOCLAIM", this.key, this.group, this.worker, CLAIM_AFTER_MS, start, "COUNT", AT_ONCE);
      for (const [entry, flat] of entries.filter(Boolean)) await this.handle(entry, fieldsOf(flat));
      for (const entry of trimmed) await this.miss(entry);
      next = to;
      if (next === "0-0") return;
    }
  }

  async takeNew(entry, fields) {
    const number = /^\d+$/.test(fields.sequence) ? Number(fields.sequence) : undefined;
    if (this.number !== undefined && number > this.number + 1) await this.refill(entry, number);
    this.number = number ?? this.number;
    this.last = entry;
    await this.handle(entry, fields);
  }

  /** Deliveries that were left out: from the stream if they are still there; what is not is a gap. */
  async refill(before, number) {
    let next = this.number + 1;
    for (const [entry, flat] of await this.link.call("XRANGE", this.key, `(${this.last}`, `(${before}`)) {
      const fields = fieldsOf(flat);
      const found = Number(fields.sequence);
      if (!(found >= next && found < number)) continue;
      if (found > next) this.onGap(next, found - 1);
      next = found + 1;
      await this.link.call("XCLAIM", this.key, this.group, this.worker, 0, entry, "FORCE", "JUSTID");
      await this.handle(entry, fields);
    }
    if (next < number) this.onGap(next, number - 1);
  }

  /** What was delivered before is no longer in the stream. */
  async miss(entry) {
    this.onGap(undefined, this.number);
    await this.ack(entry);
  }

  look(entry, fields) {
    let signal;
    try {
      signal = decode(fields.data);
      BigInt(fields.ts_publish);
    } catch {
      return undefined;
    }
    if (signal === null || typeof signal !== "object" || Array.isArray(signal)) return undefined;
    if (signal.schema !== SCHEMA) throw Object.assign(new Error(`this client does not read ${signal.schema}`), { fatal: true });
    this.guard.take(signal, BigInt(fields.ts_publish), Number(entry.split("-")[0]) - this.serverLessOursMs);
    return signal;
  }

  async handle(entry, fields) {
    const signal = this.look(entry, fields);
    if (signal === undefined) {
      this.unreadable++; // it is skipped: it will never be readable
    } else if (!this.book.ids.has(fields.id)) {
      const state = this.guard.state(signal.instrument);
      this.book.note({ id: fields.id, kind: signal.kind, instrument: signal.instrument, state }); // effect and id, durable together
    }
    await this.ack(entry); // and only then
  }

  ack(entry) {
    return this.link.call("XACK", this.key, this.group, entry);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [address, consumer, path, group = "node"] = process.argv.slice(2);
  const [host, port] = address.split(":");
  const onGap = (first, last) => console.error(`signals lost: ${first ?? "some"} to ${last}`);
  await new Desk({ host, port: Number(port), consumer, group, book: new Book(path), onGap }).run();
}
