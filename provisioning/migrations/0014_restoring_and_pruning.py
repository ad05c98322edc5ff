"""Batches of a restored backup are marked. What nightly runs leave behind may be forgotten once it is old: `manage.py
prune_ledger` says so for its own transaction; what people asked for, and what is younger than a month, stays even then."""

from django.db import migrations, models

KEPT = """
CREATE FUNCTION provisioning_action_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('mailroom.prune', true) = 'on' AND OLD.by_id IS NULL AND OLD.priority > 0
     AND OLD.state = 'finished' AND OLD.ended_at < now() - interval '30 days' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE FUNCTION provisioning_event_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('mailroom.prune', true) = 'on' AND EXISTS (
    SELECT 1 FROM provisioning_action a WHERE a.id = OLD.action_id AND a.by_id IS NULL AND a.priority > 0
      AND a.ended_at < now() - interval '30 days') THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
DROP TRIGGER provisioning_action_kept ON provisioning_action;
DROP TRIGGER provisioning_event_append_only ON provisioning_event;
CREATE TRIGGER provisioning_action_kept BEFORE DELETE ON provisioning_action
  FOR EACH ROW EXECUTE FUNCTION provisioning_action_kept();
CREATE TRIGGER provisioning_event_append_only BEFORE UPDATE OR DELETE ON provisioning_event
  FOR EACH ROW EXECUTE FUNCTION provisioning_event_kept();
"""
BACK = """
DROP TRIGGER provisioning_action_kept ON provisioning_action;
DROP TRIGGER provisioning_event_append_only ON provisioning_event;
DROP FUNCTION provisioning_action_kept;
DROP FUNCTION provisioning_event_kept;
CREATE TRIGGER provisioning_event_append_only BEFORE UPDATE OR DELETE ON provisioning_event
  FOR EACH ROW EXECUTE FUNCTION provisioning_append_only();
CREATE TRIGGER provisioning_action_kept BEFORE DELETE ON provisioning_action
  FOR EACH ROW EXECUTE FUNCTION provisioning_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0013_operating")]
    operations = [
        migrations.AddField(
            model_name="batch",
            name="restored_at",
            field=models.DateTimeField(
                null=True,
                help_text="It stood open in a backup restored then: its steps may have been carried out since",
            ),
        ),
        migrations.RunSQL(KEPT, BACK),
    ]
