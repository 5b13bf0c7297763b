"""Operate the proxy for a rollout: `apply` the configuration, `down`, `state`; managed or system mode."""

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from relctl.config.environment import reachable
from relctl.config.project import Project
from relctl.engine.slots import SlotRecords
from relctl.errors import ProxyError
from relctl.proxy.config_file import Applied, Include, put_back, read
from relctl.proxy.connections import parting
from relctl.proxy.nginx import ManagedNginx, run
from relctl.proxy.pointer import Pointer, canaries
from relctl.proxy.processes import insist_on_unprivileged, worker_user
from relctl.proxy.render import render, shutdown
from relctl.proxy.upstream import Upstream, is_marked, of_the_slots
from relctl.state.files import make_open, naming, replace_text, temporary, write_all
from relctl.state.paths import Paths
from relctl.state.trust import insist_on_no_links

Upstreams = Callable[[], Mapping[str, Upstream]]
_LISTEN = re.compile(r"^\s*listen\s+((?:\[[^\]]+\]|[\d.]+|localhost):\d+)", re.MULTILINE)
Change = Literal["none", "started", "reloaded", "restarted"]


@dataclass(frozen=True)
class ProxyState:
    """The result of `relctl proxy check`; `pid` is 0 in system mode and while Nginx does not run.

    `url`: where relctl itself sends requests. `current`: the file matches the templates, and Nginx is known
    to run with it. `problem`: why the templates cannot be rendered, "" if they can.
    """

    mode: str
    config: str
    listen: str
    url: str
    running: bool
    pid: int
    current: bool
    problem: str = ""


class Proxy:
    """The door to the Nginx of one environment; `upstreams` returns both slots for each rendering."""

    def __init__(self, project: Project, paths: Paths, upstreams: Upstreams | None = None) -> None:
        self._project, self._paths, self._settings = project, paths, project.environment.proxy
        self._upstreams = upstreams or partial(of_the_slots, project, SlotRecords(paths.slots).read)
        self._nginx = ManagedNginx(paths.proxy, self._settings.nginx, shutdown(self._settings))
        self._applied = Applied(paths.proxy)
        self.pointer = Pointer(paths)

    @property
    def config(self) -> Path:
        """Return the file that relctl writes: its own nginx.conf, or the include of an external Nginx."""
        return self._settings.include if self._settings.include else self._nginx.config

    @property
    def listen(self) -> tuple[str, ...]:
        """Return the addresses in the active configuration; the project's file may not be applied yet."""
        return tuple(_LISTEN.findall(read(self.config))) or self._settings.listen

    @property
    def address(self) -> str:
        """Return where relctl itself reaches the running Nginx."""
        return reachable(self.listen[0])

    def apply(self) -> Change:
        """Make Nginx run what the templates say: reload it only for another text, start it if it is down.

        A text that Nginx refuses is never left in place: the file is restored. Raises ProxyError.
        """
        self._make_folder()
        self.pointer.ensure()
        for each in canaries(self._project.environment.rollout.canary, self._paths.routes):
            self.pointer.prepare(each.name)
        text = self.text()
        if not self._is_current(text):
            return self._replace(text)
        if self.is_up():
            return "none"
        self._start()
        return "started"

    def text(self) -> str:
        """Return the configuration that the templates give now; raises ProxyError for a broken template."""
        return render(self._project, self._paths, self._worker_user(), self._upstreams())

    def due(self) -> Change:
        """Return what `apply` would do now, changing nothing; raises ProxyError for a broken template."""
        if self._is_current(self.text()):
            return "none" if self.is_up() else "started"
        return "started" if self._settings.mode == "managed" and self._nginx.pid() is None else "reloaded"

    def has_lost_its_master(self) -> bool:
        """Return whether there is no master to reload, with or without workers."""
        return self._settings.mode == "managed" and self._nginx.pid() is None

    def renew_master(self) -> Change | None:
        """Replace workers without a master by an Nginx that can be reloaded; returns None if it has a master.

        Connections are refused for a moment between their last accept and its first.
        """
        if not self.has_lost_its_master():
            return None
        self._nginx.test(self.config)  # before ending the workers, which still serve
        self._nginx.end_orphans()
        self._start()
        return "restarted"

    def check(self) -> ProxyState:
        """Test the configuration without changing what is active; raises ProxyError.

        Managed: test what the templates render now. System: an include can be tested only in its place, so
        test the active one; `current` is false if the templates say something else.
        """
        self._make_folder()
        text = self.text()
        if self._settings.mode == "managed":
            self._try(text)
        else:
            run(self._settings.test, "Nginx refuses its configuration")
        return self.state()

    def state(self) -> ProxyState:
        """Return the proxy's state, even with broken templates; changes nothing."""
        pid = self._nginx.pid() if self._settings.mode == "managed" else None
        current, problem = self._comparison()
        return ProxyState(
            mode=self._settings.mode,
            config=str(self.config),
            listen=", ".join(self._settings.listen),
            url=f"http://{self.address}",
            running=self.is_up(),
            pid=pid or 0,
            current=current,
            problem=problem,
        )

    def knows(self, route: str) -> bool:
        """Return whether the active configuration has a route; a project's own templates may lack it."""
        return knows(read(self.config), route)

    def leads_to(self, slot: str) -> bool:
        """Return whether the active configuration was made for the current release of a slot."""
        text = read(self.config)
        return self._applied.holds(text) and is_marked(text, slot, self._upstreams()[slot])

    def is_up(self) -> bool:
        """Return whether Nginx serves, even by workers alone; an external Nginx is assumed to."""
        return self._settings.mode == "system" or self._nginx.pid() is not None or self._nginx.serves()

    def down(self) -> bool:
        """Stop the managed Nginx after its requests; returns whether it ran."""
        self.insist_on_managed()
        return self._nginx.stop()

    def insist_on_managed(self) -> None:
        """Raise ProxyError if this is an external Nginx, which is not relctl's to stop."""
        if self._settings.mode == "system":
            raise ProxyError(
                f"this Nginx is not ours to stop; it includes {self.config}", "stop it where it runs"
            )

    def _replace(self, text: str) -> Change:
        """Activate a new text; the record of the applied one is missing meanwhile."""
        if self._settings.mode == "managed":
            self._nginx.insist_on_ours()
            self._try(text)
        self._applied.forget()
        change = self._replace_own(text) if self._settings.mode == "managed" else self._replace_include(text)
        self._applied.record(text)
        return change

    def _replace_include(self, text: str) -> Change:
        with self._parting():
            Include(self.config, self._paths.proxy, self._settings).replace(text)
        return "reloaded"

    def _parting(self) -> contextlib.AbstractContextManager[None]:
        return parting(self._paths.closing, self.listen)

    def _replace_own(self, text: str) -> Change:
        """Activate a new nginx.conf; restore the old text if Nginx does not accept it."""
        before, up = read(self.config), self.is_up()
        try:
            with self._parting():
                replace_text(self.config, text)
                return self._take_up()
        except ProxyError:
            put_back(self.config, before)
            if up and not self.is_up():  # the start that failed had ended workers without a master
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
        """Yield a uniquely named trial file: `check` takes no lock and may run beside an `apply`."""
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
        """Return whether Nginx runs what the templates say, and why that is unknown."""
        try:
            return self._is_current(self.text()), ""
        except ProxyError as error:
            return False, error.message

    def _is_current(self, text: str) -> bool:
        return text == read(self.config) and self._applied.holds(text)

    def _worker_user(self) -> str:
        """Return the user for the workers of relctl's own Nginx; "" for an external one."""
        if self._settings.mode == "system":
            return ""
        user = worker_user(self._paths.home, self._nginx.is_of_root())
        insist_on_unprivileged(user, self._paths.home, self._settings.listen)
        return user

    def _make_folder(self) -> None:
        make_open(self._paths.home, self._paths.proxy, self._paths.proxy / "tmp")  # for large bodies
        insist_on_no_links(self._paths.proxy)


def knows(text: str, route: str) -> bool:
    """Return whether the text of a configuration has a route."""
    return f"/routes/{route}$" in text
