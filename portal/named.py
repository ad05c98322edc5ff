"""What companies are found by, wherever they are searched: each way has its index."""

from __future__ import annotations

from django.contrib.postgres.search import SearchVector
from django.db.models import Q, QuerySet

from portal.typed import words_beginning
from provisioning.models import OU


def companies(found: QuerySet[OU], term: str, otherwise: Q | None = None) -> QuerySet[OU]:
    """Those whose name or client reference begins with the term, or that have words in the name that begin with its
    words; besides, those that `otherwise` finds."""
    where = Q(title__istartswith=term) | Q(client_ref__istartswith=term)
    words = words_beginning(term)
    if words is not None:
        found = found.annotate(words=SearchVector("title", config="simple"))
        where |= Q(words=words)
    return found.filter(where | otherwise if otherwise else where)
