// Keeps values as JSON in the browser's storage, or for as long as the page lives where that is refused.

class Memory {
  #values = new Map();
  getItem(name) { return this.#values.get(name) ?? null; }
  setItem(name, value) { this.#values.set(name, value); }
  removeItem(name) { this.#values.delete(name); }
}

function open(name) {
  try {
    return window[name];
  } catch {
    return new Memory(); // cookies are blocked
  }
}

// Programs that run at the same address, as many do at localhost:8000, share their storage.
const ours = (name) => `translator.${name}`;

function kept(area) {
  return {
    /** Anything that JSON can say, for others can write here too; null where there is nothing. */
    get(name) {
      try {
        return JSON.parse(area.getItem(ours(name)));
      } catch {
        return null; // no JSON
      }
    },
    set(name, value) {
      try {
        area.setItem(ours(name), JSON.stringify(value));
      } catch {
        // The storage is full: the value lasts as long as the page.
      }
    },
    remove(name) { area.removeItem(ours(name)); },
  };
}

/** What is remembered until the reader clears it. */
export const remembered = kept(open("localStorage"));

/** What is remembered until the tab is closed. */
export const ofThisVisit = kept(open("sessionStorage"));
