// A front end of the billing service. signet.js is the part to copy; the page is yours.
import { LoggedOut, Refused, newSession } from "./signet.js";

const billing = "http://localhost:8000";
const session = newSession("http://localhost:5000", "billing", ask); // Signet, and the key of the service there
const tabs = new BroadcastChannel("session"); // the other tabs of this page, which share the cookie

const find = (id) => document.getElementById(id);
const say = (text) => (find("message").textContent = text);

function show(inside) {
  find("login").hidden = inside;
  find("inside").hidden = !inside;
}

// ask shows the form for the second factor in place of the others, and waits for it.
function ask(methods, refusal, atLogin) {
  const others = [find("login"), find("inside")].filter((other) => !other.hidden);
  for (const other of others) other.hidden = true;
  find("proof").hidden = false;
  find("remembering").hidden = !atLogin;
  say(refusal?.message ?? "Enter the code of your authenticator app, or a recovery code.");
  return new Promise((resolve) => {
    find("proof").onsubmit = (event) => {
      event.preventDefault();
      const text = find("code").value;
      find("code").value = "";
      find("proof").hidden = true;
      for (const other of others) other.hidden = false;
      say("");
      const proof = /[a-z]/i.test(text) ? { recovery_code: text } : { code: text };
      resolve(atLogin && find("remember").checked ? { ...proof, remember_device: true } : proof);
    };
  });
}

// attempt does what a person asked for, and says what came of it.
async function attempt(action) {
  say("");
  try {
    await action();
  } catch (e) {
    if (e instanceof LoggedOut) show(false);
    say(e instanceof LoggedOut ? "You are logged out." : e instanceof Refused ? e.message : "The server can't be reached.");
  }
}

// enter shows what the person may see.
async function enter() {
  show(true);
  find("invoices").replaceChildren();
  const { permissions } = await (await session.call(`${billing}/me`)).json();
  find("may").textContent = permissions?.join(", ") || "nothing yet";
  const response = await session.call(`${billing}/invoices`);
  if (response.status === 403) return say("You may not read invoices. Ask for the permission invoice:read.");
  const { invoices } = await response.json();
  find("invoices").replaceChildren(...invoices.map(row));
}

// row is an invoice in the list. Text is set as text: what comes from a server is never markup.
function row(number) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.textContent = "Delete";
  button.setAttribute("aria-label", `Delete ${number}`);
  button.addEventListener("click", () =>
    attempt(async () => {
      const response = await session.call(`${billing}/invoices/${encodeURIComponent(number)}`, { method: "DELETE" });
      if (!response.ok) return say((await response.json()).error);
      item.remove();
      say(`${number} is deleted.`);
    }),
  );
  item.append(number, button);
  return item;
}

find("login").addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = event.target.elements;
  attempt(async () => {
    await session.login(email.value, password.value);
    password.value = "";
    tabs.postMessage("in");
    await enter();
  });
});

find("delete-all").addEventListener("click", () =>
  attempt(async () => {
    const response = await session.call(`${billing}/invoices`, { method: "DELETE" });
    if (response.status === 401) return say("This takes an authenticator app. Add one to your account first.");
    if (!response.ok) return say((await response.json()).error);
    find("invoices").replaceChildren();
    say("All are deleted.");
  }),
);

find("logout").addEventListener("click", () =>
  attempt(async () => {
    show(false);
    await session.logout();
    tabs.postMessage("out");
    say("You are logged out.");
  }),
);

const resume = () => session.resume().then(enter);
tabs.addEventListener("message", () => attempt(resume)); // logged in or out elsewhere: this tab follows

attempt(() =>
  resume().catch((e) => {
    if (!(e instanceof LoggedOut)) throw e;
    show(false); // a first visit is no news
  }),
);
