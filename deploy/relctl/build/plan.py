"""Dry runs of `build` and `lock`: the steps, without writing or loading anything."""

import tempfile
from pathlib import Path

from relctl.build.checkout import open_checkout
from relctl.build.image import Options, tag_of
from relctl.build.job import TARGETS, find_target, reference
from relctl.build.lock_files import base_lock, requirements_in
from relctl.config.project import Project
from relctl.engine.protocol import Engine
from relctl.state.steps import Step


def plan_build(project: Project, engine: Engine, options: Options) -> list[Step]:
    """Return the steps of a build; refuse the tree, platform and paths that `build` would refuse.

    Whether the tag names another image shows only once the layers are written.
    """
    versions, on = project.versions, find_target(options.platform)
    with tempfile.TemporaryDirectory(prefix="relctl-plan-") as scratch:
        source = open_checkout(project.root, options.allow_dirty, Path(scratch))
        wanted = [*map(str, versions.code), str(versions.model.path), str(versions.requirements)]
        source.identities(wanted)
        for path in wanted[:-1]:
            source.files(path)
    tag = tag_of(versions, source)
    named = reference(versions, on, tag)
    base = versions.base.image or f"{versions.base.bootstrap} for {on.platform}"
    layers = [
        Step(
            "code",
            f"make the layers of {', '.join(map(str, versions.code))} from commit {source.revision[:7]}",
        ),
        Step("model", f"make the layer of {versions.model.path}"),
        Step("dependencies", f"make the layer of {versions.requirements}"),
        Step("base", f"make the base of {base}"),
    ]
    origin = Step("origin", f"write down, unless that is done, that {tag} was built here")
    if engine.image(named) is not None:
        return [
            *layers,
            Step("existing", f"compare with {named}, which the engine has: the same is not loaded"),
            origin,
        ]
    return [
        *layers,
        Step("load", f"load {named} into the engine, but for the layers that it has"),
        origin,
        Step("record", f"write to the ledger that {tag} is built"),
    ]


def plan_lock(project: Project, base_only: bool) -> list[Step]:
    """Return the steps of a lock; refuse what `lock` would refuse before resolving."""
    steps: list[Step] = []
    if not base_only:
        steps += _locked(
            "requirements", requirements_in(project), project.root / project.versions.requirements
        )
    if base_only or project.versions.base.lock:
        path, suite = base_lock(project), project.versions.base.bootstrap
        for each in TARGETS:
            steps.append(Step("base", f"resolve the packages of {suite} for {each.platform}"))
        steps.append(Step("write", f"replace {path}"))
    return steps


def _locked(name: str, wanted: Path, lock: Path) -> list[Step]:
    return [
        Step(name, f"resolve {wanted}; versions of the lock that fit are kept"),
        Step("write", f"replace {lock}"),
    ]
