(() => {
  const part = (id, from = document) => from.getElementById(id);
  const say = (text) => { part("said").textContent = text; };

  const dress = () => {
    const today = new Date().toDateString();
    for (const time of document.querySelectorAll("time")) {
      const at = new Date(time.dateTime);
      time.textContent = at.toDateString() === today ? at.toLocaleTimeString() : at.toLocaleString();
      time.title = at.toLocaleString();
    }
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const name = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      say("Copied");
    } catch {
      say("The browser does not let this page copy");
    }
    setTimeout(() => { button.textContent = name; say(""); }, 2000);
  });

  // The list is fetched as a page and put in place of the old one; a mail that somebody has chosen stays.
  let lost = false;
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (lost) say("");
      lost = false;
      const old = part("list"), fresh = part("list", next);
      if (!fresh || fresh.dataset.state === old.dataset.state) return;
      const focus = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      const stopped = part("stopped", next);
      if (stopped && part("stopped")?.open) stopped.open = true;
      old.replaceWith(fresh);
      if (!document.body.classList.contains("reading")) part("mail").replaceWith(part("mail", next));
      dress();
      if (focus) document.querySelector(`#list a[href="${CSS.escape(focus)}"]`)?.focus();
      say("New mail");
      setTimeout(() => say(""), 4000);
    } catch {
      lost = true;
      say("The server does not answer");
    }
  };

  dress();
  setInterval(refresh, 2000);
})();
