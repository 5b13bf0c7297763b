// Sends the source text to POST /translate and shows the answer, or in words why there is none.

const element = (id) => document.getElementById(id);
const source = element("source");
const target = element("target");
const status = element("status");
const count = element("count");
const limit = Number(count.dataset.limit);

const number = (value) => value.toLocaleString("en");
// The service counts characters, not UTF-16 units: an emoji is one.
const length = () => [...source.value].length;

function showCount() {
  count.textContent = `${number(length())} / ${number(limit)}`;
  count.classList.toggle("error", length() > limit);
}

function say(text, isError = false) {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

function show(translation) {
  target.value = translation;
  element("copy").disabled = !translation;
}

async function translate() {
  if (!source.value.trim()) throw new Error("Type or paste a Chinese text first.");
  if (length() > limit) throw new Error(`The text is longer than ${number(limit)} characters.`);
  const response = await fetch("/translate", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text: source.value }),
  }).catch(() => { throw new Error("The service cannot be reached. Try again in a moment."); });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `The service answered ${response.status}.`);
  return answer;
}

async function submit(event) {
  event?.preventDefault();
  if (element("translate").disabled) return;
  element("translate").disabled = true;
  target.classList.add("stale");
  say("Translating…");
  const started = performance.now();
  try {
    const answer = await translate();
    show(answer.translation);
    element("release").textContent = answer.release;
    say(`${Math.round(performance.now() - started)} ms · ${answer.release}`);
  } catch (error) {
    show("");
    say(error.message, true);
  } finally {
    target.classList.remove("stale");
    element("translate").disabled = false;
  }
}

async function copy() {
  try {
    await navigator.clipboard.writeText(target.value);
    say("Copied.");
  } catch {
    // Browsers offer the clipboard only over https and on localhost.
    window.getSelection().selectAllChildren(target);
    say("Selected; press Ctrl + C to copy.");
  }
}

element("form").addEventListener("submit", submit);
source.addEventListener("input", showCount);
source.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
});
element("copy").addEventListener("click", copy);
element("clear").addEventListener("click", () => {
  source.value = "";
  show("");
  say("");
  showCount();
  source.focus();
});
showCount();
