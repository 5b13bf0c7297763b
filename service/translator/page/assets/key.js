// Asks for an API key where the service wants one, and keeps it for this visit.

import { announce } from "./announce.js";
import { onLanguage, words } from "./language.js";
import { ofThisVisit } from "./storage.js";

const form = document.getElementById("key-form");
const field = document.getElementById("key");
const hint = document.getElementById("key-hint");
const kept = document.getElementById("kept-key");
let isWrong = false;

// A header cannot hold anything else.
const canBeSent = (key) => typeof key === "string" && /^[\x21-\x7e]+$/.test(key);

/** The key to send, or null. */
export function apiKey() {
  const key = ofThisVisit.get("key");
  return canBeSent(key) ? key : null;
}

/** Shows or hides the field for a key. */
export function showKeyForm(isShown) {
  form.hidden = !isShown;
  if (isShown) drawHint(false);
}

/** Brings the reader to the field, if it is shown. */
export function focusKey() {
  if (!form.hidden) field.focus();
}

function drawHint(wrong = isWrong) {
  isWrong = wrong;
  hint.textContent = wrong ? words().keyWrong : words().keyHint;
  hint.classList.toggle("wrong", wrong);
  field.ariaInvalid = wrong ? "true" : null;
}

function drawKept() {
  kept.hidden = !apiKey();
}

function use(event, onKey) {
  event.preventDefault();
  const key = field.value.trim();
  drawHint(!canBeSent(key));
  if (isWrong) return announce(hint.textContent);
  ofThisVisit.set("key", key);
  field.value = "";
  drawKept();
  onKey();
}

function forget(onForgotten) {
  ofThisVisit.remove("key");
  drawKept();
  announce(words().keyForgotten);
  onForgotten();
}

/** Calls `onKey` when there is a key to try, `onForgotten` when it has been dropped. */
export function startKey({ onKey, onForgotten }) {
  form.addEventListener("submit", (event) => use(event, onKey));
  document.getElementById("forget-key").addEventListener("click", () => forget(onForgotten));
  drawKept();
  onLanguage(() => drawHint());
}
