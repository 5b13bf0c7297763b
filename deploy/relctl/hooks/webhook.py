"""Posting to someone's webhook: within its time, whatever happens there, and without telling its URL."""

import threading

_UNREACHABLE = "it cannot be reached"


def post(url: str, body: bytes, timeout: float) -> str:
    """POST a JSON body; returns why it failed, "" when it was taken (2xx).

    A redirect is a failure: the event would be told to somebody else. A URL may hold a secret, and so may
    the words of libraries about it: what is returned never does.
    """
    outcome: list[str] = []
    # A thread, because neither a look-up of a name nor an answer that trickles can be given a whole time.
    thread = threading.Thread(target=lambda: outcome.append(_post(url, body, timeout)), daemon=True)
    thread.start()
    thread.join(timeout)
    return outcome[0] if outcome else _late(timeout)


def _post(url: str, body: bytes, timeout: float) -> str:
    import requests  # imported here: who has no webhook does not pay for it

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
    except Exception as error:  # noqa: BLE001 - whatever the library raises, its words may hold the URL
        cause = _cause(error)
        return f"{_UNREACHABLE}: {cause}" if cause else f"{_UNREACHABLE} ({type(error).__name__})"


def _late(timeout: float) -> str:
    return f"no answer within {timeout:g} s"


def _cause(error: BaseException | None) -> str:
    """The system's own word for what went wrong, below all that libraries made of it."""
    found = ""
    while error is not None:
        found = getattr(error, "strerror", None) or found
        error = error.__cause__ or error.__context__
    return found
