// Says why the languages cannot be swapped, also where nothing can hover over the button.

import { announce } from "./announce.js";
import { words } from "./language.js";

const button = document.getElementById("swap");
const place = button.parentElement;

/** Makes the button explain itself on a tap, and Escape put the explanation away. */
export function startSwap() {
  button.addEventListener("click", () => {
    place.classList.remove("dismissed");
    place.classList.add("told");
    announce(words().swapReason);
  });
  const putAway = () => place.classList.remove("told");
  button.addEventListener("blur", putAway);
  button.addEventListener("focus", () => place.classList.remove("dismissed"));
  place.addEventListener("mouseenter", () => place.classList.remove("dismissed"));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    putAway();
    place.classList.add("dismissed");
  });
  document.addEventListener("pointerdown", (event) => {
    if (!place.contains(event.target)) putAway();
  });
}
