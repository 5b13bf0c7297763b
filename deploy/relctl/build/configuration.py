"""The image's config: who it runs as, what it starts, where it finds its code, model and release."""

from collections.abc import Mapping, Sequence
from typing import Any

from relctl.build import dependencies, model, service
from relctl.build.assembly import encoded
from relctl.build.layer import Layer
from relctl.build.order import Order
from relctl.build.rootfs import USER
from relctl.config.versions import Versions


def config(order: Order, layers: Sequence[Layer], labels: Mapping[str, str]) -> bytes:
    """Return the config (OCI image specification, config.md); its digest is the image id."""
    created, versions = service.timestamp(order.source.created), order.versions
    document: dict[str, Any] = {
        "architecture": order.target.architecture,
        "os": "linux",
        "created": created,
        "config": {
            "User": f"{USER}:{USER}",
            "Env": [f"{name}={value}" for name, value in environment(versions).items()],
            "Cmd": versions.command,
            "WorkingDir": "/app",
            "ExposedPorts": {f"{versions.contract.port}/tcp": {}},
            "Labels": dict(labels),
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": [{"created": created, "created_by": f"relctl build: {layer.name}"} for layer in layers],
    }
    return encoded(document)


def environment(versions: Versions) -> dict[str, str]:
    """Return the environment of the service; nothing in it belongs to a host."""
    local = "" if versions.base.bootstrap else "/usr/local/bin:"
    return {
        "PATH": f"/{dependencies.SITE}/bin:{local}/usr/bin:/bin",
        "PYTHONPATH": f"/{service.CODE}:/{dependencies.SITE}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MODEL_DIR": f"/{model.FOLDER}",
        "RELEASE_FILE": f"/{service.RELEASE}",
        "PORT": str(versions.contract.port),
    }
