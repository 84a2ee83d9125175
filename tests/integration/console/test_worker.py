"""The worker that all pages of a browser share, run by node with a stream and an answer that the test hands it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

import signald.console

WORKER: Final = Path(signald.console.__file__).parent / "static" / "worker.js"
PROGRAM: Final = """
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";
let source, answer;
globalThis.self = globalThis;
globalThis.EventSource = class {
  constructor() { source = this; this.takes = {}; }
  addEventListener(name, take) { this.takes[name] = take; }
};
globalThis.fetch = () => new Promise((done) => { answer = (text) => done({ text: async () => text }); });
runInThisContext(readFileSync(process.argv[1], "utf8"));
function page() {
  const told = [];
  const port = { postMessage: ({ event, data }) => told.push([event, data]) };
  self.onconnect({ ports: [port] });
  port.onmessage({ data: "hi" });
  return { told, port };
}
const say = (name, data) => source.takes[name]({ data });
const first = page();
say("hello", "0");
const second = page();
say("signal", "1");
answer("state");
await new Promise(setImmediate);
say("signal", "2");
const gone = page();
say("signal", "3");
gone.port.onmessage({ data: "bye" });
answer("state");
await new Promise(setImmediate);
console.log(JSON.stringify([first.told, second.told, gone.told]));
"""

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None and os.environ.get("CI") != "true", reason="node is not installed"
)


def test_what_comes_while_a_page_opens_follows_what_it_is_told_first() -> None:
    command = ["node", "--input-type=module", "-e", PROGRAM, str(WORKER)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603 - our own

    first, second, gone = json.loads(ran.stdout)

    assert first == [["hello", "0"], ["signal", "1"], ["signal", "2"], ["signal", "3"]]
    assert second == [["hello", "state"], ["signal", "1"], ["signal", "2"], ["signal", "3"]]
    assert gone == []
