"""The proxy as a rollout sees it: `apply` the configuration, `down`, `state`; managed or system mode."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from relctl.config.project import Project
from relctl.errors import ProxyError
from relctl.proxy.applied import Applied
from relctl.proxy.command import run
from relctl.proxy.include import Include, put_back, read
from relctl.proxy.nginx import ManagedNginx
from relctl.proxy.pointer import Pointer
from relctl.proxy.render import render
from relctl.proxy.route import canaries
from relctl.proxy.worker import worker_user
from relctl.state.files import make_open, naming, replace_text, temporary, write_all
from relctl.state.paths import Paths

Change = Literal["none", "started", "reloaded", "restarted"]


@dataclass(frozen=True)
class ProxyState:
    """What `relctl proxy check` tells; `pid` is 0 in system mode and while Nginx does not run.

    `current`: the file is what the templates say, and Nginx is known to run with it. `problem`: why the
    templates cannot be rendered, "" when they can.
    """

    mode: str
    config: str
    listen: str
    running: bool
    pid: int
    current: bool
    problem: str = ""


class Proxy:
    """The door to the Nginx of one environment."""

    def __init__(self, project: Project, paths: Paths) -> None:
        self._project, self._paths, self._settings = project, paths, project.environment.proxy
        self._nginx = ManagedNginx(paths.proxy, self._settings.nginx)
        self._applied = Applied(paths.proxy)
        self.pointer = Pointer(paths)

    @property
    def config(self) -> Path:
        """The file that relctl writes: its own nginx.conf, or the include of someone else's."""
        return self._settings.include if self._settings.include else self._nginx.config

    def apply(self) -> Change:
        """Bring Nginx to what the templates say: reload only when it runs another text, start if it is down.

        A text that Nginx refuses is never left in place: the file stays as it was. Raises ProxyError.
        """
        self._make_folder()
        self.pointer.ensure()
        for each in canaries(self._project.environment.rollout.canary, self._paths.routes):
            self.pointer.prepare(each.name)
        text = self._text()
        if not self._is_current(text):
            return self._replace(text)
        if self.is_up():
            return "none"
        self._start()
        return "started"

    def due(self) -> Change:
        """Tell what `apply` would do now, and change nothing; raises ProxyError for a broken template."""
        if self._is_current(self._text()):
            return "none" if self.is_up() else "started"
        return "started" if self._settings.mode == "managed" and self._nginx.pid() is None else "reloaded"

    def has_lost_its_master(self) -> bool:
        """Tell whether there is no master that could be reloaded, be there workers or not."""
        return self._settings.mode == "managed" and self._nginx.pid() is None

    def renew_master(self) -> Change | None:
        """Replace workers whose master was killed by an Nginx that can be reloaded; None if it is whole.

        Between their last accept and its first, a moment passes in which connections are refused.
        """
        if not self.has_lost_its_master():
            return None
        self._nginx.test(self.config)  # before the workers, which serve, are sent away
        self._nginx.end_orphans()
        self._start()
        return "restarted"

    def check(self) -> ProxyState:
        """Test the configuration without putting anything in place; raises ProxyError.

        Managed: what the templates render now. System: an include can be tested only in its place, so it
        is the one in place that is tested; `current` is false if the templates say something else.
        """
        self._make_folder()
        text = self._text()
        if self._settings.mode == "managed":
            self._try(text)
        else:
            run(self._settings.test, "Nginx refuses its configuration")
        return self.state()

    def state(self) -> ProxyState:
        """Tell how the proxy stands, be its templates broken; changes nothing."""
        pid = self._nginx.pid() if self._settings.mode == "managed" else None
        current, problem = self._comparison()
        return ProxyState(
            mode=self._settings.mode,
            config=str(self.config),
            listen=self._settings.listen,
            running=self.is_up(),
            pid=pid or 0,
            current=current,
            problem=problem,
        )

    def knows(self, route: str) -> bool:
        """Tell whether the configuration in place has a route; templates of a project's own may lack it."""
        return knows(read(self.config), route)

    def is_up(self) -> bool:
        """Tell whether Nginx serves, be it by workers alone; of someone else's an answer has to tell."""
        return self._settings.mode == "system" or self._nginx.pid() is not None or self._nginx.serves()

    def down(self) -> bool:
        """Stop the managed Nginx, its requests finished; returns whether it ran."""
        self.insist_on_managed()
        return self._nginx.stop()

    def insist_on_managed(self) -> None:
        """Raise ProxyError where the Nginx is someone else's to stop."""
        if self._settings.mode == "system":
            raise ProxyError(
                f"this Nginx is not ours to stop; it includes {self.config}", "stop it where it runs"
            )

    def _replace(self, text: str) -> Change:
        """Put a new text in place and let Nginx read it; the mark is missing meanwhile."""
        if self._settings.mode == "managed":
            self._try(text)
        self._applied.forget()
        change = self._replace_own(text) if self._settings.mode == "managed" else self._replace_include(text)
        self._applied.record(text)
        return change

    def _replace_include(self, text: str) -> Change:
        Include(self.config, self._paths.proxy, self._settings).replace(text)
        return "reloaded"

    def _replace_own(self, text: str) -> Change:
        """The old text goes back if Nginx does not take the new one."""
        before, up = read(self.config), self.is_up()
        replace_text(self.config, text)
        try:
            return self._take_up()
        except ProxyError:
            put_back(self.config, before)
            if up and not self.is_up():  # workers without a master had to go for a start that failed
                self._start()
            raise

    def _take_up(self) -> Change:
        if self._nginx.pid() is not None:
            self._nginx.reload()
            return "reloaded"
        self._nginx.end_orphans()
        self._nginx.start()
        return "started"

    def _start(self) -> None:
        self._nginx.start()
        self._applied.record(read(self.config))

    def _try(self, text: str) -> None:
        with self._trial(text) as trial:
            self._nginx.test(trial)

    @contextlib.contextmanager
    def _trial(self, text: str) -> Iterator[Path]:
        """A name of its own for every trial: `check` takes no lock, and may run beside an `apply`."""
        with tempfile.NamedTemporaryFile(
            "wb",
            buffering=0,
            dir=self._paths.proxy,
            prefix=temporary(self._nginx.config),
            suffix=".trial",
        ) as file:
            with naming(self.config):
                write_all(file, text.encode())
            yield Path(file.name)

    def _comparison(self) -> tuple[bool, str]:
        """Return whether Nginx runs what the templates say, and why that cannot be told."""
        try:
            return self._is_current(self._text()), ""
        except ProxyError as error:
            return False, error.message

    def _is_current(self, text: str) -> bool:
        return text == read(self.config) and self._applied.holds(text)

    def _text(self) -> str:
        return render(self._project, self._paths, worker_user(self._paths.home))

    def _make_folder(self) -> None:
        make_open(self._paths.home, self._paths.proxy, self._paths.proxy / "tmp")  # for large bodies


def knows(text: str, route: str) -> bool:
    """Tell whether the text of a configuration has a route."""
    return f"/routes/{route}$" in text
