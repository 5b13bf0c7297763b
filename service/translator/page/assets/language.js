// Chooses the language of the interface and puts its words into the page.

import { messages } from "./messages.js";
import { remembered } from "./storage.js";

const TAGS = { en: "en", zh: "zh-Hans" };
const listeners = [];
let language = first();

function first() {
  const kept = remembered.get("language");
  if (Object.keys(messages).includes(kept)) return kept;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

/** The words of the language that is chosen now. */
export const words = () => messages[language];

/** Calls `listener` now and whenever the language changes, once the page's own words are in place. */
export function onLanguage(listener) {
  listeners.push(listener);
  listener();
}

function putInto(dataset, put) {
  for (const element of document.querySelectorAll(`[data-${dataset}]`)) {
    put(element, words()[element.dataset[dataset]]);
  }
}

function apply() {
  document.documentElement.lang = TAGS[language];
  document.title = words().title;
  putInto("text", (element, text) => { element.textContent = text; });
  putInto("title", (element, text) => { element.title = text; });
  putInto("label", (element, text) => { element.ariaLabel = text; });
  putInto("placeholder", (element, text) => { element.placeholder = text; });
  listeners.forEach((listener) => listener());
}

/** Shows the page in the language that is chosen, and lets the reader choose another. */
export function startLanguage() {
  const switches = document.getElementById("languages");
  switches.querySelector(`[value=${language}]`).checked = true;
  switches.addEventListener("change", (event) => {
    language = event.target.value;
    remembered.set("language", language);
    apply();
  });
  apply();
}
