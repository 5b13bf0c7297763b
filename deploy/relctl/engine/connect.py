"""Selecting the engine of an environment."""

import os

from relctl.config.environment import Environment
from relctl.engine.local import LocalEngine
from relctl.engine.protocol import Engine

_DEFAULT = "unix:///var/run/docker.sock"


def connect(environment: Environment) -> Engine:
    """Return the environment's engine: docker_host, else DOCKER_HOST, else the local socket."""
    host = environment.docker_host or os.environ.get("DOCKER_HOST") or _DEFAULT
    if host.startswith("unix://"):
        return LocalEngine(host.removeprefix("unix://"))
    from relctl.engine.docker import DockerEngine  # imported here: the SDK costs 0.1 s

    return DockerEngine(host)
