"""Posting to a webhook with a time limit, without disclosing its URL."""

import threading

_UNREACHABLE = "it cannot be reached"


def post(url: str, body: bytes, timeout: float) -> str:
    """POST a JSON body; return the reason of a failure, "" on success (2xx).

    A redirect is a failure, since the event would go to another server. A URL may hold a secret, and so may
    a library's error message: the returned text contains neither.
    """
    outcome: list[str] = []
    # A thread, because a DNS lookup or a trickling answer cannot be given a total time limit.
    thread = threading.Thread(target=lambda: outcome.append(_post(url, body, timeout)), daemon=True)
    thread.start()
    thread.join(timeout)
    return outcome[0] if outcome else _late(timeout)


def _post(url: str, body: bytes, timeout: float) -> str:
    import requests  # imported here: only webhooks need it

    headers = {"Content-Type": "application/json", "User-Agent": "relctl"}
    try:
        with requests.post(
            url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
        ) as answer:
            return "" if answer.status_code // 100 == 2 else f"it answered {answer.status_code}"
    except requests.Timeout:
        return _late(timeout)
    except requests.exceptions.SSLError:
        return f"{_UNREACHABLE}: no trusted TLS connection"
    except Exception as error:  # noqa: BLE001 - any message of the library may hold the URL
        cause = _cause(error)
        return f"{_UNREACHABLE}: {cause}" if cause else f"{_UNREACHABLE} ({type(error).__name__})"


def _late(timeout: float) -> str:
    return f"no answer within {timeout:g} s"


def _cause(error: BaseException | None) -> str:
    """Return the operating system's error text from the bottom of the exception chain."""
    found = ""
    while error is not None:
        found = getattr(error, "strerror", None) or found
        error = error.__cause__ or error.__context__
    return found
