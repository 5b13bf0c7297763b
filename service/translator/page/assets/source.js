// The text that the reader types: its length, what is wrong with it, and when it changes.

import { onLanguage, words } from "./language.js";
import { isBlank, lengthWithin } from "./length.js";
import { Failure } from "./request.js";

const field = document.getElementById("source");
const count = document.getElementById("count");
const clear = document.getElementById("clear");
const limit = Number(count.dataset.limit);

function tooLong(text) {
  const length = lengthWithin(text, limit);
  if (length === null) return new Failure("veryLong", { limit });
  return length > limit ? new Failure("long", { length, limit }) : null;
}

function draw() {
  const length = lengthWithin(field.value, limit);
  const isLong = length === null || length > limit;
  count.textContent = length === null ? words().countOver(limit) : words().count(length, limit);
  count.classList.toggle("wrong", isLong);
  field.ariaInvalid = isLong ? "true" : null;
  clear.hidden = !field.value;
}

export const source = {
  get text() { return field.value; },
  set text(text) {
    field.value = text;
    draw();
  },
  focus() { field.focus(); },

  /** Why the text is not worth sending, or null. */
  get wrong() {
    return isBlank(field.value) ? new Failure("blank") : tooLong(field.value);
  },
};

function nameShortcut() {
  const platform = navigator.userAgentData?.platform ?? navigator.platform;
  if (/^(mac|iphone|ipad)/i.test(platform)) document.getElementById("modifier").textContent = "⌘";
}

/** Calls `typed` when the text changes, `submitted` when its translation is asked for, `left` on leaving it. */
export function startSource({ typed, submitted, left }) {
  field.addEventListener("input", (event) => {
    draw();
    // While an input method composes, the text holds Latin letters that will become Chinese.
    if (!event.isComposing) typed();
  });
  field.addEventListener("compositionend", typed);
  field.addEventListener("blur", left);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) submitted();
  });
  document.getElementById("form").addEventListener("submit", (event) => {
    event.preventDefault();
    submitted();
  });
  clear.addEventListener("click", () => {
    source.text = "";
    field.focus();
    typed();
  });
  nameShortcut();
  onLanguage(draw);
}
