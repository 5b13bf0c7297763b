"""What the guard's answers have to be."""

from werkzeug.test import TestResponse

from translator.problems import CONTENT_TYPE

CHALLENGE = 'Bearer realm="translator"'


def caller(response: TestResponse) -> object:
    """Who the guard let in."""
    assert response.status_code == 200, response.text
    return response.get_json()["caller"]


def assert_refused(response: TestResponse, status: int, words: str) -> None:
    """The answer is a problem that says this, and a 401 says how to send a credential."""
    problem_ = response.get_json()
    assert (response.status_code, response.content_type) == (status, CONTENT_TYPE)
    assert words in problem_["detail"]
    assert problem_["error"] == problem_["detail"]
    challenge = response.headers.get("WWW-Authenticate", "")
    assert challenge.startswith(CHALLENGE) == (status == 401)
