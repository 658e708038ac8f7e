"""
What the database itself refuses: a move that is not in the table of
docs/algorithms/renewal.md (I20), a history with a gap (I18), a period that does not begin where the last one ended (I13, I14), and
paid time that shrinks though nothing was given up or changed (I15).
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION subscriptions_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
        ('incomplete', 'active'), ('incomplete', 'trialing'),
        ('incomplete', 'incomplete_expired'),
        ('trialing', 'active'), ('trialing', 'past_due'), ('trialing', 'cancelled'),
        ('trialing', 'paused'),
        ('active', 'past_due'), ('active', 'paused'), ('active', 'cancelled'),
        ('active', 'expired'),
        ('past_due', 'active'), ('past_due', 'suspended'), ('past_due', 'cancelled'),
        ('suspended', 'active'), ('suspended', 'cancelled'),
        ('paused', 'active'), ('paused', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'a subscription that is % does not become %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.k < OLD.k OR NEW.row_version < OLD.row_version THEN
        RAISE EXCEPTION 'a subscription does not go back' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.paid_through < OLD.paid_through AND NEW.status <> 'cancelled'
       AND NEW.plan_version_id = OLD.plan_version_id THEN
        RAISE EXCEPTION 'paid time does not shrink' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.k = OLD.k + 1 AND NEW.plan_version_id = OLD.plan_version_id
       AND NEW.period_start <> OLD.period_end THEN
        RAISE EXCEPTION 'a period begins where the last one ended'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER moves_are_in_the_table BEFORE UPDATE ON subscriptions_subscription
    FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_move();

CREATE FUNCTION subscriptions_refuse_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.n > 1 AND NOT EXISTS (
        SELECT 1 FROM subscriptions_subscriptionevent
        WHERE subscription_id = NEW.subscription_id AND n = NEW.n - 1
    ) THEN
        RAISE EXCEPTION 'a history has no gap' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER history_has_no_gap BEFORE INSERT ON subscriptions_subscriptionevent
    FOR EACH ROW EXECUTE FUNCTION subscriptions_refuse_gap();
"""
BACKWARD = """
DROP TRIGGER history_has_no_gap ON subscriptions_subscriptionevent;
DROP FUNCTION subscriptions_refuse_gap();
DROP TRIGGER moves_are_in_the_table ON subscriptions_subscription;
DROP FUNCTION subscriptions_refuse_move();
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0005_other_plans_and_prices")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
