"""`make demo`: the full relctl workflow on this machine, through its command line.

    python deploy/demo.py [PROJECT]

Its releases are commits in a scratch clone of the project's HEAD under the state directory; the project's
own tree is not touched. The demo leaves the project's environment running: `relctl status` shows it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from client_load import Load, Sample, Settled, failed, stale
from relctl.build.model import checksum
from relctl.config.project import Project, load
from relctl.escape import line

ROOT = Path(__file__).resolve().parents[1]
RELCTL = str(Path(sys.executable).with_name("relctl"))
ENV = os.environ.get("RELCTL_ENV", "local")
SENTENCES = (
    "人工智能正在改变世界。",
    "他们正在公园里踢足球。",
    "我们什么时候出发？",
)  # the last two are better in 2026.11
CLIENTS = 16
START = "demo-start"  # the commit that was cloned
MODELS = "service/models/zh-en-tiny"
# The fault of v1.2.0: it cuts translations after the first tokens, but still answers 200.
HEALTHY = "self._tokenizer.decode(result.hypotheses[0])"
BROKEN = "self._tokenizer.decode(result.hypotheses[0][:2])"


@dataclass
class Demo:
    """The scratch clone, the environment of its relctl, and the results so far."""

    clone: Path
    environ: dict[str, str]
    listen: str
    steps: list[tuple[str, float]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    stale: list[Sample] = field(default_factory=list)

    def step(self, words: str, action: Callable[[], Any]) -> Any:
        """Announce a step, run it, and record its duration."""
        print(f"\n== {words}", flush=True)
        started = time.monotonic()
        result = action()
        self.steps.append((words, time.monotonic() - started))
        return result

    def relctl(self, *arguments: str) -> Any:
        """Run relctl in the clone and require that it succeeds; return its JSON output."""
        done = self.run(*arguments, options=["--json"])
        self._insist(done, 0)
        return json.loads(done.stdout) if done.stdout else None

    def refused(self, *arguments: str) -> None:
        """Run relctl in the clone and require that it refuses a release; the reason is on the screen."""
        self._insist(self.run(*arguments), 3)

    def run(self, *arguments: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run relctl in the clone, with its progress on the screen; `options` are not shown."""
        print(f"$ relctl {' '.join(arguments)}", flush=True)
        command = [RELCTL, *options, *arguments]
        return subprocess.run(
            command, cwd=self.clone, env=self.environ, stdout=subprocess.PIPE, text=True, check=False
        )

    def _insist(self, done: subprocess.CompletedProcess[str], code: int) -> None:
        if done.returncode != code:
            raise SystemExit(f"demo: relctl ended with {done.returncode}, not {code}; see above")

    def git(self, *arguments: str) -> str:
        """Run git in the clone; every run on the same HEAD makes the same commits."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.clone,
            env=self.environ,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout.strip()


def main() -> None:
    """Run all steps, then print a summary and the next commands."""
    project = load(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT, ENV)
    demo = Demo(project.state_dir / "demo" / "project", _environ(project), project.environment.proxy.address)
    demo.step("Clone this project's HEAD into a scratch folder", lambda: _clone(demo, project.root))
    first = _release(demo, project, "1.0.0", "2026.10")
    demo.step(f"Promote {first}", lambda: demo.relctl("promote", first))
    before = _translations(demo)
    second = _release(demo, project, "1.1.0", "2026.11")
    demo.step(f"Update to {second} under load", lambda: _under_load(demo, ("promote", second), first, second))
    after = _translations(demo)
    third = demo.step("Commit v1.2.0, which is broken, and build it", lambda: _broken(demo))
    demo.step(f"Refuse {third}", lambda: _refuse(demo, third))
    demo.step("Roll back under load", lambda: _under_load(demo, ("rollback",), second, first))
    _summary(demo, (first, second, third), before, after)
    if failed(demo.samples) or demo.stale:
        raise SystemExit(1)


def _environ(project: Project) -> dict[str, str]:
    """Return variables that share the user's state directory, so that status and rollback work afterwards."""
    date = subprocess.run(
        ["git", "log", "-1", "--format=%cI"], cwd=project.root, capture_output=True, text=True, check=True
    ).stdout.strip()
    person = {"NAME": "relctl demo", "EMAIL": "demo@example.invalid", "DATE": date}
    git = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
    ours = {"RELCTL_STATE_DIR": str(project.state_dir), "RELCTL_ENV": ENV}
    return {"RELCTL_PIPELINE": "pipelines/quick.yaml"} | os.environ | git | ours


def _clone(demo: Demo, root: Path) -> None:
    if demo.clone.exists():
        shutil.rmtree(demo.clone)
    demo.clone.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "clone", "--quiet", str(root), str(demo.clone)], check=True)
    demo.git("tag", START)


def _release(demo: Demo, project: Project, version: str, revision: str) -> str:
    """Commit, build and verify one version with one model revision; return its tag."""
    demo.step(
        f"Commit v{version} with model revision {revision}", lambda: _commit(demo, project, version, revision)
    )
    built = demo.step(f"Build v{version}", lambda: _build(demo))
    tag: str = built["tag"]
    demo.step(f"Verify {tag}", lambda: demo.relctl("verify", tag))
    return tag


def _build(demo: Demo) -> Any:
    """Build; if Debian's packages are newer than this commit's lock, lock them again in the clone first."""
    done = demo.run("build", options=["--json"])
    if done.returncode == 2:
        print("-- locking the base's Debian packages again, in the scratch clone only", flush=True)
        demo.relctl("lock", "--base")
        demo.git("commit", "--quiet", "--amend", "--no-edit", "-a")
        return demo.relctl("build")
    return json.loads(done.stdout)


def _commit(demo: Demo, project: Project, version: str, revision: str) -> None:
    path, model = f"{MODELS}/{revision}/ct2-int8", project.versions.model
    changes = {
        f'version: "{project.versions.version}"': f'version: "{version}"',
        str(model.path): path,
        f'revision: "{model.revision}"': f'revision: "{revision}"',
        model.sha256: _checksum(demo.clone / path),
    }
    demo.git("checkout", "--quiet", START, "--", "versions.yaml")
    _edit(demo.clone / "versions.yaml", changes)
    demo.git("commit", "--quiet", "--allow-empty", "-am", f"Release {version}, model {revision}")


def _checksum(folder: Path) -> str:
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    return checksum(sums)


def _edit(path: Path, changes: dict[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        if old not in text:
            raise SystemExit(f"demo: {path} does not hold {old!r}")
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def _translations(demo: Demo) -> list[str]:
    url = f"http://{demo.listen}/translate"
    return [requests.post(url, json={"text": text}, timeout=30).json()["translation"] for text in SENTENCES]


def _under_load(demo: Demo, command: Sequence[str], before: str, after: str) -> None:
    """Run a command while clients load the service; record each request and the release that answered."""
    load = Load(demo.listen, "/translate", {"text": SENTENCES[0]}, connections=CLIENTS).start()
    load.wait_for(100, within=60)
    begun = time.monotonic()
    demo.relctl(*command)
    done = time.monotonic()
    load.wait_for(300, within=60)
    samples = load.stop()
    wrong = stale(samples, [Settled(before, 0, begun), Settled(after, done, float("inf"))])
    demo.samples += samples
    demo.stale += wrong
    print(
        f"   {len(samples)} requests, {len(failed(samples))} failed, {len(wrong)} answered by a stale release"
    )


def _broken(demo: Demo) -> str:
    engine = demo.clone / "service" / "translator" / "engines" / "ctranslate2.py"
    _edit(engine, {HEALTHY: BROKEN})
    _edit(demo.clone / "versions.yaml", {'version: "1.1.0"': 'version: "1.2.0"'})
    demo.git("commit", "--quiet", "-am", "Release 1.2.0, which cuts translations short")
    tag: str = demo.relctl("build")["tag"]
    return tag


def _refuse(demo: Demo, tag: str) -> None:
    """Expect verify to fail and promote to refuse, both with exit code 3."""
    demo.refused("verify", tag)
    demo.refused("promote", tag)


def _summary(demo: Demo, tags: Sequence[str], before: Sequence[str], after: Sequence[str]) -> None:
    total = sum(seconds for _, seconds in demo.steps)
    print("\n" + "=" * 72)
    for words, seconds in demo.steps:
        print(f"  {seconds:6.1f} s  {words}")
    print(f"  {total:6.1f} s  in all\n")
    for text, old, new in zip(SENTENCES, before, after, strict=True):
        print(f"  {text}\n    {tags[0]}: {line(old)}\n    {tags[1]}: {line(new)}")
    print(f"\n  requests during the update and the rollback: {len(demo.samples)},", end=" ")
    print(f"failed: {len(failed(demo.samples))}, answered by a stale release: {len(demo.stale)}")
    print(f"  live: {tags[0]}   standby: {tags[1]}   refused: {tags[2]}")
    print(f"""
  The service is up: http://{demo.listen}
    curl -s http://{demo.listen}/translate -H 'content-type: application/json' \\
      -d '{{"text": "北京天气很好。"}}'
  Go on:
    .venv/bin/relctl status
    .venv/bin/relctl rollback       gives the traffic back to {tags[1]}
    .venv/bin/relctl history
    make down                       stops everything""")


if __name__ == "__main__":
    main()
