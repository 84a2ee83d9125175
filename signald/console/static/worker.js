// One stream of events for all open pages: a browser gives a host six connections, and a desk has more tabs than that.
const ports = new Set();
let source = null;

function tell(event, data) {
  for (const port of ports) port.postMessage({ event, data });
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

async function welcome(port) {
  try {
    const answer = await fetch("/state");
    port.postMessage({ event: "hello", data: await answer.text() });
  } catch {
    port.postMessage({ event: "lost", data: "null" });
  }
}

self.onconnect = (connection) => {
  const port = connection.ports[0];
  port.onmessage = (message) => {
    if (message.data === "bye") {
      ports.delete(port);
      if (ports.size === 0) { source.close(); source = null; }
    } else {
      ports.add(port);
      if (source === null) connect(); else welcome(port);
    }
  };
};
