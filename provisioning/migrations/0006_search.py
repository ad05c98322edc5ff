"""What lists, search, Attention and the bell ask for, each from an index: at 100,000 mailboxes as at ten.

Beginnings need `pattern_ops` wherever the database sorts by the rules of a language. Searches without letter case are
written by Django as UPPER(…) LIKE UPPER(…), so that is what is indexed.
"""

from django.db import migrations

MIRRORED = ("ou", "package", "domain", "mailbox")
TROUBLE = "state IN ('error', 'failed', 'orphaned', 'stale', 'pending') AND gone_at IS NULL"
OPEN = "state IN ('queued', 'sending', 'waiting', 'unconfirmed')"

INDEXES = {
    # search: GUIDs, names, words of a title
    **{f"{table}_guid_prefix": f"provisioning_{table} (guid varchar_pattern_ops)" for table in MIRRORED},
    "domain_name_prefix": "provisioning_domain (name varchar_pattern_ops)",
    "ou_title_words": "provisioning_ou USING gin (to_tsvector('simple'::regconfig, COALESCE(title, '')))",
    "ou_title_prefix": "provisioning_ou (UPPER(title::text) text_pattern_ops)",
    "ou_client_ref_prefix": "provisioning_ou (UPPER(client_ref::text) text_pattern_ops)",
    "package_code_prefix": "provisioning_package (UPPER(code::text) text_pattern_ops)",
    "action_title_prefix": "provisioning_action (UPPER(title::text) text_pattern_ops)",
    "action_remote_id": "provisioning_action (remote_id) WHERE remote_id <> ''",
    # lists: each way of sorting
    "mailbox_by_state": "provisioning_mailbox (state, id)",
    "mailbox_by_edition": "provisioning_mailbox (edition_code, id)",
    "mailbox_by_as_at": "provisioning_mailbox (as_at, id)",
    "domain_by_state": "provisioning_domain (state, id)",
    "domain_by_as_at": "provisioning_domain (as_at, id)",
    "action_by_operation": "provisioning_action (operation, id)",
    # Attention
    "mailbox_locked": "provisioning_mailbox (email, id) WHERE account_locked AND gone_at IS NULL",
    **{f"{table}_in_trouble": f"provisioning_{table} (state, id) WHERE {TROUBLE}" for table in MIRRORED[1:]},
    "action_failed": "provisioning_action (ended_at) WHERE state = 'failed'",
    "action_in_flight": f"provisioning_action (id) WHERE {OPEN}",
    # the bell
    "action_of_person_open": f"provisioning_action (by_id, id) WHERE {OPEN}",
    "action_of_person_ended": "provisioning_action (by_id, ended_at)",
}


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0005_batches")]
    operations = [
        migrations.RunSQL(f"CREATE INDEX {name} ON {where}", f"DROP INDEX {name}")
        for name, where in INDEXES.items()
    ]
