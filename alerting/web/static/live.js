// Keeps a page fresh without losing the reader's place, and guards what is pressed: waits for news
// at /alerts, then swaps the part with id "live". Without this file the page refreshes itself and
// its forms still work.
"use strict";

const main = document.querySelector("main[data-live]");
const by = document.getElementById("by");
const WAIT_S = 10; // the server answers by then, news or not
const SILENT_MS = 20_000; // who has not answered by then is gone
const RETRY_MS = 2000;
const PAUSE_MS = 1000; // however much changes, the page is not drawn more often than this
const STILL_MS = 400; // who presses a row that has just moved meant the one before it
const TOAST_MS = 10_000; // what came of a press stays so long, whatever news arrives meanwhile
const HOLD_MS = 10_500; // a row that was acted upon stays; then the list is asked for anew

const SHIFT_MS = 12 * 3_600_000; // the next shift writes its own name

const moved = new Map(); // id of a row → when it last appeared or changed its place
const sending = new Set(); // forms that are under way
let toasted = performance.now();

const live = () => document.getElementById("live");
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const keyed = (key) => main.querySelector(`[data-key="${CSS.escape(key)}"]`);
const shown = (id, is) => {
  const part = document.getElementById(id);
  if (part) part.hidden = !is;
};

/** Where every row lies in the window. */
const places = (part) =>
  new Map([...part.querySelectorAll(".row[id]")].map((row) => [row.id, row.getBoundingClientRect().top]));

/** What is open, written and chosen goes over into the new part. */
function carry(before, fresh) {
  for (const part of before.querySelectorAll("details[id]")) {
    const twin = fresh.querySelector(`#${CSS.escape(part.id)}`);
    if (twin) twin.open = part.open;
  }
  for (const input of before.querySelectorAll("input[data-key], select[data-key]")) {
    const twin = fresh.querySelector(`[data-key="${CSS.escape(input.dataset.key)}"]`);
    if (!twin) continue;
    if (input.type === "checkbox") twin.checked = input.checked;
    else if (!input.dataset.sent) twin.value = input.value;
  }
}

/** Put the new content in place; keeps scroll, focus, what is open and what is being written. */
function swap(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("live");
  if (!fresh) throw new Error("no live part in the answer");
  const before = live();
  if (fresh.outerHTML === before.dataset.said) return;
  const said = fresh.outerHTML;
  const focused = document.activeElement?.dataset.key;
  const place = [document.activeElement?.selectionStart, document.activeElement?.selectionEnd];
  const anchor = [...before.querySelectorAll("li[id], article[id], figure[id]")].find(
    (part) => part.getBoundingClientRect().bottom > 0,
  );
  const top = anchor?.getBoundingClientRect().top;
  const lay = places(before);
  carry(before, fresh);
  const toast = before.querySelector("#said");
  const own = fresh.querySelector("#said");
  if (own) toasted = performance.now();
  const stays = toast && !own && performance.now() - toasted < TOAST_MS;
  before.replaceWith(fresh);
  fresh.dataset.said = said;
  if (stays) fresh.prepend(toast);
  if (focused) {
    const twin = keyed(focused);
    twin?.focus({ preventScroll: true });
    if (twin?.setSelectionRange && place[0] != null) twin.setSelectionRange(...place);
  }
  const twin = anchor && document.getElementById(anchor.id);
  if (twin && window.scrollY > 0) window.scrollBy(0, twin.getBoundingClientRect().top - top);
  for (const [id, at] of places(fresh)) {
    if (!lay.has(id) || Math.abs(lay.get(id) - at) > 2) moved.set(id, performance.now());
  }
}

/** Say that the server is gone, or cannot read its data, or no longer say so (null): what is not
 *  of now does not look alive. */
function gone(error) {
  const notice = document.getElementById("gone");
  const text = error?.answered ? notice.dataset.away : notice.dataset.gone;
  if (error) notice.textContent = text.replace("{time}", live().dataset.now);
  notice.hidden = !error;
  document.body.classList.toggle("is-gone", Boolean(error));
}

async function ask(url, options) {
  const signal = AbortSignal.timeout(SILENT_MS);
  const answer = await fetch(url, { cache: "no-store", signal, ...options });
  if (answer.ok || answer.status === 410) return answer;
  throw Object.assign(new Error(`${url} answered ${answer.status}`), { answered: true });
}

/** The part that changes, anew. */
async function refresh() {
  swap(await (await ask(main.dataset.live)).text());
  gone(null);
  shown("unsure", false);
}

async function follow() {
  for (let well = true; ; ) {
    try {
      // After a failure the page is asked for at once: the next news may be long in coming.
      if (well) await ask(`/alerts?since=${live().dataset.cursor}&limit=1&wait=${WAIT_S}`);
      await refresh();
      well = true;
      await sleep(PAUSE_MS);
    } catch (error) {
      well = false;
      gone(error);
      await sleep(RETRY_MS);
    }
  }
}

/** A row that has just come under the pointer is not what was meant; nor is a second click. What
 *  is pressed by key (detail 0) is what has the focus, wherever it lies. */
function slips(event) {
  if (event.detail !== 1) return event.detail > 1;
  const row = event.target.closest(".row[id]");
  return row && performance.now() - (moved.get(row.id) ?? -STILL_MS) < STILL_MS;
}

document.addEventListener(
  "click",
  (event) => {
    if (event.target.closest?.("button, a.phone") && slips(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  },
  true,
);

// Enter in the reason puts off; the first button of the form, which Enter presses, saves the note.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.name !== "reason") return;
  event.preventDefault();
  event.target.form.requestSubmit(event.target.form.querySelector("button[value=snooze]"));
});

// Who works here: what is written in this tab goes along to its next page, before anything is done.
if (by) {
  const [name, at] = JSON.parse(sessionStorage.getItem("by") ?? "[]");
  if (performance.timeOrigin - at < SHIFT_MS) by.value = name;
  by.addEventListener("input", () => sessionStorage.setItem("by", JSON.stringify([by.value, Date.now()])));
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id === "name") return event.preventDefault(); // the name goes along with what is done
  if (!form.matches("form.acts")) return undefined;
  event.preventDefault();
  const button = event.submitter;
  if (!button?.name || sending.has(form.id)) return undefined;
  shown("first", !by.value.trim());
  if (!by.value.trim()) return by.focus();
  const fields = new URLSearchParams(new FormData(form));
  fields.append(button.name, button.value);
  fields.append("by", by.value);
  sending.add(form.id);
  button.setAttribute("aria-busy", "true");
  const written = [...form.querySelectorAll("input[data-key]")].filter((input) => input.value);
  for (const input of written) input.dataset.sent = "1";
  try {
    const answer = await (await ask(form.action, { method: "POST", body: fields })).text();
    const fine = new DOMParser().parseFromString(answer, "text/html").querySelector("#said.good");
    if (!fine) for (const input of written) delete input.dataset.sent; // nothing written is lost
    swap(answer);
    const key = form.id.slice(2);
    (keyed(`row-${key}`) ?? keyed("phone"))?.focus({ preventScroll: true });
    setTimeout(() => refresh().catch(gone), HOLD_MS);
  } catch {
    shown("unsure", true);
    for (const input of written) delete input.dataset.sent;
    button.removeAttribute("aria-busy");
  } finally {
    sending.delete(form.id);
  }
  return undefined;
});

if (main) follow();
