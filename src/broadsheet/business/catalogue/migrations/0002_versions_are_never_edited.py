"""A version is what readers agreed to: the database lets nobody edit or delete one."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION catalogue_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a plan version is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - 'retired_at' IS DISTINCT FROM to_jsonb(OLD) - 'retired_at' THEN
        RAISE EXCEPTION 'a plan version is never edited' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER versions_are_never_edited BEFORE UPDATE OR DELETE ON catalogue_planversion
    FOR EACH ROW EXECUTE FUNCTION catalogue_refuse_edit();
"""
BACKWARD = """
DROP TRIGGER versions_are_never_edited ON catalogue_planversion;
DROP FUNCTION catalogue_refuse_edit();
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0001_what_is_for_sale")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
