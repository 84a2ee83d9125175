// Events from the daemon's console, whichever way this browser can have them.
const NAMES = ["hello", "clock", "signal", "ladder", "guard", "path", "calendar", "daemon", "books", "latency", "notice"];

export function follow(take) {
  if (typeof SharedWorker === "function") shared(take); else alone(take);
}

function shared(take) {
  const worker = new SharedWorker("/static/worker.js");
  worker.port.onmessage = ({ data }) => take(data.event, JSON.parse(data.data));
  worker.port.postMessage("hi");
  addEventListener("pagehide", () => worker.port.postMessage("bye"));
  addEventListener("pageshow", (event) => { if (event.persisted) worker.port.postMessage("hi"); });
}

function alone(take) {
  const source = new EventSource("/events");
  for (const name of NAMES) source.addEventListener(name, (message) => take(name, JSON.parse(message.data)));
  source.onerror = () => {
    take("lost", null);
    if (source.readyState === EventSource.CLOSED) setTimeout(() => alone(take), 1000);
  };
}
