"""Put relctl's Nginx, made from this project's templates, in front of two services that run already."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import free_port
from relctl.config.project import load
from relctl.proxy.proxy import Proxy
from relctl.state.paths import Paths
from scratch import ROOT


@dataclass(frozen=True)
class Front:
    """An Nginx that listens on `port` and whose traffic goes to blue; green is its standby."""

    port: int
    access_log: Path

    def statuses(self, answers: int) -> Counter[int]:
        """Return Nginx's answers by status, once there are `answers`; it logs an answer after sending it."""
        deadline = time.monotonic() + 30
        while len(found := self._lines()) < answers and time.monotonic() < deadline:
            time.sleep(0.01)
        return Counter(json.loads(line)["status"] for line in found)

    def _lines(self) -> list[str]:
        return self.access_log.read_text(encoding="utf-8").splitlines()


@contextmanager
def front(blue: int, green: int) -> Iterator[Front]:
    """Run Nginx before the services on these ports for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="relctl-front-") as folder:
        Path(folder).chmod(0o755)  # Nginx's workers must get in
        port = free_port()
        chosen = {
            "RELCTL_STATE_DIR": folder,
            "RELCTL_PROXY_LISTEN": f"127.0.0.1:{port}",
            "RELCTL_NETWORK_PUBLISH_BLUE": str(blue),
            "RELCTL_NETWORK_PUBLISH_GREEN": str(green),
        }
        project = load(ROOT, "local", chosen)
        paths = Paths(project.state_dir, project.versions.service, project.name)
        proxy = Proxy(project, paths)
        proxy.pointer.move("blue")
        proxy.apply()
        try:
            yield Front(port, paths.access_log)
        finally:
            proxy.down()
