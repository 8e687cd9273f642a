// Small comforts. Every page works without this file; nothing here is needed to finish a task.
(() => {
  "use strict";

  // Filters: a changed choice asks at once, so the button is needed only without this file.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosubmit]");
    if (form && !event.target.matches("[type=text], [type=search]")) form.requestSubmit();
  });

  // A second question before something that is hard to undo; the page behind the button asks as well.
  document.addEventListener("submit", (event) => {
    const asker = event.submitter?.closest("[data-confirm]") || event.target.closest("[data-confirm]");
    if (asker && !window.confirm(asker.dataset.confirm)) event.preventDefault();
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    // An answer that is a file leaves the page standing: the form may be sent again then.
    setTimeout(() => delete form.dataset.sent, 4000);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  document.addEventListener("click", async (event) => {
    if (event.target.closest("[data-print]")) window.print();
    const copier = event.target.closest("[data-copy]");
    if (!copier) return;
    await navigator.clipboard.writeText(copier.dataset.copy);
    say(copier.dataset.copied);
    copier.lastChild.textContent = ` ${copier.dataset.copied}`;
  });

  // Buttons that only work with this file stay hidden until it runs.
  const reveal = (root) => {
    for (const button of root.querySelectorAll("[data-needs-script]")) button.hidden = false;
  };
  reveal(document);
  document.addEventListener("htmx:load", (event) => reveal(event.target));

  const say = (text) => {
    const said = document.getElementById("said");
    if (said) said.textContent = text;
  };
  // A list that was narrowed says aloud how much is left.
  document.addEventListener("htmx:afterSettle", () => {
    const count = document.querySelector(".pager p");
    if (count) say(count.textContent.trim());
  });

  // What was wrong is said first.
  document.querySelector(".error-summary")?.focus();

  // Attendance: up and down change the person, left and right the choice (the browser's own for radios),
  // a letter marks the choice and goes on to the next person.
  document.addEventListener("keydown", (event) => {
    const row = event.target.closest?.("[data-attendance] tbody tr");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=radio]), select, textarea")) return;
    const go = (to) => {
      const radio = to?.querySelector("input[type=radio]:checked") || to?.querySelector("input[type=radio]");
      radio?.focus();
      return Boolean(radio);
    };
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      go(event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling);
      return;
    }
    const letter = event.key.length === 1 && event.key.toLowerCase();
    const choice = letter && row.querySelector(`input[data-letter="${CSS.escape(letter)}"]`);
    if (!choice) return;
    event.preventDefault();
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    if (!go(row.nextElementSibling)) choice.focus();
  });

  // Long work: ask again while the panel says that it is not finished.
  const poll = () => {
    const panel = document.querySelector("[data-poll]");
    if (!panel) return;
    setTimeout(async () => {
      try {
        const answer = await fetch(panel.dataset.poll, { credentials: "same-origin" });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const next = fresh.getElementById(panel.id);
        if (answer.ok && next) panel.replaceWith(document.importNode(next, true));
      } catch {
        // The network may be away for a moment: ask again.
      }
      poll();
    }, 3000);
  };
  poll();

  // After a while without a hand on it, the screen hides what it shows. The session itself ends on the server.
  const minutes = Number(document.documentElement.dataset.lockAfter);
  const template = document.getElementById("lock");
  if (minutes > 0 && template) {
    let last = Date.now();
    const touch = () => { last = Date.now(); };
    for (const name of ["pointerdown", "keydown", "scroll"]) document.addEventListener(name, touch, { passive: true });
    const lock = () => {
      if (document.documentElement.classList.contains("locked") || Date.now() - last < minutes * 60000) return;
      document.documentElement.classList.add("locked");
      document.body.append(template.content.cloneNode(true));
      document.querySelector(".lock a, .lock button")?.focus();
    };
    setInterval(lock, 5000);
    document.addEventListener("visibilitychange", lock);
  }
})();
