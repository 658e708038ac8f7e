"""What was done at the desk stays as it was written."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION plumbing_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER acts_are_append_only BEFORE UPDATE OR DELETE ON plumbing_deskact
    FOR EACH ROW EXECUTE FUNCTION plumbing_refuse_edit();
"""
BACKWARD = """
DROP TRIGGER acts_are_append_only ON plumbing_deskact;
DROP FUNCTION plumbing_refuse_edit();
"""


class Migration(migrations.Migration):
    dependencies = [("plumbing", "0002_who_did_what_at_the_desk")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
