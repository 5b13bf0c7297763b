// Lets the reader choose light or dark colours, or those of the system.

import { remembered } from "./storage.js";

const CHOICES = ["auto", "light", "dark"];
const root = document.documentElement;

function apply(choice) {
  root.dataset.theme = choice;
  paintBrowser();
}

// A phone draws its own bars in the page's colour.
function paintBrowser() {
  document.querySelector("meta[name=theme-color]").content = getComputedStyle(root).backgroundColor;
}

/** Shows the page in the colours that are chosen, and lets the reader choose others. */
export function startTheme() {
  const kept = remembered.get("theme");
  const choice = CHOICES.includes(kept) ? kept : "auto";
  const switches = document.getElementById("themes");
  switches.querySelector(`[value=${choice}]`).checked = true;
  switches.addEventListener("change", (event) => {
    remembered.set("theme", event.target.value);
    apply(event.target.value);
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintBrowser);
  apply(choice);
}
