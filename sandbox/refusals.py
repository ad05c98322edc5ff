"""The answers that refuse, in the shapes that the documents give."""

from typing import Any

MESSAGES = {
    400: "Validation Failed",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    500: "Internal Server Error",
    501: "Not Implemented",
}


class Refusal(Exception):
    """A request that is answered with an error: status, message and perhaps a list of 'field: words'."""

    def __init__(self, status: int, message: str = "", errors: list[str] | None = None) -> None:
        self.status = status
        self.message = message or MESSAGES.get(status, "Error")
        self.errors = errors
        super().__init__(f"{status} {self.message}")

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"code": self.status, "message": self.message, "errors": self.errors}


def invalid(*errors: str) -> Refusal:
    """400 with the words for each field."""
    return Refusal(400, errors=list(errors))


def conflict(message: str) -> Refusal:
    """409: the present state forbids it."""
    return Refusal(409, message)


def missing(what: str) -> Refusal:
    """404: no such thing."""
    return Refusal(404, f"{what} not found.")
