// Asks the service for one translation, or says in a Failure why there is none.

const PATIENCE = 30_000; // ms; the service itself gives up earlier
const KINDS = {
  401: "key", 403: "forbidden", 413: "tooLarge", 422: "blocked", 429: "quota", 503: "busy", 504: "slow",
};

/** Why there is no translation: a kind that messages.js has words for, and what belongs to it. */
export class Failure extends Error {
  constructor(kind, facts = {}) {
    super(kind);
    Object.assign(this, { kind, facts });
  }
}

async function send(text, key, signal) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch("/translate", {
    method: "POST",
    headers,
    body: JSON.stringify({ text }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
  });
  return { response, body: await response.text() };
}

function unreachable(error) {
  if (error.name === "AbortError") return error;
  if (error.name === "TimeoutError") return new Failure("timeout");
  // `false` can be trusted, `true` cannot: there may be a network that leads nowhere.
  return new Failure(navigator.onLine ? "network" : "offline");
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

// Seconds; the header holds seconds or a date.
function retryAfter(response) {
  const value = response.headers.get("Retry-After");
  if (!value) return null;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? null : Math.max(1, Math.ceil(seconds));
}

function refusal(response, answer, key) {
  const { status } = response;
  const kind = KINDS[status] ?? (status >= 500 ? "broken" : "refused");
  return new Failure(kind === "key" && key ? "wrongKey" : kind, {
    status,
    detail: answer?.error,
    requestId: response.headers.get("X-Request-ID"),
    retryAfter: retryAfter(response),
  });
}

/** `{translation, release, ms}`; `signal` ends the request without a Failure. */
export async function ask(text, key, signal) {
  const started = performance.now();
  const { response, body } = await send(text, key, signal).catch((error) => { throw unreachable(error); });
  const answer = parse(body);
  if (!response.ok) throw refusal(response, answer, key);
  if (typeof answer?.translation !== "string") throw new Failure("unreadable");
  const ms = Math.round(performance.now() - started);
  return { translation: answer.translation, release: answer.release, ms };
}
