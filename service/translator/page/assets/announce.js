// Tells screen readers what has happened.

const line = document.getElementById("announcement");

function spoken(text, lang) {
  const element = document.createElement("span");
  element.textContent = text;
  if (lang) element.lang = lang;
  return element;
}

/** Speaks `text`, then `english`, which is read as English whatever the page's language is. */
export function announce(text, english = "") {
  // New elements are spoken also where they say the same as those before.
  line.replaceChildren(spoken(text), " ", spoken(english, "en"));
}
