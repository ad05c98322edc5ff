"""Pages that show things beside what is being done to them read both as of one moment.

An action ends and the mirror changes in one transaction. Read statement by statement, a page could still see the old
state and no longer the open action: it would stop asking, and show the old state for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from django.db import connection, transaction
from django.http import HttpResponseBase

Answer = TypeVar("Answer", bound=HttpResponseBase)


@contextmanager
def one_moment() -> Iterator[None]:
    """All that is read inside is read as of one moment; nothing can be written."""
    if connection.in_atomic_block:  # what began outside cannot be told any more how to read
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def of_one_moment(view: Callable[..., Answer]) -> Callable[..., Answer]:
    """For a view that only reads. Stands below its policy."""

    @wraps(view)
    def reading(*args: Any, **kwargs: Any) -> Answer:
        with one_moment():
            return view(*args, **kwargs)

    return reading
