// Says in words why there is no translation, and when there may be one.

import { words } from "./language.js";
import { showKeyForm } from "./key.js";

const element = (name) => document.getElementById(name);
const notice = element("notice");
let ticking;

/** The sentence for a failure, in the language of the page. */
export const wordsFor = ({ kind, facts }) => words().failures[kind](facts);

/** When to come back, as a sentence; empty where nobody knows or the time has come. */
export function wordsForWait({ until, again }) {
  const seconds = Math.ceil((until - Date.now()) / 1000);
  if (!(seconds > 0)) return "";
  return again ? words().retrying(seconds) : words().waiting(seconds);
}

function fill(name, text) {
  element(name).textContent = text ?? "";
  element(name).hidden = !text;
}

function drawWait(state) {
  fill("notice-wait", wordsForWait(state));
}

function drawIcon(isMild) {
  notice.classList.toggle("mild", isMild);
  notice.querySelector("use").setAttribute("href", isMild ? "#icon-note" : "#icon-warning");
}

function drawRequest(requestId) {
  const line = element("notice-request");
  line.hidden = !requestId;
  line.querySelector("code").textContent = requestId || "";
}

// A text that is empty or too long is not a failure to try again.
const isWorthAnotherTry = (kind) =>
  !["blank", "long", "veryLong", "tooLarge", "blocked", "key", "wrongKey"].includes(kind);
// What an operator would have to look into.
const isWorthReporting = (kind) => ["broken", "slow", "refused", "forbidden"].includes(kind);
// The service's own sentence speaks of headers, to programs; the field speaks to readers.
const isAboutKey = (kind) => ["key", "wrongKey"].includes(kind);

/** Shows a failed state, or nothing where it is null. */
export function showNotice(state) {
  clearInterval(ticking);
  notice.hidden = !state;
  if (!state) return;
  const { kind, facts } = state.failure;
  drawIcon(["blank", "key"].includes(kind));
  fill("notice-words", wordsFor(state.failure));
  fill("notice-detail", isAboutKey(kind) ? "" : facts.detail);
  drawRequest(isWorthReporting(kind) && facts.requestId);
  showKeyForm(isAboutKey(kind));
  element("again").hidden = !isWorthAnotherTry(kind);
  drawWait(state);
  if (state.until) ticking = setInterval(drawWait, 250, state);
}
