// Commands: each shows the token, which is kept while the page is open and nowhere else.
export function armControls(isHalted) {
  const dialog = document.getElementById("control");
  const form = document.getElementById("control-form");
  const said = document.getElementById("control-said");
  let token = "";

  document.getElementById("control-close").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { command, target, reason } = Object.fromEntries(new FormData(form));
    token = form.elements.token.value;
    said.textContent = "Sending…";
    said.textContent = await send(command, { target, reason }, token);
  });

  return () => {
    form.elements.command.value = isHalted() ? "resume" : "halt";
    form.elements.token.value = token;
    said.textContent = "";
    dialog.showModal();
    form.elements[token ? "reason" : "token"].focus();
  };
}

async function send(command, order, token) {
  try {
    const answer = await fetch(`/control/${command}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(order),
    });
    const { told, problem } = await answer.json();
    return told ?? `Not done: ${problem}`;
  } catch (failure) {
    return `Not done: ${failure.message}`;
  }
}
