"""How the ledger claims: what `ledger.claim` asks of Postgres."""

from functools import cache

# Due times and leases are compared by the database's clock: machines whose own differ must not take each other's rows.
# People go first, also in an object's own line: what is scheduled (2) lets them pass until it is sent. Whoever asks for much
# at once (1) steps back behind others, but an object's line keeps its order.
FIRST_IN_LINE = """
      NOT EXISTS (
        SELECT 1 FROM provisioning_action b
        WHERE b.connection_id = a.connection_id AND b.lock_key = a.lock_key AND b.id <> a.id
          AND b.state IN ('queued', 'sending', 'waiting', 'unconfirmed')
          AND (b.state <> 'queued' OR (b.priority > 1, b.id) < (a.priority > 1, a.id)))
"""  # a queued row `a`, for its object
NEXT_IN_LINE = f"""
    SELECT a.id FROM provisioning_action a
    WHERE a.state = 'queued' AND a.next_at <= statement_timestamp() AND a.connection_id = %(connection)s
      AND a.priority {{whose}} AND {FIRST_IN_LINE}
    ORDER BY a.priority, a.next_at, a.id LIMIT %({{most}})s FOR UPDATE OF a SKIP LOCKED
"""  # noqa: S608  (a condition of our own)
# One statement for all that a driver takes on at once: held, and in the history. Nothing is sent before it is committed.
CLAIM = """
    WITH {parts}, due AS ({due}), taken AS (
      UPDATE provisioning_action a
      SET state = CASE a.state WHEN 'queued' THEN 'sending' ELSE a.state END,
        sent_at = CASE a.state WHEN 'queued' THEN statement_timestamp() ELSE a.sent_at END,
        attempt = a.attempt + 1, lease_until = statement_timestamp() + %(lease)s,
        next_at = statement_timestamp() + %(lease)s
      FROM due WHERE a.id = due.id RETURNING a.*
    ), noted AS (
      INSERT INTO provisioning_event (action_id, at, kind, text, data)
      SELECT id, clock_timestamp(), 'sending', '', jsonb_build_object('attempt', attempt) FROM taken
      WHERE state = 'sending'
    )
    SELECT * FROM taken ORDER BY id
"""
TURNS = """
    SELECT id FROM provisioning_action
    WHERE connection_id = %(connection)s AND state IN ('waiting', 'unconfirmed') AND priority {whose}
      AND next_at <= statement_timestamp()
    ORDER BY priority, next_at, id LIMIT %({most})s FOR UPDATE SKIP LOCKED
"""
# Priorities: what people wait for, what lets it go first. Each is named, so that an index leads to the due ones of each.
PEOPLES, BEHIND = "= 0", "IN (1, 2)"
_PARTS = {
    "sends_first": (NEXT_IN_LINE, PEOPLES),
    "sends_behind": (NEXT_IN_LINE, BEHIND),
    "follows_first": (TURNS, PEOPLES),
    "follows_behind": (TURNS, BEHIND),
}


@cache
def claim(wanted: tuple[str, ...]) -> str:
    """The claim of those of `sends_first`, `sends_behind`, `follows_first` and `follows_behind` that are wanted; its
    parameters of these names are the most of each. What is not wanted is not planned either."""
    parts = {name: _PARTS[name][0].format(whose=_PARTS[name][1], most=name) for name in wanted}
    return CLAIM.format(
        parts=", ".join(f"{name} AS MATERIALIZED ({sql})" for name, sql in parts.items()),
        due=" UNION ALL ".join(f"SELECT id FROM {name}" for name in parts),  # noqa: S608  (names of our own)
    )
