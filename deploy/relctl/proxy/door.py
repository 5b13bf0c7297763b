"""The proxy as a rollout sees it: `apply` the configuration, `down`, `state`; managed or system mode."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from relctl.config.project import Project
from relctl.errors import ProxyError
from relctl.proxy.nginx import ManagedNginx, run
from relctl.proxy.pointer import Pointer
from relctl.proxy.render import render
from relctl.proxy.worker import worker_user
from relctl.state.files import replace_text
from relctl.state.paths import Paths

Change = Literal["none", "started", "reloaded", "restarted"]


@dataclass(frozen=True)
class ProxyState:
    """What `relctl proxy check` tells; `pid` is 0 in system mode and while Nginx does not run."""

    mode: str
    config: str
    listen: str
    running: bool
    pid: int
    current: bool


class Proxy:
    """The door to the Nginx of one environment."""

    def __init__(self, project: Project, paths: Paths) -> None:
        self._project, self._paths, self._settings = project, paths, project.environment.proxy
        self._nginx = ManagedNginx(paths.proxy, self._settings.nginx)
        self.pointer = Pointer(paths)

    @property
    def config(self) -> Path:
        """The file that relctl writes: its own nginx.conf, or the include of someone else's."""
        return self._settings.include if self._settings.include else self._nginx.config

    def apply(self) -> Change:
        """Bring Nginx to what the templates say: reload only when the text changed, start if it is down.

        A text that Nginx refuses is never left in place: the file stays as it was. Raises ProxyError.
        """
        self._make_folders()
        text = self._text()
        changed = text != self._read()
        if self._settings.mode == "system":
            if changed:
                self._replace_include(text)
            return "reloaded" if changed else "none"
        return self._replace_own(text) if changed else self._ensure_running()

    def renew_master(self) -> Change | None:
        """Replace workers whose master was killed by an Nginx that can be reloaded; None if it is whole.

        Between their last accept and its first, a moment passes in which connections are refused.
        """
        if self._settings.mode == "system" or self._nginx.pid() is not None:
            return None
        self._nginx.end_orphans()
        self._nginx.start()
        return "restarted"

    def check(self) -> ProxyState:
        """Test what the templates render now, without putting it in place; raises ProxyError."""
        self._make_folders()
        if self._settings.mode == "managed":
            with self._trial(self._text()) as trial:
                self._nginx.test(trial)
        else:
            run(self._settings.test, "Nginx refuses its configuration")
        return self.state()

    def state(self) -> ProxyState:
        """Tell how the proxy stands; changes nothing."""
        pid = self._nginx.pid() if self._settings.mode == "managed" else None
        return ProxyState(
            mode=self._settings.mode,
            config=str(self.config),
            listen=self._settings.listen,
            running=self.is_up(),
            pid=pid or 0,
            current=self._text() == self._read(),
        )

    def is_up(self) -> bool:
        """Tell whether Nginx serves, be it by workers alone; of someone else's an answer has to tell."""
        return self._settings.mode == "system" or self._nginx.pid() is not None or bool(self._nginx.workers())

    def down(self) -> bool:
        """Stop the managed Nginx, its requests finished; returns whether it ran."""
        if self._settings.mode == "system":
            raise ProxyError(
                f"this Nginx is not ours to stop; it includes {self.config}", "stop it where it runs"
            )
        return self._nginx.stop()

    def _ensure_running(self) -> Change:
        if self.is_up():
            return "none"
        self._nginx.start()
        return "started"

    def _replace_own(self, text: str) -> Change:
        """Put a new text in place and let Nginx read it; the old one goes back if Nginx does not take it."""
        with self._trial(text) as trial:
            self._nginx.test(trial)
        before = self._read()
        replace_text(self.config, text)
        if self._nginx.pid() is None:
            self._nginx.end_orphans()
            self._nginx.start()
            return "started"
        try:
            self._nginx.reload()
        except ProxyError:
            self._put_back(before)
            raise
        return "reloaded"

    @contextlib.contextmanager
    def _trial(self, text: str) -> Iterator[Path]:
        trial = self._paths.proxy / "nginx.conf.trial"
        replace_text(trial, text)
        try:
            yield trial
        finally:
            trial.unlink()

    def _replace_include(self, text: str) -> None:
        """Nginx tests an include only in its place, so the old text goes back when it is refused."""
        before = self._read()
        replace_text(self.config, text)
        try:
            run(self._settings.test, f"Nginx refuses {self.config}")
            run(self._settings.reload, "Nginx does not reload")
        except ProxyError:
            self._put_back(before)
            raise

    def _put_back(self, text: str) -> None:
        if text:
            replace_text(self.config, text)
        else:
            self.config.unlink()

    def _text(self) -> str:
        return render(self._project, self._paths, worker_user(self._paths.home))

    def _read(self) -> str:
        try:
            return self.config.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def _make_folders(self) -> None:
        (self._paths.proxy / "tmp").mkdir(parents=True, exist_ok=True)
        self.pointer.ensure()
