// Tells what the reader stayed with, once, and not what went by while they typed.

const SETTLED = 1500; // ms without typing after which a text is taken for finished

/** `settle(state, byHand)` is told each state that nothing replaced in time. */
export class Settling {
  #settle;
  #state = null; // what the reader may stay with
  #timer;

  constructor(settle) {
    this.#settle = settle;
  }

  /** The reader sees `state` from now on. */
  begin(state) {
    this.stop();
    this.#state = state;
    this.#timer = setTimeout(() => this.finish(), SETTLED);
  }

  /** The reader stayed with what they see, if that has not been told yet. */
  finish(byHand = false) {
    const state = this.#state;
    this.stop();
    if (state) this.#settle(state, byHand);
  }

  /** The reader did not stay. */
  stop() {
    clearTimeout(this.#timer);
    this.#state = null;
  }
}
