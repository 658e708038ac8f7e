"""A subscription's history is what its status is folded from: nobody edits it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION subscriptions_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE ON subscriptions_subscriptionevent
    FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_edit();
"""
BACKWARD = """
DROP TRIGGER history_is_append_only ON subscriptions_subscriptionevent;
DROP FUNCTION subscriptions_refuse_edit();
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_contracts_and_their_events")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
