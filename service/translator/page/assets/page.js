// Puts the parts of the page together.

import { announce } from "./announce.js";
import { focusAnswer, showAnswer, startAnswer } from "./answer.js";
import { remember, startHistory } from "./history.js";
import { apiKey, focusKey, startKey } from "./key.js";
import { startLanguage, words } from "./language.js";
import { wordsFor, wordsForWait } from "./notice.js";
import { ask } from "./request.js";
import { source, startSource } from "./source.js";
import { startSwap } from "./swap.js";
import { startTheme } from "./theme.js";
import { Translator } from "./translator.js";

const translator = new Translator({
  ask: (text, signal) => ask(text, apiKey(), signal),
  show: showAnswer,
  settle,
});

// What the reader stayed with is spoken once and remembered; what went by while typing is neither.
function settle(state, byHand) {
  if (state.phase === "failed") {
    announce(`${wordsFor(state.failure)} ${wordsForWait(state)}`);
    if (byHand) focusKey();
  } else {
    announce(words().translated, state.translation);
    remember(state, byHand);
  }
}

const typed = () => translator.typed(source.text, source.wrong);
const submitted = () => translator.submitted(source.text, source.wrong);

function translateText(text) {
  source.text = text;
  source.focus();
  submitted();
}

function bringBack(entry) {
  source.text = entry.source;
  translator.restored(entry);
  focusAnswer();
}

startTheme();
startLanguage();
startSource({ typed, submitted, left: () => translator.left() });
startAnswer();
startHistory({ onRestore: bringBack, onCleared: () => source.focus() });
startKey({
  onKey: () => {
    source.focus();
    submitted();
  },
  onForgotten: () => source.focus(),
});
startSwap();
document.getElementById("examples").addEventListener("click", ({ target }) => {
  if (target.matches("button")) translateText(target.textContent);
});
window.addEventListener("online", () => translator.online(source.text));
window.addEventListener("pagehide", () => translator.left());
