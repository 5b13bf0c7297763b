"""Send smoke cases through the real Nginx after the switch, before the previous release is stopped."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from relctl.errors import RelctlError
from relctl.probe.service import ServiceDoor, UnreachableError

if TYPE_CHECKING:
    from relctl.config.pipeline import Case

_WITHIN = 10.0  # seconds for all cases: users already have the new release
_EACH = 5.0


class SmokeFailedError(RelctlError):
    """Users get another answer than a case of the pipeline expects."""

    usual_hint = "fix the release, or the case: after_switch is for what users get here, within seconds"


def ask(service: ServiceDoor, cases: Sequence["Case"]) -> None:
    """Send each case once, in order; raises SmokeFailedError for the first wrong answer."""
    deadline = time.monotonic() + _WITHIN
    for case in cases:
        wrong = _wrong(service, case, min(_EACH, deadline - time.monotonic()))
        if wrong:
            raise SmokeFailedError(f"users do not get what smoke case {case.name!r} expects: {wrong}")


def _wrong(service: ServiceDoor, case: "Case", timeout: float) -> str:
    from relctl.probe.cases import judge, send

    if timeout <= 0:
        return f"it was not sent: all cases together have {_WITHIN:g} s"
    try:
        return "; ".join(judge(case.expect, send(service, case.request, timeout)))
    except UnreachableError as error:
        return error.message
