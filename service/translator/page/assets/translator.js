// Decides when to ask for a translation, which answer counts, and whether to ask once more.

import { Failure } from "./request.js";
import { Settling } from "./settling.js";

const PAUSE = 400; // ms without typing before the text is sent
const RETRY = 4000; // ms after which a service that could not be reached is asked once more, quietly
const LONGEST_WAIT = 60_000; // ms; for longer, the reader is asked to come back

/**
 * Three functions make it: `ask(text, signal)` answers or throws a Failure; `show(state)` draws
 * `{phase: "idle" | "working" | "done" | "failed", …}`; `settle(state, byHand)` is told what the
 * reader stayed with, once, and not what went by while they typed.
 */
export class Translator {
  #ask;
  #show;
  #settling;
  #request = new AbortController();
  #timer;
  #state = { phase: "idle" };
  #hold = null; // the last answer that said when to come back: {failure, until}

  constructor({ ask, show, settle }) {
    this.#ask = ask;
    this.#show = show;
    this.#settling = new Settling(settle);
  }

  /** The text has changed; `wrong` is a Failure where it is not worth sending. */
  typed(text, wrong) {
    this.#stop();
    if (this.#state.phase === "done" && this.#state.source === text) return this.#conclude(this.#state);
    if (wrong?.kind === "blank") return this.#put({ phase: "idle" });
    if (wrong) return this.#conclude({ phase: "failed", failure: wrong });
    if (this.#hold && this.#hold.until > Date.now() + PAUSE) return this.#wait(text);
    this.#timer = setTimeout(() => this.#run(text, { mayWait: true }), PAUSE);
  }

  /** The reader asks for the translation: at once. */
  submitted(text, wrong) {
    this.#stop();
    if (wrong) return this.#conclude({ phase: "failed", failure: wrong }, true);
    this.#run(text, { byHand: true });
  }

  /** The connection is back: what failed for want of it is asked for again. */
  online(text) {
    if (["offline", "network"].includes(this.#state.failure?.kind)) this.#run(text, {});
  }

  /** Shows an answer of earlier. */
  restored(answer) {
    this.#stop();
    this.#put({ phase: "done", ...answer });
  }

  /** The reader has left the text, so what is shown is what they stayed with. */
  left() {
    this.#settling.finish();
  }

  // `byHand`: the reader asks; `mayWait`: it may ask again where the service says when; `isQuiet`: a
  // failure stays in sight until there is news.
  async #run(text, how) {
    this.#stop();
    const { signal } = this.#request;
    if (!how.isQuiet) this.#put({ phase: "working" });
    try {
      const answer = await this.#ask(text, signal);
      if (signal.aborted) return;
      this.#hold = null;
      this.#conclude({ phase: "done", source: text, ...answer }, how.byHand);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      this.#failed(text, error, how);
    }
  }

  #failed(text, failure, { byHand, mayWait, isQuiet }) {
    const isUnreachable = failure.kind === "network";
    if (isQuiet && isUnreachable) return;
    const { retryAfter } = failure.facts;
    this.#hold = retryAfter ? { failure, until: Date.now() + retryAfter * 1000 } : null;
    if (this.#hold && mayWait) return this.#wait(text);
    this.#conclude({ phase: "failed", failure, until: this.#hold?.until }, byHand);
    if (isUnreachable && (byHand || mayWait)) this.#retryQuietly(text, byHand);
  }

  #retryQuietly(text, byHand) {
    this.#timer = setTimeout(() => this.#run(text, { byHand, mayWait: true, isQuiet: true }), RETRY);
  }

  #wait(text) {
    const { failure, until } = this.#hold;
    const ms = until - Date.now();
    const again = ms <= LONGEST_WAIT;
    if (again) this.#timer = setTimeout(() => this.#run(text, {}), ms);
    this.#conclude({ phase: "failed", failure, until, again });
  }

  #stop() {
    this.#request.abort();
    this.#request = new AbortController();
    clearTimeout(this.#timer);
    this.#settling.stop();
  }

  #put(state) {
    this.#state = state;
    this.#show(state);
  }

  #conclude(state, byHand = false) {
    this.#put(state);
    this.#settling.begin(state);
    if (byHand) this.#settling.finish(true);
  }
}
