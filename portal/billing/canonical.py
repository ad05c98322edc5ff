"""The hash of a closed month: what it is made of, and whether it still agrees.

SHA-256 over JSON in UTF-8 with sorted keys and no blanks: of the month, who closed it, when and with what note, the
companies that it closes, and each line in its order with all that it says. Amounts are text with two decimals, rates with
three, times are UTC with microseconds; what is not known is null.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from portal.billing.models import ClosedMonth, Line

FORMAT = 1


def digest(closed: ClosedMonth, companies: Iterable[int], lines: Iterable[Line]) -> str:
    """The hash as the rows given make it, kept or not."""
    facts = {
        "format": FORMAT,
        "ou": closed.ou_id,
        "month": closed.month.isoformat(),
        "closed_by": closed.closed_by_id,
        "closed_at": _time(closed.closed_at),
        "note": closed.note,
        "companies": sorted(companies),
        "lines": [_line(line) for line in lines],
    }
    return _sha(facts)


def agrees(closed: ClosedMonth) -> bool:
    """Whether what the database holds now makes the hash that was kept."""
    companies = closed.companies.values_list("ou_id", flat=True)
    return digest(closed, companies, closed.lines.order_by("position")) == closed.hash


def mark(lines: Iterable[Line], warnings: Iterable[str]) -> str:
    """A short mark of what somebody was shown before closing."""
    return _sha({"lines": [_line(line) for line in lines], "warnings": list(warnings)})[:16]


def _sha(facts: Any) -> str:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _line(line: Line) -> dict[str, Any]:
    return {
        "position": line.position,
        "ou": line.ou_id,
        "company": line.company,
        "domain": line.domain,
        "edition": line.edition,
        "product": line.product,
        "count": line.count,
        "currency": line.currency,
        "net": None if line.net is None else f"{line.net:.2f}",
        "tax": None if line.tax is None else f"{line.tax:.2f}",
        "tax_rate": None if line.tax_rate is None else f"{line.tax_rate:.3f}",
        "how": line.how,
        "data_as_at": _time(line.data_as_at),
        "report": line.report_id,
        "adjusts": line.adjusts.isoformat() if line.adjusts else None,
        "reason": line.reason,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None
