"""The report: a file on its own that says what the evidence says, whoever wrote the sentences in it."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from relctl.report.page import render
from relctl.state.evidence import Evidence, GateResult

PICTURES = re.compile(r"<svg.*?</svg>", re.DOTALL)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVIL = "<script>alert('好')</script>"
SCORES = {"BLEU": 20.9, "chrF": 43.2, "TER": 64.1}
AGAINST = {
    "candidate": 43.2,
    "live": 44.0,
    "difference": -0.8,
    "lower": -1.6,
    "upper": 0.1,
    "standard_error": 0.5,
    "smallest_detectable": 1.24,
}
QUALITY: dict[str, Any] = {
    "seed": 1,
    "resamples": 2000,
    "confidence": 0.95,
    "margins": {"chrf": 2.0},
    "data_sets": [
        {
            "name": "everyday",
            "sentences": 200,
            "scores": SCORES,
            "signatures": {"chrF": "chrF2|version:2.6.0"},
            "floors": {"bleu": 15},
            "faults": {"empty": 0, "numbers": 10},
            "allowed": {"numbers": 12},
            "faults_of_live": {"empty": 0, "numbers": 11},
            "against_live": {"chrF": AGAINST},
            "changed": 31,
            "worst": [{"source": "加油！", "reference": "Come on!", "candidate": EVIL, "chrf": 7.8}],
            "most_changed": [
                {
                    "source": "快跑！",
                    "reference": "Run!",
                    "candidate": "Hurry up!",
                    "live": EVIL,
                    "chrf_change": -12.5,
                }
            ],
        }
    ],
}
MILLISECONDS = {"p50": 7.0, "p95": 9.7, "p99": 11.0, "max": 17.8, "quantiles": [5.0, 7.0, 9.0, 17.8]}
LATENCY: dict[str, Any] = {
    "requests": 600,
    "rate_per_second": 40.0,
    "burst": 4,
    "rounds": 15,
    "seed": 1,
    "resamples": 2000,
    "confidence": 0.95,
    "margins": {"p95": 0.5},
    "max_p95_ms": 500.0,
    "candidate_ms": MILLISECONDS,
    "live_ms": MILLISECONDS,
    "ratios": {"p95": {"value": 1.02, "lower": 0.95, "upper": 1.1}},
}
SOAK: dict[str, Any] = {
    "requests": 2000,
    "clients": 10,
    "per_second": 550.0,
    "growth_bytes_per_1000": {"over all": 524288, "in the last third": 1048576},
    "max_growth_bytes_per_1000": 2097152,
    "ended_processes": 0,
    "max_ended_processes": 1,
    "memory": [[0, 150e6], [1000, 151e6], [2000, 151e6]],
}


def gate(name: str, verdict: Any = "pass", *reasons: str, **figures: Any) -> GateResult:
    said = list(reasons) or ["fine"]
    return GateResult(
        name=name, verdict=verdict, figures=figures, reason="; ".join(said), reasons=said, seconds=1.0
    )


def evidence(*gates: GateResult, verdict: Any = "pass") -> Evidence:
    return Evidence(
        image_id="sha256:" + "a" * 64,
        tag="v1.2.0-abc12de",
        pipeline="sha256:" + "b" * 64,
        verdict=verdict,
        gates=list(gates),
        started=NOW,
        ended=NOW,
        relctl="test",
        service="translator",
        environment="production",
        resources={"cpus": 1.5, "memory": 1024**3, "pids": 256},
        pipeline_file="pipelines/release.yaml",
    )


@pytest.fixture(scope="module")
def page() -> str:
    gates = gate("quality", **QUALITY), gate("latency", **LATENCY), gate("soak", **SOAK)
    return render(evidence(gate("startup"), *gates))


def test_it_needs_nothing_from_elsewhere(page: str) -> None:
    addresses = set(re.findall(r"""(?:src|href)=["']?(?!#)([^"'\s>]+)|url\((?!#)([^)]+)\)""", page))
    assert addresses == set()
    assert "<script" not in page.replace("&lt;script", "")


def test_what_a_model_says_is_text_and_not_html(page: str) -> None:
    assert EVIL not in page
    assert page.count("&lt;script&gt;") == 2


def test_the_verdict_is_at_the_top_and_every_gate_has_its_row(page: str) -> None:
    assert page.index("may take traffic") < page.index("<h2>Gates</h2>") < page.index("<h2>Quality")
    assert _rows(page) == [(name, "pass") for name in ("startup", "quality", "latency", "soak")]
    assert page.count("<svg") == 2 * 3  # for a desk and for a phone


def test_the_head_names_service_tag_pipeline_and_environment(page: str) -> None:
    assert "<title>translator v1.2.0-abc12de: pass</title>" in page
    head = "translator v1.2.0-abc12de Pipeline pipelines/release.yaml , environment production"
    assert _text(page).startswith(f"{head} ✓ may take traffic")


def test_evidence_of_an_older_relctl_has_a_head_without_what_it_does_not_say() -> None:
    older = evidence(gate("startup")).model_copy(
        update={"service": "", "environment": "", "pipeline_file": ""}
    )
    page = render(older)
    assert "<title>v1.2.0-abc12de: pass</title>" in page
    assert _text(page).startswith("v1.2.0-abc12de Pipeline sha256:bbbbbbbbbbbb ✓ may take traffic")


def _text(page: str) -> str:
    """What stands in the page, pictures aside."""
    main = page[page.index("<main>") :]
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]+>", " ", main, flags=re.DOTALL)).strip()


def _rows(page: str) -> list[tuple[str, str]]:
    return re.findall(
        r'<tr><th scope="row">([a-z]+)</th><td data-label="verdict"><span class="[a-z-]+">([a-z ]+)<', page
    )


def test_every_colour_of_a_picture_is_one_that_the_page_knows(page: str) -> None:
    colours = set(re.findall(r"(fill|stroke): (#[0-9a-f]{6})", "".join(PICTURES.findall(page))))
    known = set(re.findall(r"""\[style\*="(fill|stroke): (#[0-9a-f]{6})"\]""", page))
    assert colours
    assert colours <= known


def test_the_limit_of_a_soak_starts_where_its_memory_does(page: str) -> None:
    [picture] = [
        each for each in PICTURES.findall(page) if "requests<" in each and 'id="memory-wide-' in each
    ]
    memory, limit = (_first_line(picture, colour) for colour in ("#010101", "#030303"))
    assert memory[0] == limit[0]
    assert memory[-1][0] == limit[-1][0], "to the last reading"
    assert memory[-1][1] > limit[-1][1], "it may have grown by more: y goes down"


def test_the_limit_of_a_soak_starts_after_its_warm_up() -> None:
    readings = [[0, 100e6], [400, 148e6], [1000, 150e6], [2000, 151e6]]
    soak = SOAK | {"warm_up_requests": 400, "memory": readings}
    page = render(evidence(gate("soak", **soak)))
    warm_up, memory, limit = (_first_line(page, colour) for colour in ("#020202", "#010101", "#030303"))
    assert warm_up[-1] == memory[0] == limit[0]
    assert (len(warm_up), len(memory)) == (2, 3)
    assert "the first 400 requests do not count" in page


def test_a_soak_that_ended_in_its_warm_up_has_no_limit() -> None:
    page = render(evidence(gate("soak", **SOAK | {"warm_up_requests": 400, "memory": [[0, 1e6], [9, 2e6]]})))
    [picture, _] = PICTURES.findall(page)
    assert len(_first_line(picture, "#020202")) == 2
    assert "#030303" not in picture


def _first_line(picture: str, colour: str) -> list[tuple[float, float]]:
    found = re.search(rf'<path d="([^"]+)"[^>]*stroke: {colour}', picture)
    assert found
    return [(float(x), float(y)) for x, y in re.findall(r"[ML] (\S+) (\S+)", found[1])]


def test_every_text_has_a_chinese_font_on_each_system(page: str) -> None:
    variables = dict(re.findall(r"--(chinese|sans|mono): ([^;]+);", page))
    for font in ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"):  # macOS, Windows, Linux
        assert font in variables["chinese"]
    style = page[page.index("<style>") : page.index("</style>")]
    families = set(re.findall(r"font(?:-family)?: ([^;}]*(?:var|serif|monospace)[^;}]*)", style))
    assert {family.replace(" !important", "").split()[-1] for family in families} == {
        "var(--sans)",
        "var(--mono)",
    }
    assert all("var(--chinese)" in variables[name] for name in ("sans", "mono"))
    assert '<span lang="zh">加油！</span>' in page


def test_what_no_gate_could_show_is_said() -> None:
    found = evidence(gate("startup")).model_copy(update={"not_proved": ["what <users> get"]})
    assert "<dt>not proved</dt><dd>what &lt;users&gt; get</dd>" in render(found)
    assert "not proved" not in render(evidence(gate("startup")))


def test_it_has_the_figures_that_the_verdict_rests_on(page: str) -> None:
    text = _text(page)
    assert "everyday, chrF 43.20 44.00 -0.80 -1.60 to +0.10 2.00 1.24" in text
    assert "data set empty numbers everyday 0 10 of 12 allowed , live 11" in text
    assert "everyday 200 20.9 (at least 15) 43.2 64.1" in text
    assert "p95 may be at most 500 ms" in text
    assert "in 0 s container limits cpus 1.5, memory 1024 MiB, pids 256" in text
    assert "pipelines/release.yaml sha256:bbb" in text
    assert "p95 1.02 0.95 to 1.10 1.50" in text
    assert "in the last third +1.00 2.00" in text
    assert "0 processes ended (1 allowed)." in text
    assert "seed 1, 2,000 resamples, 95 % bounds" in text
    assert "chrF2|version:2.6.0" in text


def test_what_is_beyond_its_limit_is_marked(page: str) -> None:
    assert marked(page) == []
    data = QUALITY["data_sets"][0]
    worse = data | {
        "against_live": {"chrF": AGAINST | {"lower": -2.0}},
        "floors": {"bleu": 21},
        "faults": {"empty": 1, "numbers": 12, "loop": 1, "special": 1},
        "faults_of_live": {"empty": 0, "numbers": 11, "loop": 1, "special": 1},
        "allowed": {"empty": 0, "numbers": 12, "loop": 0, "special": 1},
    }
    slow = LATENCY | {"max_p95_ms": 9.6, "ratios": {"p95": {"value": 1.4, "lower": 1.3, "upper": 1.5}}}
    leaking = SOAK | {"growth_bytes_per_1000": {"over all": 2097153}}
    gates = (
        gate("quality", **(QUALITY | {"data_sets": [worse]})),
        gate("latency", **slow),
        gate("soak", **leaking),
    )
    found = ["-2.00 to +0.10", "20.9", "1", "12", "1", "9.7", "1.30 to 1.50", "+2.00"]
    assert marked(render(evidence(*gates))) == found


def marked(page: str) -> list[str]:
    return re.findall(r'<span class="fail">([-+.\d to]+)</span>', page)


def test_a_sample_without_any_change_claims_no_sensitivity() -> None:
    same = AGAINST | {"standard_error": 0.0, "smallest_detectable": None}
    none = {"against_live": {"chrF": same}, "changed": 0, "most_changed": [], "worst": []}
    data = QUALITY["data_sets"][0] | none
    page = render(evidence(gate("quality", **(QUALITY | {"data_sets": [data]}))))
    assert 'data-label="detectable drop">unknown<' in page
    assert "No difference from live in 200 translations." in page
    assert "Every translation matches its reference." in page


def test_a_first_release_is_compared_with_nothing() -> None:
    data = {key: QUALITY["data_sets"][0][key] for key in QUALITY["data_sets"][0] if key not in _COMPARED}
    latency = {key: value for key, value in LATENCY.items() if key not in ("live_ms", "ratios")}
    gates = gate("quality", **(QUALITY | {"data_sets": [data]})), gate("latency", **latency)
    page = render(evidence(*gates))
    assert "nothing: no release was live" in page
    assert "from live" not in page.lower()
    assert "against live" not in page.lower()
    assert page.count("<svg") == 2


_COMPARED = ("against_live", "changed", "most_changed", "faults_of_live")


REASONS = ("p95 is 9 ms; 5 ms are allowed", "2 of 9 cases fail: a: b | c: d", "gone")


def lines(page: str) -> list[str]:
    page = page[page.index("<h2>Gates</h2>") :]
    return re.findall(r"<li>(.*?)</li>", page) or re.findall(
        r'label="why"><div>\s*<span class="reason">(.*?)</span>', page
    )


@pytest.mark.parametrize("reasons", [REASONS, REASONS[:1]])
def test_every_reason_has_a_line_of_its_own_and_is_not_split(reasons: tuple[str, ...]) -> None:
    assert lines(render(evidence(gate("startup", "pass", *reasons)))) == list(reasons)


def test_evidence_that_has_its_reasons_as_one_shows_that() -> None:
    older = gate("startup", "pass", *REASONS).model_copy(update={"reasons": []})
    assert lines(render(evidence(older))) == ["; ".join(REASONS)]


def test_the_same_evidence_gives_the_same_page(page: str) -> None:
    gates = gate("quality", **QUALITY), gate("latency", **LATENCY), gate("soak", **SOAK)
    assert render(evidence(gate("startup"), *gates)) == page


def test_a_failed_run_has_what_there_is_and_the_candidates_last_words() -> None:
    gates = (
        gate("startup"),
        gate("quality", "fail", "could not run: gone", log="\x1b[31mKilled\x07 <b> \u202e\u200b"),
        gate("latency", "not run", "the candidate has ended with 137"),
        gate("soak", "off", "no time"),
    )
    page = render(evidence(*gates, verdict="fail"))
    assert "may not take traffic" in page
    assert "4 gates: 1 passed, 1 failed, 1 not run, 1 off" in page
    assert r"<pre>Killed\x07 &lt;b&gt; \u202e\u200b</pre>" in page
    assert "<svg" not in page
    assert _box(page) == (
        "✗ may not take traffic 4 gates: 1 passed, 1 failed, 1 not run, 1 off quality could not run: gone "
        "Not run: latency (the candidate has ended with 137) Off: soak (no time)"
    )
    assert _rows(page) == [("startup", "pass"), ("quality", "fail"), ("latency", "not run"), ("soak", "off")]
    assert "no time" in page


def test_the_red_box_has_the_reasons_of_every_gate_that_failed() -> None:
    gates = gate("smoke", "fail", *REASONS), gate("size", "fail", "too large"), gate("startup")
    assert _box(render(evidence(*gates, verdict="fail"))) == (
        "✗ may not take traffic 3 gates: 2 failed, 1 passed "
        "smoke p95 is 9 ms; 5 ms are allowed 2 of 9 cases fail: a: b | c: d gone size too large"
    )


def test_the_red_box_folds_what_is_after_eight_reasons() -> None:
    page = render(evidence(gate("smoke", "fail", *"abcdefghij"), verdict="fail"))
    assert _box(page).endswith("smoke a b c d e f g h and 2 more i j")


def _box(page: str) -> str:
    found = re.search(r'<div class="verdict.*?</div>', page, re.DOTALL)
    assert found
    return _text(f"<main>{found[0]}")
