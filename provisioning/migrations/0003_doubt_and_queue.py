"""A waiting action may turn out not to have happened after all; a queue of any length is claimed in order by an index."""

from django.db import migrations

WITH_DOUBT = "OLD.state = 'waiting' AND NEW.state IN ('finished', 'failed', 'unconfirmed')"
WITHOUT = "OLD.state = 'waiting' AND NEW.state IN ('finished', 'failed')"
FUNCTION = """
CREATE OR REPLACE FUNCTION provisioning_action_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('finished', 'failed', 'cancelled') AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
    RAISE EXCEPTION 'action % has ended and keeps its time', OLD.id USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.state = OLD.state THEN
    RETURN NEW;
  END IF;
  IF NOT (
    (OLD.state = 'queued' AND NEW.state IN ('sending', 'cancelled', 'failed')) OR
    (OLD.state = 'sending' AND NEW.state IN ('waiting', 'queued', 'failed', 'unconfirmed')) OR
    ({waiting}) OR
    (OLD.state = 'unconfirmed' AND NEW.state IN ('waiting', 'queued', 'failed'))
  ) THEN
    RAISE EXCEPTION 'action % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0002_rules_kept_by_the_database")]
    operations = [
        migrations.RunSQL(FUNCTION.format(waiting=WITH_DOUBT), FUNCTION.format(waiting=WITHOUT)),
        migrations.RemoveField("reading", "lease_until"),
    ]
