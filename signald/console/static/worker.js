// One stream of events for all open pages: a browser gives a host six connections, and a desk has more tabs than that.
const ports = new Map(); // to what came for a page before it was told how things stand; null once it was
let source = null;

function tell(event, data) {
  for (const [port, held] of ports) if (held) held.push({ event, data }); else port.postMessage({ event, data });
}

function connect() {
  source = new EventSource("/events");
  for (const name of ["hello", "clock", "signal", "ladder", "guard", "path", "calendar", "daemon", "books", "latency", "notice"]) {
    source.addEventListener(name, (message) => tell(name, message.data));
  }
  source.onerror = () => {
    tell("lost", "null");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
  };
}

// What comes meanwhile may be in the answer or not, and is handed on behind it: a page knows entries it was told twice.
async function welcome(port) {
  const held = [];
  ports.set(port, held);
  let first = { event: "lost", data: "null" };
  try {
    const answer = await fetch("/state");
    first = { event: "hello", data: await answer.text() };
  } catch {} // said above
  if (ports.get(port) !== held) return; // it went, or asked again
  for (const message of [first, ...held]) port.postMessage(message);
  ports.set(port, null);
}

self.onconnect = (connection) => {
  const port = connection.ports[0];
  port.onmessage = (message) => {
    if (message.data === "bye") {
      ports.delete(port);
      if (ports.size === 0) { source.close(); source = null; }
    } else if (source === null) {
      ports.set(port, null);
      connect();
    } else {
      welcome(port);
    }
  };
};
