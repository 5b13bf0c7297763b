"""Gate `contract`: the service keeps its word under company: the same text gets the same answer, its own."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from relctl.config.gates import ContractSettings
from relctl.probe import traffic, translation
from relctl.probe.service import Answer, UnreachableError
from relctl.probe.traffic import Plan
from relctl.verify import cases, odd_texts
from relctl.verify.asking import NoTranslationError, progress, translate
from relctl.verify.trial import Trial
from relctl.verify.verdict import Verdict, failed, passed

_TWICE = 2  # how often each text is asked for in company, at the same time
_SHOWN = 120  # bytes of a wrong answer


def contract(trial: Trial, settings: ContractSettings) -> Verdict:
    """Send the cases and odd texts; hold answers in company and in a batch against those of a twin alone."""
    sources = trial.pipeline.data_sets[settings.data_set].sources
    needed = settings.texts * (2 if settings.batch else 1)
    if len(sources) < needed:
        return failed(f"{settings.data_set} has {len(sources)} texts; {needed} are needed")
    results = cases.run(trial.candidate, trial.pipeline.cases.get(settings.title, ()), 1, settings.timeout)
    in_company = trial.fresh(sources[: settings.texts], settings.texts * settings.rounds)
    in_a_batch = trial.fresh(sources[settings.texts : needed], settings.texts) if settings.batch else []
    wrong = cases.wrong(results) + odd_texts.ask(trial, settings)
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
        f"{figures['texts']} texts answered in company as alone",
        **figures,
    )


def _beside_a_twin(
    trial: Trial, settings: ContractSettings, in_company: list[str], in_a_batch: list[str]
) -> list[str]:
    """What is wrong with the candidate's answers, where those of its twin, asked alone, are right."""
    texts = in_company + in_a_batch
    trial.say(f"  {len(texts)} texts, one after the other, to its twin")
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
    """Answers that differ while others ask, and while somebody else asks for the same text."""
    asked = [text for text in alone for _ in range(_TWICE)]
    trial.say(f"  {len(asked)} requests in company")
    plan = Plan(trial.pipeline.ask, settings.clients, settings.timeout)
    address = trial.candidate.container.address
    replies = traffic.send(address, asked, plan, progress(len(asked), trial.say))
    read = [translation.read(reply, plan.ask) for reply in replies]
    unanswered = [words for _, words in read if words]
    wrong = [f"{len(unanswered)} of {len(asked)} requests failed: {unanswered[0]}"] if unanswered else []
    answered = [(text, found) for text, (found, words) in zip(asked, read, strict=True) if not words]
    return wrong + differences(answered, alone, "in company")


def _in_a_batch(trial: Trial, settings: ContractSettings, alone: Mapping[str, str]) -> list[str]:
    body = json.dumps(batch_of(list(alone)), ensure_ascii=False).encode()
    headers, path = {"Content-Type": "application/json"}, settings.batch
    try:
        answer = trial.candidate.service.send("POST", path, body, headers, settings.timeout)
    except UnreachableError as error:
        return [error.message]
    return judge_batch(answer, path, trial.pipeline.ask.translation, alone)


def batch_of(texts: Sequence[str]) -> list[dict[str, str]]:
    """The items of a batch; their ids fall, so that a service which sorts by them is found out."""
    return [{"id": f"{len(texts) - number:03}", "text": text} for number, text in enumerate(texts)]


def judge_batch(answer: Answer, path: str, member: str, alone: Mapping[str, str]) -> list[str]:
    """What is wrong with the answer to the batch of these texts; `member` is where a translation stands."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status != HTTPStatus.OK or not isinstance(found, list) or len(found) != len(alone):
        return [f"{path} answers {answer.status}: {answer.body[:_SHOWN]!r}"]
    items = [item if isinstance(item, dict) else {} for item in found]
    if [item.get("id") for item in items] != [item["id"] for item in batch_of(list(alone))]:
        return [f"{path} answers in another order than it was asked"]
    said = [item.get(member) for item in items]
    return differences(list(zip(alone, said, strict=True)), alone, f"of {path}")


def differences(answered: Sequence[tuple[str, object]], alone: Mapping[str, str], where: str) -> list[str]:
    """Sentences for answers that differ from those alone; one that is another text's has crossed over."""
    others = set(alone.values())
    different = [(text, answer) for text, answer in answered if answer != alone[text]]
    kinds = {
        "are other texts'": [pair for pair in different if pair[1] in others],
        "differ from those alone": [pair for pair in different if pair[1] not in others],
    }
    return [
        f"{len(pairs)} answers {where} {words}: {pairs[0][0]!r} got {pairs[0][1]!r}"
        for words, pairs in kinds.items()
        if pairs
    ]
