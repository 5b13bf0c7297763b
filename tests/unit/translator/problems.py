"""What every error answer has to be."""

from werkzeug.test import TestResponse


def assert_problem(response: TestResponse, status: int, words: str) -> None:
    problem = response.get_json(force=True)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert words in problem["error"]
    assert problem["detail"] == problem["error"]
    assert response.headers["X-Release"]
    assert response.headers["X-Request-ID"]
