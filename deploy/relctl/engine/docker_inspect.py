"""Parsing of Docker's `inspect` answers into our own types; pure."""

from collections.abc import Mapping
from typing import Any

from relctl.engine.labels import PORT
from relctl.engine.protocol import Container, Image


def image(found: Mapping[str, Any]) -> Image:
    """Parse the answer about an image."""
    config = found.get("Config") or {}
    return Image(
        id=found["Id"],
        tags=tuple(found.get("RepoTags") or ()),
        labels=config.get("Labels") or {},
        layers=tuple(found.get("RootFS", {}).get("Layers") or ()),
        user=config.get("User", ""),
        size_bytes=found["Size"],
    )


def container(found: Mapping[str, Any], host: str = "") -> Container:
    """Parse the answer about a container; `host` has its published ports, "" for this machine."""
    state, labels = found["State"], found["Config"]["Labels"] or {}
    return Container(
        name=found["Name"].lstrip("/"),
        image_id=found["Image"],
        labels=labels,
        running=bool(state["Running"]) and not (state.get("Restarting") or state.get("Paused")),
        paused=bool(state.get("Paused")),
        restarts=found.get("RestartCount", 0),
        exit_code=state.get("ExitCode", 0),
        address=_address(found["NetworkSettings"], labels.get(PORT, ""), host),
        out_of_memory=bool(state.get("OOMKilled")),
        memory_limit=(found.get("HostConfig") or {}).get("Memory") or 0,
    )


def _address(settings: Mapping[str, Any], port: str, host: str) -> str:
    """Return the published port if there is one, else the bridge address, else ""."""
    for binding in (settings.get("Ports") or {}).get(f"{port}/tcp") or []:
        return f"{host or binding['HostIp']}:{binding['HostPort']}"
    for network in (settings.get("Networks") or {}).values():
        if network.get("IPAddress"):
            return f"{network['IPAddress']}:{port}"
    return ""
