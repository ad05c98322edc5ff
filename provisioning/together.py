"""The commonest outcomes of turns, written down together: one transaction and a few statements for all that came in.

What is not plain (trouble, doubt, several things read, a domain or package) is `outcomes.record`'s, one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from provisioning import batches, breaker, ledger, ledger_groups, mirror
from provisioning.ledger_groups import Done, Polled, Taken
from provisioning.models import Action, Domain
from provisioning.outcomes import next_poll
from provisioning.turns import Accepted, Ended, Job, Outcome, ReadJob, Still

Pair = tuple[Job, Outcome]
Ends = Sequence[tuple[Job, Ended]]


def is_plain(job: Job | ReadJob, outcome: Outcome) -> bool:
    """Whether `record` can take it."""
    if not isinstance(job, Job):
        return False
    return isinstance(outcome, Accepted | Still) or (
        isinstance(outcome, Ended) and _is_plain_end(job, outcome)
    )


def _is_plain_end(job: Job, outcome: Ended) -> bool:
    """One mailbox was read, and it is the thing itself."""
    if outcome.errors or len(outcome.seen) != 1 or len(job.reads) != 1:
        return False
    (seen,) = outcome.seen
    return (
        seen.kind == "mailbox"
        and isinstance(seen.body, Mapping)
        and job.action.meaning != ledger.SETTLED
        and job.action.operation != "mailbox.change_edition"
    )


def record(pairs: Sequence[Pair]) -> None:
    """Write down plain outcomes, all or none. Raises what the database raises: then each is to be written by itself."""
    for row in {job.connection_id: job.action.connection for job, _ in pairs}.values():
        if row.failures or row.retry_at:  # as this driver saw it a moment ago
            breaker.answered(row.pk)
    taken = [_taken(job, outcome) for job, outcome in pairs if isinstance(outcome, Accepted)]
    polled = [
        Polled(job.action, outcome.remote_state, next_poll(job.action, outcome.retry_after))
        for job, outcome in pairs
        if isinstance(outcome, Still)
    ]
    ends = [(job, outcome) for job, outcome in pairs if isinstance(outcome, Ended)]
    with transaction.atomic():
        if ends:
            _end(ends)
        if taken:
            ledger_groups.accepted(taken)
        if polled:
            ledger_groups.still(polled)


def _taken(job: Job, outcome: Accepted) -> Taken:
    return Taken(job.action, outcome.path, outcome.remote_id, outcome.guid, outcome.done, outcome.status)


def _end(ends: Ends) -> None:
    """Batches are held before actions, and actions before mirror rows, as everybody does who holds several."""
    of_batch = {job.action.batch_id: job.action for job, _ in ends if job.action.batch_id is not None}
    for number in sorted(of_batch):
        batches.hold_of(of_batch[number])
    ours = ledger_groups.finished([Done(job.action, outcome.exclusions) for job, outcome in ends])
    ends = [(job, outcome) for job, outcome in ends if job.action.pk in ours]
    if not ends:
        return
    homes = _homes(ends)
    mirror.write_mailboxes([(outcome.seen[0], homes[job.action.pk]) for job, outcome in ends])
    for job, _ in ends:
        job.action.state = Action.State.FINISHED
    for number in sorted(of_batch):
        batches.moved(of_batch[number])


def _homes(ends: Ends) -> dict[int, mirror.Home]:
    """Where each mailbox lives if it is new, by the action's id."""
    actions = [job.action for job, _ in ends]
    guids = {action.guid for action in actions if action.kind == "domain"}
    rows = Domain.objects.filter(connection__in={action.connection_id for action in actions}, guid__in=guids)
    domains = {(row.connection_id, row.guid): row for row in rows} if guids else {}
    return {
        action.pk: mirror.Home(
            action.connection,
            action.ou,
            domains.get((action.connection_id, action.guid)),
            title=action.title,
            edition=str(action.payload.get("package_edition_code", "")),
        )
        for action in actions
    }
