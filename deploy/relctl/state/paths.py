"""All paths below the state directory."""

import glob
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The paths of one service in one environment; several may share the directory `state`."""

    state: Path
    service: str
    environment: str

    @property
    def home(self) -> Path:
        """The folder of this service and environment alone."""
        return self.state / f"{self.service}-{self.environment}"

    @property
    def pointer(self) -> Path:
        """The symbolic link that decides where traffic goes."""
        return self.home / "live"

    @property
    def routes(self) -> Path:
        """The folders that the pointer may name, one per route."""
        return self.home / "routes"

    @property
    def slots(self) -> Path:
        """The records of what was started in each slot, one file each."""
        return self.home / "slots"

    @property
    def ledger(self) -> Path:
        """The append-only history."""
        return self.home / "ledger.jsonl"

    @property
    def ledgers(self) -> list[Path]:
        """The ledgers of the service in all environments of this state directory."""
        return sorted(self.state.glob(f"{glob.escape(self.service)}-*/{self.ledger.name}"))

    @property
    def lock(self) -> Path:
        """The file whose kernel lock a mutating command holds."""
        return self.home / "lock"

    @property
    def watching(self) -> Path:
        """The observer lock: held during an observation, from start to end."""
        return self.home / "watching.lock"

    @property
    def verify_lock(self) -> Path:
        """Held while a candidate runs: concurrent verifications would disturb each other's figures."""
        return self.home / "verify.lock"

    @property
    def fronts(self) -> Path:
        """The Nginx in front of each container of a verification, one folder per role, removed afterwards."""
        return self.home / "verify"

    @property
    def proxy(self) -> Path:
        """The managed Nginx: configuration, pid, logs."""
        return self.home / "nginx"

    @property
    def closing(self) -> Path:
        """A flag file: while it exists, Nginx closes each connection after its next answer."""
        return self.proxy / "closing"

    @property
    def access_log(self) -> Path:
        """The access log, one JSON line per request, in system mode too."""
        return self.proxy / "access.log"

    @property
    def error_log(self) -> Path:
        """The error log of Nginx, in system mode too."""
        return self.proxy / "error.log"

    @property
    def evidence(self) -> Path:
        """Verification results by image id."""
        return self.state / "evidence"

    @property
    def built(self) -> Path:
        """Build records by image id."""
        return self.state / "built"

    @property
    def cache(self) -> Path:
        """The build cache: base, wheels, layers. Safe to delete."""
        return self.state / "cache"
