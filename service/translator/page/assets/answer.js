// Draws the right column: the translation, how it came about, or why there is none.

import { announce } from "./announce.js";
import { copyFrom } from "./copy.js";
import { onLanguage, words } from "./language.js";
import { showNotice } from "./notice.js";

const pane = document.getElementById("answer");
const target = document.getElementById("target");
const facts = document.getElementById("facts");
const copy = document.getElementById("copy");

let state = { phase: "idle" };

function drawFacts() {
  const { phase, release, ms } = state;
  facts.textContent = phase === "done" ? `${words().release} ${words().facts(release, ms)}` : "";
}

function draw() {
  const isWorking = state.phase === "working";
  pane.classList.toggle("working", isWorking);
  pane.ariaBusy = String(isWorking);
  // While a new answer is on its way the one before stays, dimmed: nothing jumps while typing.
  if (!isWorking) target.value = state.translation ?? "";
  target.hidden = state.phase === "failed";
  target.placeholder = isWorking ? words().translating : words().targetPlaceholder;
  copy.disabled = !target.value;
  drawFacts();
  showNotice(state.phase === "failed" ? state : null);
}

async function offerCopy() {
  const label = copy.querySelector("span");
  const isCopied = await copyFrom(target, copy);
  label.textContent = isCopied ? words().copied : words().copySelected;
  copy.classList.toggle("did", isCopied);
  announce(label.textContent);
  setTimeout(() => {
    label.textContent = words().copy;
    copy.classList.remove("did");
  }, 2000);
}

/** Shows a state of the Translator. */
export function showAnswer(next) {
  state = next;
  draw();
}

/** Goes to the translation without opening a phone's keyboard. */
export function focusAnswer() {
  target.focus();
}

/** Makes the right column follow the language and its button copy. */
export function startAnswer() {
  copy.addEventListener("click", offerCopy);
  onLanguage(draw);
}
