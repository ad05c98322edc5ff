"""Three books are compared: the ledger (what was asked), the sandbox's (what was done), the mirror (what is shown)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What the sandbox's books call the change that an operation makes; of creations the rest is with the object that was made
CHANGES = {
    "domain.fields": "Fields",
    "domain.link": "Link",
    "domain.usage": "Usage",
    "domain.remove": "Remove",
    "mailbox.update": "Update",
    "mailbox.change_edition": "Edition",
    "ou.update": "Edit",
}
# What changes nothing at SYNAQ (a count of usage) is not left to a person: it has failed, and says that nobody knows
NOT_KNOWN = "It changes nothing, so that it can safely be asked for again."
REMOVALS = frozenset({"Delete", "Remove"})
ALIKE = {"Edit": "Update"}  # of a mailbox: before it is provisioned, and then
NAMES = {"ou": "title", "domain": "domain_name", "mailbox": "email"}
TABLES = {
    "ou": "title",
    "package": "code",
    "domain": "name",
    "mailbox": "email",
}  # their columns for the name
Row = Mapping[str, Any]


@dataclass
class Verdict:
    """What the comparison told; each finding is a sentence."""

    asked: int = 0
    applied: int = 0
    failed: int = 0
    unconfirmed: int = 0
    behind: int = 0  # in line behind an unconfirmed one
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disagreeing: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        return (
            f"asked {self.asked}, applied {self.applied}, lost {len(self.lost)}, doubled {len(self.doubled)}, "
            f"unconfirmed {self.unconfirmed}, disagreeing {len(self.disagreeing)}"
        )

    @property
    def wrong(self) -> list[str]:
        """All that must not be."""
        return [
            *(f"lost: {words}" for words in self.lost),
            *(f"doubled: {words}" for words in self.doubled),
            *(f"disagreeing: {words}" for words in self.disagreeing),
        ]


@dataclass(frozen=True)
class Evidence:
    """`asked` are the rows that whoever asked was told of; `ledger` and `mirror` rows of the portal's database; `books` and
    `truth` what the sandbox says. `tampered`: GUIDs that were removed behind our back, of which the books tell no more."""

    asked: Iterable[int]
    ledger: Sequence[Row]
    mirror: Mapping[str, Sequence[Row]]
    books: dict[str, Any]
    truth: dict[str, dict[str, Any]]
    tampered: frozenset[str] = frozenset()


def judge(evidence: Evidence) -> Verdict:
    """Compare. To be called when nothing is under way any more."""
    verdict = Verdict()
    asked = set(evidence.asked)
    rows = [row for row in evidence.ledger if row["id"] in asked]
    verdict.asked = len(asked)
    verdict.failed = sum(row["state"] in ("failed", "cancelled") for row in rows)
    verdict.unconfirmed = sum(row["state"] == "unconfirmed" for row in rows)
    verdict.lost += [f"row {missing} is not there" for missing in asked - {row["id"] for row in rows}]
    unsure = {row["lock_key"] for row in rows if row["state"] == "unconfirmed"}
    for row in rows:
        if row["state"] == "queued" and row["lock_key"] in unsure:
            verdict.behind += 1
        elif row["state"] in ("queued", "sending", "waiting"):
            verdict.lost.append(f"{told(row)} never ends")
    _changes(evidence, verdict)
    _creations(evidence, verdict)
    _shown(evidence, verdict)
    if evidence.books["salts_reused"]:
        verdict.doubled.append(f"{evidence.books['salts_reused']} salts were used twice")
    finished = sum(row["state"] == "finished" for row in rows)
    verdict.applied = finished - sum(words.startswith("action") for words in verdict.lost)
    return verdict


def told(row: Row) -> str:
    return f"action {row['id']} ({row['operation']} {row['title']}) is {row['state']}: {row['words']!r}"


def change_of(row: Row) -> str:
    operation = str(row["operation"])
    return CHANGES.get(operation, operation.partition(".")[2].capitalize())


def _changes(evidence: Evidence, verdict: Verdict) -> None:
    """What was done to things that were there: for each thing and change, how often it was asked for and how often done."""
    rows: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in evidence.ledger:
        if not row["result_kind"] and row["guid"] not in evidence.tampered:
            rows[row["guid"], change_of(row)].append(row)
    books = evidence.books["objects"]
    accepted, applied = _counted(books, "accepted"), _counted(books, "applied")
    for (guid, change), some in rows.items():
        states = Counter(row["state"] for row in some)
        sure = states["finished"]
        open_ = states["unconfirmed"] + sum(NOT_KNOWN in row["words"] for row in some)
        if change in REMOVALS:
            sure = min(sure, 1)  # whoever comes second finds it gone, which is what they wanted
        ours = applied[guid, change] - _by_creation(evidence, guid, change)
        taken_on = accepted[guid, change] - _by_creation(evidence, guid, change)
        about = f"{change} of {books.get(guid, {}).get('name', guid)}: {'; '.join(map(told, some))}; applied {ours}"
        if ours < sure:
            verdict.lost += [told(row) for row in some if row["state"] == "finished"][: sure - ours]
        elif taken_on > sum(states.values()) - states["cancelled"]:
            verdict.doubled.append(about)
        elif ours > sure + open_:
            verdict.disagreeing.append(about)


def _counted(books: Mapping[str, Any], column: str) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for guid, book in books.items():
        for change, times in book[column].items():
            alike = ALIKE.get(change, change) if book["kind"] == "mailbox" else change
            counted[guid, alike] += times
    return counted


def _by_creation(evidence: Evidence, guid: str, change: str) -> int:
    """A creation may also link or provision what it makes."""
    for row in evidence.ledger:
        if row["result_guid"] == guid and row["result_kind"]:
            at_once = change == "Provision" and bool(row["payload"].get("provision_immediately"))
            linked = change == "Link" and row["operation"] == "domain.create_in_package"
            return int(at_once or linked)
    return 0


def _creations(evidence: Evidence, verdict: Verdict) -> None:
    """What was made: each finished creation made one thing, and nothing was made that nobody asked for."""
    books = evidence.books["objects"]
    made = {guid: book for guid, book in books.items() if book["accepted"].get("Create")}
    rows = [row for row in evidence.ledger if row["result_kind"]]
    claimed: Counter[str] = Counter()
    for row in rows:
        if row["state"] != "finished":
            continue
        claimed[row["result_guid"]] += 1
        if row["result_guid"] not in made or claimed[row["result_guid"]] > 1:
            verdict.lost.append(told(row))
    left = Counter(
        _kind_and_name(book["kind"], book["name"]) for guid, book in made.items() if guid not in claimed
    )
    for name, times in left.items():
        same = [row for row in rows if _kind_and_name(row["result_kind"], name_of(row)) == name]
        not_sure = sum(row["state"] == "unconfirmed" for row in same)
        if times > len(same) - sum(row["state"] in ("finished", "cancelled") for row in same):
            verdict.doubled.append(f"{times} {name} too many: {'; '.join(map(told, same))}")
        elif times > not_sure:
            verdict.disagreeing.append(f"{name} is there: {'; '.join(map(told, same))}")


def _kind_and_name(kind: str, name: str) -> tuple[str, str]:
    return kind, name.casefold()


def name_of(row: Row) -> str:
    """How what it makes will be called."""
    name = row["payload"].get("code") if row["result_kind"] == "package" else row["title"]
    return str(name).casefold()


def _shown(evidence: Evidence, verdict: Verdict) -> None:
    """What the mirror shows is what the API says: states, names, and what is there at all."""
    unsure = {row["guid"] for row in evidence.ledger if row["state"] == "unconfirmed"}
    for kind, there in evidence.truth.items():
        shown = {row["guid"]: row for row in evidence.mirror[kind] if not row["gone"]}
        for guid in (there.keys() | shown.keys()) - unsure:
            row, body = shown.get(guid), there.get(guid)
            if row is None and body is not None and _made_by_the_unsure(evidence, kind, body):
                continue
            if row is None or body is None:
                verdict.disagreeing.append(f"{kind} {guid}: shown {row}, there {body}")
                continue
            seen = {"name": row["name"], "state": row["state"]}
            true = {"name": body[NAMES.get(kind, "code")], "state": body.get("state", "")}
            if kind == "mailbox":
                seen["display_name"], true["display_name"] = row["display_name"], body["display_name"] or ""
            if seen != true:
                verdict.disagreeing.append(f"{kind} {guid}: shown {seen}, true {true}")


def _made_by_the_unsure(evidence: Evidence, kind: str, body: Row) -> bool:
    name = _kind_and_name(kind, str(body[NAMES.get(kind, "code")]))
    unsure = [row for row in evidence.ledger if row["state"] == "unconfirmed" and row["result_kind"] == kind]
    return any(_kind_and_name(kind, name_of(row)) == name for row in unsure)
