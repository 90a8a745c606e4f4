// The token stands behind `#`, which browsers never send; it is taken out of the address bar at once.
const form = document.querySelector("form");
const [alert, status] = ["alert", "status"].map((role) => document.querySelector(`[role=${role}]`));
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
if (!token) {
  alert.textContent = form.dataset.missing;
  form.querySelector("button").disabled = true;
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  const { repeat, ...input } = Object.fromEntries(new FormData(form));
  alert.textContent = "";
  if (repeat !== (input.password ?? input.new_password)) {
    alert.textContent = form.dataset.different;
    return;
  }
  button.disabled = true;
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
      body: JSON.stringify({ token, ...input }),
    });
    if (answer.ok) {
      form.hidden = true;
      status.textContent = form.dataset.done;
      return;
    }
    const problem = await answer.json();
    const faults = (problem.errors ?? []).map((fault) => fault.detail);
    alert.textContent = faults.length > 0 ? faults.join("\n") : problem.detail;
    button.disabled = answer.status === 410;
  } catch {
    alert.textContent = form.dataset.unreachable;
    button.disabled = false;
  }
});
