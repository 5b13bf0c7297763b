"""Where a host keeps what it remembers: every path below the state directory, in one place."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Paths of one service in one environment; `state` may be shared by several."""

    state: Path
    service: str
    environment: str

    @property
    def home(self) -> Path:
        """What belongs to this service and environment alone."""
        return self.state / f"{self.service}-{self.environment}"

    @property
    def pointer(self) -> Path:
        """The symbolic link that says where traffic goes."""
        return self.home / "live"

    @property
    def routes(self) -> Path:
        """The folders that the pointer may name, one a route."""
        return self.home / "routes"

    @property
    def ledger(self) -> Path:
        """The append-only history."""
        return self.home / "ledger.jsonl"

    @property
    def lock(self) -> Path:
        """The file whose kernel lock a mutating command holds."""
        return self.home / "lock"

    @property
    def watching(self) -> Path:
        """The file whose kernel lock is held by who watches a release, from its start to its end."""
        return self.home / "watching.lock"

    @property
    def verify_lock(self) -> Path:
        """Held while a candidate runs: two at once would disturb each other's figures."""
        return self.home / "verify.lock"

    @property
    def proxy(self) -> Path:
        """The managed Nginx: configuration, pid, logs."""
        return self.home / "nginx"

    @property
    def access_log(self) -> Path:
        """What Nginx answered: a JSON line a request, also in system mode."""
        return self.proxy / "access.log"

    @property
    def evidence(self) -> Path:
        """What verification found, by image id."""
        return self.state / "evidence"

    @property
    def cache(self) -> Path:
        """What building keeps: base, wheels, layers. Safe to delete."""
        return self.state / "cache"
