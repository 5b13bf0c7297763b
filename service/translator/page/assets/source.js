// The text that the reader types: its length, what is wrong with it, and when it changes.

import { onLanguage, words } from "./language.js";
import { Failure } from "./request.js";

const field = document.getElementById("source");
const count = document.getElementById("count");
const clear = document.getElementById("clear");
const limit = Number(count.dataset.limit);

// The service counts characters, not UTF-16 units: an emoji is one.
const length = () => [...field.value].length;

function draw() {
  const isLong = length() > limit;
  count.textContent = words().count(length(), limit);
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
    if (!field.value.trim()) return new Failure("blank");
    return length() > limit ? new Failure("long", { length: length(), limit }) : null;
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
