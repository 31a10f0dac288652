"""What goes wrong, in Telegram's words and numbers."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A call that Telegram refuses: `code` is also the HTTP status."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = parameters


class ControlError(Exception):
    """A control call that cannot be done; the text says what to do about it."""


def bad_request(words: str) -> ApiError:
    """400, with `Bad Request: ` before the words."""
    return ApiError(400, f"Bad Request: {words}")


def forbidden(words: str) -> ApiError:
    """403, with `Forbidden: ` before the words."""
    return ApiError(403, f"Forbidden: {words}")


def conflict(words: str) -> ApiError:
    """409, with `Conflict: ` before the words."""
    return ApiError(409, f"Conflict: {words}")


def unauthorized() -> ApiError:
    """401 for a token that nobody has, or that was revoked."""
    return ApiError(401, "Unauthorized")


def too_many_requests(retry_after: int) -> ApiError:
    """429; `retry_after` in whole seconds."""
    words = f"Too Many Requests: retry after {retry_after}"
    return ApiError(429, words, {"retry_after": retry_after})
