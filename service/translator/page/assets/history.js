// The translations of this visit: the newest first, each can be brought back.

import { announce } from "./announce.js";
import { onLanguage, words } from "./language.js";
import { ofThisVisit } from "./storage.js";

const MOST = 20;
const section = document.getElementById("history");
const examples = document.getElementById("examples");
const list = document.getElementById("entries");
const template = document.getElementById("entry");

let restore = () => {};

const isEntry = (value) => typeof value?.source === "string" && typeof value.translation === "string"
  && typeof value.release === "string" && typeof value.ms === "number";

function kept() {
  const values = ofThisVisit.get("history");
  return Array.isArray(values) ? values.filter(isEntry).slice(0, MOST) : [];
}

let entries = kept();

// A text that was translated while it was being typed gives way to what it became.
const givesWay = (older, source) => !older.byHand && source.startsWith(older.source.trimEnd());

/** Puts an answer, `{source, translation, release, ms}`, on top; `byHand` where the reader asked for it. */
export function remember({ source, translation, release, ms }, byHand) {
  const wasByHand = entries.some((entry) => entry.byHand && entry.source === source);
  const newest = { source, translation, release, ms, byHand: byHand || wasByHand };
  if (entries.length && givesWay(entries[0], source)) entries.shift();
  entries = [newest, ...entries.filter((entry) => entry.source !== source)].slice(0, MOST);
  ofThisVisit.set("history", entries);
  draw();
}

function row(entry) {
  const item = template.content.cloneNode(true);
  const put = (name, text) => { item.querySelector(name).textContent = text; };
  put(".entry-source", entry.source);
  put(".entry-target", entry.translation);
  put(".entry-facts", words().facts(entry.release, entry.ms));
  item.querySelector("button").addEventListener("click", () => restore(entry));
  return item;
}

function draw() {
  section.hidden = !entries.length;
  examples.hidden = entries.length > 0;
  list.replaceChildren(...entries.map(row));
}

function clear(onCleared) {
  entries = [];
  ofThisVisit.remove("history");
  draw();
  announce(words().historyCleared);
  onCleared();
}

/** Calls `onRestore` with the entry that is brought back, `onCleared` when all are gone. */
export function startHistory({ onRestore, onCleared }) {
  restore = onRestore;
  document.getElementById("clear-history").addEventListener("click", () => clear(onCleared));
  onLanguage(draw);
}
