"""The terms of an offer are what readers took: only its count and its end may move."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION catalogue_refuse_offer_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'taken' - 'ends_at' IS DISTINCT FROM to_jsonb(OLD) - 'taken' - 'ends_at'
    THEN
        RAISE EXCEPTION 'an offer is never edited' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER offers_are_never_edited BEFORE UPDATE ON catalogue_offer
    FOR EACH ROW EXECUTE FUNCTION catalogue_refuse_offer_edit();
"""
BACKWARD = """
DROP TRIGGER offers_are_never_edited ON catalogue_offer;
DROP FUNCTION catalogue_refuse_offer_edit();
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0003_offers_first_periods_and_regions")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
