"""Choosing the engine that an environment names."""

from relctl.config.environment import Environment
from relctl.engine.protocol import Engine


def connect(environment: Environment) -> Engine:
    """Return the environment's engine; raises EngineError when it does not answer."""
    from relctl.engine.docker import DockerEngine  # imported here: the SDK costs 0.1 s

    return DockerEngine(environment.docker_host)
