// What a page does beyond plain HTML. Everything here only helps: without it every form and link works as well.
document.documentElement.classList.add("js");
document.body.classList.add("js-enabled", "govuk-frontend-supported");

// GOV.UK's script is for parts of forms: a page without them does not fetch it. The skip link works without.
if (document.querySelector("[data-module]:not(.govuk-skip-link)")) {
  import("./vendor/govuk-frontend.js").then(({ initAll }) => initAll());
}

// A success banner is read out first.
document.querySelector("[data-focus]")?.focus();

// The list beside a page shows the row of that page.
const open = document.querySelector(".tandem-alongside [aria-current]");
if (open) open.closest("nav").scrollTop = open.offsetTop - 120;

// Keys go through the rows of a list whose page explains them: only while the focus is in the list, and in none of its fields.
const keys = document.querySelector("[data-keys]");
if (keys) {
  document.addEventListener("keydown", (event) => {
    const step = { j: 1, k: -1 }[event.key];
    const list = event.target.closest?.(keys.dataset.keys);
    if (!step || !list || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches("input, select, textarea")) return;
    const rows = [...list.querySelectorAll("tbody th a, li a")];
    const at = rows.indexOf(event.target);
    rows[at < 0 ? 0 : at + step]?.focus();
  });
}

// The second click on a button that sends a form does nothing: the first one is on its way. A form that takes long
// (`data-wait`, in words) says so beside it, until the page is left or shown again or the gateway has given up.
const wake = (form) => {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
  if (form.dataset.wait) document.querySelector("[data-wait-said]").textContent = "";
};
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  const rest = form.dataset.wait ? 30000 : 5000;
  if (form.dataset.sent && Date.now() - Number(form.dataset.sent) < rest) {
    event.preventDefault();
    return;
  }
  const sent = String(Date.now());
  form.dataset.sent = sent;
  form.setAttribute("aria-busy", "true");
  if (!form.dataset.wait) return;
  document.querySelector("[data-wait-said]").textContent = form.dataset.wait;
  setTimeout(() => form.dataset.sent === sent && wake(form), rest);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) wake(form);
});

// A form that came at a busy moment sends itself again, as long as it counts as arrived when it came first.
for (const form of document.querySelectorAll("form[data-send-again]")) {
  const arrived = Number(form.elements.namedItem("arrival_stamp").value.split(".")[0]);
  if (Date.now() - arrived > 9 * 60 * 1000) continue;
  form.querySelector("[data-send-again-said]").hidden = false;
  setTimeout(() => form.dataset.sent || form.requestSubmit(), Number(form.dataset.sendAgain) * 1000);
}

// A draft is kept when its writer leaves the page, and after a pause in writing. A form that numbers its writes
// (`draft_turn`) sends what was changed only, one write at a time; its server drops one that a slow network brings late.
for (const form of document.querySelectorAll("form[data-autosave]")) {
  const said = form.querySelector("[data-autosave-said]");
  const turn = form.elements.namedItem("draft_turn");
  const always = new Set(["csrf_token", "record_version", "draft_writer", "draft_turn"]);
  let changed = new Set();
  let timer = 0;
  let busy = false;
  let over = false;
  const later = (pause) => {
    clearTimeout(timer);
    if (!over) timer = setTimeout(save, pause);
  };
  const save = async () => {
    if (!changed.size || over || (busy && document.visibilityState === "visible")) return;
    const sent = changed;
    changed = new Set();
    busy = true;
    if (turn) turn.value = String(Number(turn.value) + 1);
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string" && (!turn || always.has(name) || sent.has(name))) body.append(name, value);
    }
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body, keepalive: true, redirect: "manual", headers: { "X-Autosave": "1", Accept: "application/json" } });
      const version = answer.headers.get("ETag");
      for (const field of version ? form.querySelectorAll("[name=record_version]") : []) field.value = version.replaceAll('"', "");
      if (said && !answer.ok) throw new Error(answer.status >= 500 ? "away" : "refused");
      if (said) said.textContent = (await answer.json()).said;
    } catch (error) {
      for (const name of sent) changed.add(name);
      if (said) {
        said.textContent = said.dataset.autosaveSaid;
        if (error.message !== "refused") later(10000);
      }
    }
    busy = false;
    if (changed.size && said && said.textContent !== said.dataset.autosaveSaid) later(2000);
  };
  form.addEventListener("input", (event) => {
    changed.add(event.target.name);
    later(said ? 2000 : 5000);
  });
  form.addEventListener("submit", () => {
    over = true;
    clearTimeout(timer);
  });
  window.addEventListener("pageshow", () => (over = false));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save();
  });
}

// What can be dragged to another field of its row leads to the page that asks for it (`data-drag-to`, with the field's
// value): nothing is done by the drag itself, and the same page is behind a link.
let dragged = null;
const field = (event) => {
  const over = event.target.closest?.("[data-drop]");
  return over && over.closest("[data-drop-row]")?.dataset.dropRow === dragged?.dataset.drag ? over : null;
};
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-drag-to]") ?? null;
  if (dragged) event.dataTransfer.setData("text/plain", dragged.dataset.dragTo);
});
document.addEventListener("dragover", (event) => {
  const over = dragged && field(event);
  if (!over) return;
  event.preventDefault();
  over.classList.add("tandem-drop");
});
document.addEventListener("dragleave", (event) => event.target.closest?.("[data-drop]")?.classList.remove("tandem-drop"));
document.addEventListener("drop", (event) => {
  const over = dragged && field(event);
  if (!over) return;
  event.preventDefault();
  over.classList.remove("tandem-drop");
  if (!over.contains(dragged)) window.location.href = `${dragged.dataset.dragTo}?week=${encodeURIComponent(over.dataset.drop)}`;
});
document.addEventListener("dragend", () => (dragged = null));

// Live parts: one event stream a browser and address, whichever of its tabs holds it; the others hear from that one.
// Holding it needs Web Locks (secure origins); without them each tab has a stream of its own.
const streams = new Map();
const again = new Set();

function refresh(address) {
  for (const part of document.querySelectorAll(`[data-live="${CSS.escape(address)}"]`)) {
    // Somebody who is writing inside must not lose what was written: the refresh waits until the focus has left.
    if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) {
      part.addEventListener("focusout", () => setTimeout(() => refresh(address), 300), { once: true });
    } else if (part.classList.contains("htmx-request")) {
      // The answer on its way may have been read before this change, and it takes the part's place: look again then.
      if (!again.has(address)) {
        again.add(address);
        document.addEventListener("htmx:afterRequest", () => setTimeout(() => again.delete(address) && refresh(address), 50), { once: true });
      }
    } else {
      part.dispatchEvent(new Event("tandem:changed"));
    }
  }
}

function told(address) {
  const stream = streams.get(address);
  if (document.visibilityState === "hidden") stream.stale = true;
  else refresh(address);
  // An answer that was on its way may show the store as it was before: look once more when it has become quiet.
  clearTimeout(stream.sure);
  stream.sure = setTimeout(() => document.visibilityState === "visible" && refresh(address), 1500);
}

function connect(address, seen, spread) {
  let source;
  let opened = false;
  let ended = false;
  const open = () => {
    if (ended) return;
    source = new EventSource(opened ? address : `${address}?seen=${encodeURIComponent(seen)}`);
    source.onopen = () => {
      // Whatever happened while the stream was away is not known: everybody looks again.
      if (opened) spread();
      opened = true;
      document.documentElement.dataset.live = "on";
    };
    source.addEventListener("changed", spread);
    source.onerror = () => {
      document.documentElement.dataset.live = "off";
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 10000);
    };
  };
  open();
  return () => {
    ended = true;
    source.close();
  };
}

function listen(address, seen) {
  const stream = { stale: false, late: false };
  streams.set(address, stream);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && stream.stale) {
      stream.stale = false;
      refresh(address);
    }
  });
  const channel = window.BroadcastChannel && new BroadcastChannel(`live:${address}`);
  const spread = () => {
    told(address);
    channel?.postMessage("changed");
  };
  let end = connect(address, seen, spread);
  // A proxy may cut a stream in silence: an open page is never older than this.
  setInterval(() => document.visibilityState === "visible" && refresh(address), 20000);
  window.addEventListener("pagehide", () => end());
  if (!navigator.locks || !channel) return;
  channel.onmessage = () => told(address);
  // Its own stream first tells a new tab what it missed while it was drawn; then it leaves the word to the holder.
  let holder = false;
  setTimeout(() => {
    if (holder) return;
    stream.late = true;
    end();
  }, 3000);
  navigator.locks.request(`live:${address}`, () => {
    holder = true;
    if (stream.late) end = connect(address, seen, spread);
    return new Promise(() => {});
  });
}

for (const part of document.querySelectorAll("[data-live]")) {
  if (!streams.has(part.dataset.live)) listen(part.dataset.live, part.dataset.liveSeen);
}

// A page that comes back from the browser's memory has slept through what happened.
window.addEventListener("pageshow", (event) => {
  if (event.persisted && streams.size) window.location.reload();
});
