"""The ledger's rules that no programme may break: which state follows which, and that history is only added to."""

from django.db import migrations

TRANSITIONS = """
CREATE FUNCTION provisioning_action_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = OLD.state THEN
    IF OLD.state IN ('finished', 'failed', 'cancelled') AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
      RAISE EXCEPTION 'action % has ended and keeps its time', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NOT (
    (OLD.state = 'queued' AND NEW.state IN ('sending', 'cancelled', 'failed')) OR
    (OLD.state = 'sending' AND NEW.state IN ('waiting', 'queued', 'failed', 'unconfirmed')) OR
    (OLD.state = 'waiting' AND NEW.state IN ('finished', 'failed')) OR
    (OLD.state = 'unconfirmed' AND NEW.state IN ('waiting', 'queued', 'failed'))
  ) THEN
    RAISE EXCEPTION 'action % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER provisioning_action_transition BEFORE UPDATE ON provisioning_action
  FOR EACH ROW EXECUTE FUNCTION provisioning_action_transition();

CREATE FUNCTION provisioning_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER provisioning_event_append_only BEFORE UPDATE OR DELETE ON provisioning_event
  FOR EACH ROW EXECUTE FUNCTION provisioning_append_only();
CREATE TRIGGER provisioning_action_kept BEFORE DELETE ON provisioning_action
  FOR EACH ROW EXECUTE FUNCTION provisioning_append_only();
"""
BACK = """
DROP TRIGGER provisioning_action_kept ON provisioning_action;
DROP TRIGGER provisioning_event_append_only ON provisioning_event;
DROP FUNCTION provisioning_append_only;
DROP TRIGGER provisioning_action_transition ON provisioning_action;
DROP FUNCTION provisioning_action_transition;
"""


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0001_initial")]
    operations = [migrations.RunSQL(TRANSITIONS, BACK)]
