"""How the ledger claims: what `ledger.claim_submits` and `ledger.claim_turns` ask of Postgres."""

# Due times and leases are compared by the database's clock: machines whose own differ must not take each other's rows.
# People go first, also in an object's own line: what is scheduled (2) lets them pass until it is sent. Whoever asks for much
# at once (1) steps back behind others, but an object's line keeps its order.
NEXT_IN_LINE = """
    SELECT a.id FROM provisioning_action a
    WHERE a.state = 'queued' AND a.next_at <= statement_timestamp() AND a.connection_id = %(connection)s
      AND a.priority {whose}
      AND NOT EXISTS (
        SELECT 1 FROM provisioning_action b
        WHERE b.connection_id = a.connection_id AND b.lock_key = a.lock_key AND b.id <> a.id
          AND b.state IN ('queued', 'sending', 'waiting', 'unconfirmed')
          AND (b.state <> 'queued' OR (b.priority > 1, b.id) < (a.priority > 1, a.id)))
    ORDER BY a.priority, a.next_at, a.id LIMIT %(most)s FOR UPDATE OF a SKIP LOCKED
"""
HOLD = """attempt = a.attempt + 1, lease_until = statement_timestamp() + %(lease)s,
        next_at = statement_timestamp() + %(lease)s"""
# One statement each: what is due, held, and in the history. Nothing is sent before it has been committed.
SUBMITS = """
    WITH due AS MATERIALIZED ({due}), taken AS (
      UPDATE provisioning_action a SET state = 'sending', sent_at = statement_timestamp(), {hold}
      FROM due WHERE a.id = due.id RETURNING a.*
    ), noted AS (
      INSERT INTO provisioning_event (action_id, at, kind, text, data)
      SELECT id, clock_timestamp(), 'sending', '', jsonb_build_object('attempt', attempt) FROM taken
    )
    SELECT * FROM taken ORDER BY id
"""
TURNS = """
    WITH due AS MATERIALIZED (
      SELECT id FROM provisioning_action
      WHERE connection_id = %(connection)s AND state IN ('waiting', 'unconfirmed') AND priority {whose}
        AND next_at <= statement_timestamp()
      ORDER BY next_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE provisioning_action a SET {hold} FROM due WHERE a.id = due.id RETURNING a.*
    )
    SELECT * FROM taken ORDER BY id
"""


def submits(whose: str) -> str:
    """The claim of what is to be sent; `whose` is a condition on the priority."""
    return SUBMITS.format(due=NEXT_IN_LINE.format(whose=whose), hold=HOLD)


def turns(whose: str) -> str:
    """The claim of polls and look-ups that are due."""
    return TURNS.format(whose=whose, hold=HOLD)
