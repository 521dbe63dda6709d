// Keeps a page fresh without losing the reader's place: waits for news at /alerts, then swaps the
// part with id "live". Without this file the page refreshes itself and its form still works.
"use strict";

const main = document.querySelector("main[data-live]");
const form = document.getElementById("ack");
const WAIT_S = 25;
const RETRY_MS = 2000;
const PAUSE_MS = 500; // however much changes, the page is not drawn more often than this
const NOTICE_MS = 10_000; // what came of a press stays so long, whatever news arrives meanwhile

let noticed = performance.now(); // when the notice on the page appeared

const live = () => document.getElementById("live");
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));
const keyed = (key) => main.querySelector(`[data-key="${CSS.escape(key)}"]`);

/** Put the new content in place; keeps scroll, focus, what is open and what is being written. */
function swap(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("live");
  if (!fresh) throw new Error("no live part in the answer");
  const before = live();
  if (fresh.outerHTML === before.dataset.said) return;
  const said = fresh.outerHTML;
  const focused = document.activeElement?.dataset.key;
  const anchor = [...before.querySelectorAll("li[id], article[id], figure[id]")].find(
    (part) => part.getBoundingClientRect().bottom > 0,
  );
  const top = anchor?.getBoundingClientRect().top;
  for (const part of before.querySelectorAll("details[id]")) {
    const twin = fresh.querySelector(`#${CSS.escape(part.id)}`);
    if (twin) twin.open = part.open;
  }
  for (const input of before.querySelectorAll("input[data-key]")) {
    const twin = fresh.querySelector(`[data-key="${CSS.escape(input.dataset.key)}"]`);
    if (twin) twin.value = input.value;
  }
  const notice = before.querySelector("#said");
  const own = fresh.querySelector("#said");
  const stays = notice && !own && performance.now() - noticed < NOTICE_MS;
  const read = stays && document.activeElement === notice;
  if (own) noticed = performance.now();
  const place = [document.activeElement?.selectionStart, document.activeElement?.selectionEnd];
  before.replaceWith(fresh);
  fresh.dataset.said = said;
  if (stays) fresh.prepend(notice);
  if (read) notice.focus({ preventScroll: true });
  if (focused) {
    const twin = keyed(focused);
    twin?.focus({ preventScroll: true });
    if (twin?.setSelectionRange && place[0] != null) twin.setSelectionRange(...place);
  }
  const twin = anchor && document.getElementById(anchor.id);
  if (twin && window.scrollY > 0) window.scrollBy(0, twin.getBoundingClientRect().top - top);
}

/** Say, or no longer say, that what is shown may be out of date. */
function stale(is) {
  const notice = document.getElementById("stale");
  if (notice) notice.hidden = !is;
}

async function text(url, options) {
  const answer = await fetch(url, { cache: "no-store", ...options });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.text();
}

async function follow() {
  for (;;) {
    try {
      const since = live().dataset.cursor;
      const answer = await fetch(`/alerts?since=${since}&limit=1&wait=${WAIT_S}`, {
        cache: "no-store",
      });
      if (!answer.ok && answer.status !== 410) throw new Error(`answered ${answer.status}`);
      swap(await text(main.dataset.live));
      stale(false);
      await sleep(PAUSE_MS);
    } catch {
      stale(true);
      await sleep(RETRY_MS);
    }
  }
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (!button?.name) return;
  const fields = new URLSearchParams(new FormData(form));
  fields.append(button.name, button.value);
  button.disabled = true;
  try {
    swap(await text(form.action, { method: "POST", body: fields }));
    document.getElementById("said")?.focus({ preventScroll: true });
  } catch {
    stale(true);
    button.disabled = false;
  }
});

if (main) follow();
