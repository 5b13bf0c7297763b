"""Gate `contract`: each text gets its own answer, the same concurrently as one by one, edge cases too."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from relctl.config.gates import Ask, ContractSettings
from relctl.probe.service import Answer, UnreachableError
from relctl.probe.traffic import Plan, Reply
from relctl.verify.trial import exchange
from relctl.verify.trial.exchange import NoTranslationError, progress, translate
from relctl.verify.trial.trial import Trial, Verdict, failed, passed

_TWICE = 2  # concurrent requests for each text
_SHOWN = 120  # bytes of a wrong answer
TEXTS = (
    "😀👩‍👩‍👧‍👦🎉",
    "\u0000你好\u0007",
    "\u202e你好\u202c",
    "你好" + "\u0301" * 50,
    "\ufeff你好",
    "   ",
    "a" * 3_000,
)
# The statuses with which a service may refuse a text; any other means that it is broken or absent.
_REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_NAMED = 20  # characters of a text


def contract(trial: Trial, settings: ContractSettings) -> Verdict:
    """Send the cases and odd texts; compare concurrent and batch answers with a twin's, one by one."""
    sources = trial.pipeline.data_sets[settings.data_set].sources
    needed = settings.texts * (2 if settings.batch else 1)
    if len(sources) < needed:
        return failed(f"{settings.data_set} has {len(sources)} texts; {needed} are needed")
    results = exchange.run(trial.candidate, trial.pipeline.cases.get(settings.title, ()), 1, settings.timeout)
    in_company = trial.fresh(sources[: settings.texts], settings.texts * settings.rounds)
    in_a_batch = trial.fresh(sources[settings.texts : needed], settings.texts) if settings.batch else []
    wrong = exchange.wrong(results) + ask_edge_texts(trial, settings)
    wrong += _beside_a_twin(trial, settings, in_company, in_a_batch)
    figures = {
        "cases": results,
        "texts": len(in_company) + len(in_a_batch),
        "requests_in_company": _TWICE * len(in_company),
        "clients": settings.clients,
    }
    if wrong:
        return failed(*wrong, **figures)
    return passed(
        f"{len(results)} cases of the right shape",
        f"{figures['texts']} texts: same answers concurrently as one by one",
        **figures,
    )


def _beside_a_twin(
    trial: Trial, settings: ContractSettings, in_company: list[str], in_a_batch: list[str]
) -> list[str]:
    """Return what is wrong with the candidate's answers, compared with its twin's, one by one."""
    texts = in_company + in_a_batch
    trial.say(f"  {len(texts)} texts to its twin, one by one")
    try:
        with trial.twin() as twin:
            said = translate(twin, texts, Plan(trial.pipeline.ask, 1, settings.timeout), trial.say)
    except NoTranslationError as error:
        return [error.message]
    alone = dict(zip(texts, said, strict=True))
    wrong = _in_company(trial, settings, {text: alone[text] for text in in_company})
    if settings.batch:
        wrong += _in_a_batch(trial, settings, {text: alone[text] for text in in_a_batch})
    return wrong


def _in_company(trial: Trial, settings: ContractSettings, alone: Mapping[str, str]) -> list[str]:
    """Report answers that differ under concurrent requests, including two for the same text."""
    asked = [text for text in alone for _ in range(_TWICE)]
    trial.say(f"  {len(asked)} concurrent requests")
    plan = Plan(trial.pipeline.ask, settings.clients, settings.timeout)
    replies = trial.candidate.send(asked, plan, progress(len(asked), trial.say))
    read = [exchange.read(reply, plan.ask) for reply in replies]
    unanswered = [words for _, words in read if words]
    wrong = [f"{len(unanswered)} of {len(asked)} requests failed: {unanswered[0]}"] if unanswered else []
    answered = [(text, found) for text, (found, words) in zip(asked, read, strict=True) if not words]
    return wrong + differences(answered, alone, "concurrent answers")


def _in_a_batch(trial: Trial, settings: ContractSettings, alone: Mapping[str, str]) -> list[str]:
    body = json.dumps(batch_of(list(alone)), ensure_ascii=False).encode()
    headers, path = {"Content-Type": "application/json"}, settings.batch
    try:
        answer = trial.candidate.users.send("POST", path, body, headers, settings.timeout)
    except UnreachableError as error:
        return [error.message]
    return judge_batch(answer, path, trial.pipeline.ask.translation, alone)


def batch_of(texts: Sequence[str]) -> list[dict[str, str]]:
    """Return the items of a batch; their ids descend, so that sorting by id is detected."""
    return [{"id": f"{len(texts) - number:03}", "text": text} for number, text in enumerate(texts)]


def judge_batch(answer: Answer, path: str, member: str, alone: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the answer to a batch; `member` is the translation's key."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status != HTTPStatus.OK or not isinstance(found, list) or len(found) != len(alone):
        return [f"{path} answers {answer.status}: {answer.body[:_SHOWN]!r}"]
    items = [item if isinstance(item, dict) else {} for item in found]
    if [item.get("id") for item in items] != [item["id"] for item in batch_of(list(alone))]:
        return [f"{path} answers in a different order"]
    said = [item.get(member) for item in items]
    return differences(list(zip(alone, said, strict=True)), alone, f"answers of {path}")


def differences(answered: Sequence[tuple[str, object]], alone: Mapping[str, str], what: str) -> list[str]:
    """Report answers that differ from those one by one; another text's answer was mixed up."""
    others = set(alone.values())
    different = [(text, answer) for text, answer in answered if answer != alone[text]]
    kinds = {
        "are other texts'": [pair for pair in different if pair[1] in others],
        "differ from those one by one": [pair for pair in different if pair[1] not in others],
    }
    return [
        f"{len(pairs)} {what} {words}: {pairs[0][0]!r} got {pairs[0][1]!r}"
        for words, pairs in kinds.items()
        if pairs
    ]


def ask_edge_texts(trial: Trial, settings: ContractSettings) -> list[str]:
    """Send all texts concurrently; return one sentence for each wrong answer."""
    plan = Plan(trial.pipeline.ask, len(TEXTS), settings.timeout)
    replies = trial.candidate.send(TEXTS, plan)
    judged = [wrong_with(reply, plan.ask, settings.error_type) for reply in replies]
    return [f"{text[:_NAMED]!r}: {wrong}" for text, wrong in zip(TEXTS, judged, strict=True) if wrong]


def wrong_with(reply: Reply, ask: Ask, error_type: str) -> str:
    """Return what is wrong with an answer, "" for a translation or a well-formed refusal."""
    shown = reply.body[:_SHOWN].decode(errors="replace")
    try:
        reply.body.decode()  # Python would also read JSON in UTF-16
    except UnicodeDecodeError:
        return f"the body is not UTF-8: {shown}"
    if reply.status not in _REFUSALS:
        return exchange.read(reply, ask)[1]
    if reply.content_type != error_type:
        return f"status {reply.status} with content type {reply.content_type}, not {error_type}"
    return "" if _is_object(reply.body) else f"status {reply.status}, and no JSON object: {shown}"


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):  # for example ten thousand nested brackets
        return False
