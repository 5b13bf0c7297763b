"""Run a verification's own Nginx before one container, from the same templates as for users."""

import contextlib
import shutil
import socket
from dataclasses import replace
from pathlib import Path

from relctl.config.environment import Proxy
from relctl.config.project import Project
from relctl.engine.slots import SLOTS
from relctl.errors import ProxyError
from relctl.proxy.nginx import ADDRESS_TAKEN, ManagedNginx, is_installed, last_words, log_size
from relctl.proxy.pointer import Pointer
from relctl.proxy.processes import worker_user
from relctl.proxy.render import render
from relctl.proxy.upstream import Upstream
from relctl.state.files import make_open, naming
from relctl.state.paths import Paths

_ATTEMPTS = 5  # at a free port: another program may take it before Nginx does
_NOBODY = "127.0.0.1:1"  # the other slot's address: failover would only hide what the container does


class Front:
    """Nginx before one container, which has all traffic; it starts on first use."""

    def __init__(self, project: Project, role: str, upstream: Upstream) -> None:
        self._project, self._upstream = project, upstream
        self._paths = _paths(project, role)
        self._nginx = _nginx(project, self._paths)
        self._listen, self._read = "", 0

    @property
    def listen(self) -> str:
        """Return where users' requests go, `host:port`; raises ProxyError if Nginx does not start."""
        if not self._listen:
            self._listen = self._start()
        return self._listen

    def new_words(self) -> str:
        """Return the last line Nginx logged about the container since the last call, "" for none."""
        words = last_words(self._nginx.error_log, of=self._upstream.address, since=self._read)
        self._read = log_size(self._nginx.error_log)
        return words

    def close(self) -> None:
        """Stop it and remove its folder."""
        _remove(self._project, self._paths)

    def _start(self) -> str:
        _make_folders(self._paths)
        for attempt in range(1, _ATTEMPTS + 1):
            listen = _free_port()
            _put(self._nginx.config, _text(self._project, self._paths, listen, self._upstream))
            try:
                self._nginx.start()
            except ProxyError as error:
                if ADDRESS_TAKEN not in error.message or attempt == _ATTEMPTS:
                    raise
            else:
                break
        return listen


def unavailable(project: Project) -> str:
    """Return why no separate Nginx can run before a container here, "" if one can."""
    program = project.environment.proxy.nginx
    return "" if is_installed(program) else f"there is no program {program} on this machine"


def insist_on_templates(project: Project) -> None:
    """Raise ProxyError, before anything starts, if Nginx refuses the rendered templates."""
    paths = _paths(project, "candidate")
    nginx = _nginx(project, paths)
    try:
        _make_folders(paths)
        upstream = Upstream(_NOBODY, project.versions.contract)
        _put(nginx.config, _text(project, paths, _free_port(), upstream))
        nginx.test(nginx.config)
    except ProxyError as error:
        raise ProxyError(
            error.message, "fix the template, or proxy; relctl proxy check tests both"
        ) from error
    finally:
        _remove(project, paths)


def remove_leftovers(project: Project) -> None:
    """Stop what a killed verification left running, and remove its folders."""
    folder = _of(project).fronts
    if folder.is_dir():
        for role in sorted(each.name for each in folder.iterdir()):
            _remove(project, _paths(project, role))


def _of(project: Project) -> Paths:
    return Paths(project.state_dir, project.versions.service, project.name)


def _paths(project: Project, role: str) -> Paths:
    """Return separate state paths for pointer, routes and logs, none of them the environment's."""
    own = _of(project)
    return Paths(own.fronts / role, own.service, own.environment)


def _nginx(project: Project, paths: Paths) -> ManagedNginx:
    return ManagedNginx(paths.proxy, project.environment.proxy.nginx)


def _make_folders(paths: Paths) -> None:
    make_open(paths.state.parent, paths.state, paths.home, paths.proxy, paths.proxy / "tmp")
    Pointer(paths).move(SLOTS[0])


def _remove(project: Project, paths: Paths) -> None:
    _nginx(project, paths).end()
    shutil.rmtree(paths.state, ignore_errors=True)
    with contextlib.suppress(OSError):  # another role's folder may still exist
        paths.state.parent.rmdir()


def _put(config: Path, text: str) -> None:
    with naming(config):
        config.write_text(text, encoding="utf-8")


def _text(project: Project, paths: Paths, listen: str, upstream: Upstream) -> str:
    """Render a whole configuration, even if an external Nginx includes only the environment's part."""
    environment = project.environment.model_copy(update={"proxy": _settings(project, listen)})
    one, other = SLOTS
    upstreams = {one: upstream, other: replace(upstream, address=_NOBODY)}
    return render(replace(project, environment=environment), paths, worker_user(paths.home), upstreams)


def _settings(project: Project, listen: str) -> Proxy:
    """Return the environment's settings without the limit per address: gates are many clients at one."""
    changes = {"mode": "managed", "listen": (listen,), "connections": 0}
    return project.environment.proxy.model_copy(update=changes)


def _free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{found.getsockname()[1]}"
