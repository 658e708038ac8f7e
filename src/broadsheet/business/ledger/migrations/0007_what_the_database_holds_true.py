"""
The invariants of the books, as the database itself holds them at commit. The checks of
docs/algorithms/books.md find what was changed behind its back.

I1 balanced, I32 in one currency; I8 paid is covered; I9 final; I10 without a gap; I11
adds up, CGST equals SGST; I34 earned is what was sold.
"""

from django.db import migrations

FORWARD = """
-- What an amount, spread evenly over the days from `first` until before `past`, has
-- earned before `day`. Rounded cumulatively, halves up, as rules.earned.
CREATE FUNCTION ledger_earned(amount bigint, first date, past date, day date)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (2 * amount * greatest(least(day - first, past - first), 0) + (past - first))
           / (2 * (past - first))
$$;

-- An entry comes with its transaction or not at all: there is a place for each of those
-- it was written with. So the balance is judged once a transaction, not once an entry.
DROP TRIGGER entries_balance ON ledger_entry;
CREATE FUNCTION ledger_refuse_late_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written integer;
BEGIN
    SELECT size INTO written FROM ledger_transaction WHERE id = NEW.transaction_id;
    IF NEW.position >= written THEN
        RAISE EXCEPTION 'transaction % was written with % entries', NEW.transaction_id, written
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entries_have_a_place BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_late_entry();

CREATE OR REPLACE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found integer;
    currencies integer;
    total numeric;
    billed_in text;
    moved_in text;
BEGIN
    SELECT count(*), count(DISTINCT currency), sum(amount_minor), min(currency)
        INTO found, currencies, total, moved_in
        FROM ledger_entry WHERE transaction_id = NEW.id;
    IF found <> NEW.size OR found < 2 THEN
        RAISE EXCEPTION 'transaction % was written with % entries, and has %', NEW.id, NEW.size, found
            USING ERRCODE = 'check_violation';
    END IF;
    IF currencies <> 1 THEN
        RAISE EXCEPTION 'transaction % is in % currencies', NEW.id, currencies
            USING ERRCODE = 'check_violation';
    END IF;
    IF total <> 0 THEN
        RAISE EXCEPTION 'transaction % does not balance in %', NEW.id, moved_in
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.invoice_id IS NOT NULL THEN
        SELECT currency INTO billed_in FROM ledger_invoice WHERE id = NEW.invoice_id;
        IF billed_in <> moved_in THEN
            RAISE EXCEPTION 'transaction % is in %, its invoice in %', NEW.id, moved_in, billed_in
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_refuse_bad_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row ledger_invoice%ROWTYPE;
    owed numeric;
    adds_up boolean;
BEGIN
    SELECT * INTO row FROM ledger_invoice WHERE id = NEW.id;
    IF row.number IS NULL THEN
        RETURN NULL;
    END IF;
    IF row.sequence > 1 AND NOT EXISTS (
        SELECT 1 FROM ledger_invoice WHERE series = row.series AND number IS NOT NULL
            AND financial_year = row.financial_year AND sequence = row.sequence - 1
    ) THEN
        RAISE EXCEPTION 'invoice % comes after a gap', row.number USING ERRCODE = 'check_violation';
    END IF;
    SELECT (sum(l.gross_minor - l.discount_minor), sum(l.taxable_minor),
            sum(l.round_off_minor), sum(coalesce(x.tax, 0)))
           IS NOT DISTINCT FROM (row.total_minor::numeric, row.taxable_minor::numeric,
                                 row.round_off_minor::bigint, row.tax_minor::numeric)
           AND bool_and(x.cgst IS NOT DISTINCT FROM x.sgst)
        INTO adds_up
        FROM ledger_invoiceline l LEFT JOIN (
            SELECT line_id, sum(amount_minor) AS tax,
                   sum(amount_minor) FILTER (WHERE name = 'CGST') AS cgst,
                   sum(amount_minor) FILTER (WHERE name = 'SGST') AS sgst
            FROM ledger_linetax GROUP BY line_id
        ) x ON x.line_id = l.id WHERE l.invoice_id = row.id;
    IF adds_up IS NOT TRUE THEN
        RAISE EXCEPTION 'invoice % does not add up', row.number USING ERRCODE = 'check_violation';
    END IF;
    SELECT coalesce(sum(e.amount_minor), 0) INTO owed
        FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id
        WHERE t.invoice_id = row.id AND e.account = 'receivable';
    IF row.status = 'paid' AND owed <> 0 THEN
        RAISE EXCEPTION 'invoice % is paid, and % is owed', row.number, owed
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER issued_invoices_are_sound AFTER INSERT OR UPDATE ON ledger_invoice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.number IS NOT NULL)
    EXECUTE FUNCTION ledger_refuse_bad_invoice();

CREATE TRIGGER credit_notes_are_final BEFORE UPDATE OR DELETE ON ledger_creditnote
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit();
CREATE TRIGGER credit_lines_are_final BEFORE UPDATE OR DELETE ON ledger_creditline
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit();
CREATE TRIGGER credit_taxes_are_final BEFORE UPDATE OR DELETE ON ledger_credittax
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit();
CREATE TRIGGER days_are_append_only BEFORE UPDATE OR DELETE ON ledger_revenueday
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit();

CREATE FUNCTION ledger_refuse_bad_credit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted bigint;
    unequal boolean;
    too_much boolean;
BEGIN
    IF NEW.sequence > 1 AND NOT EXISTS (
        SELECT 1 FROM ledger_creditnote WHERE series = NEW.series
            AND financial_year = NEW.financial_year AND sequence = NEW.sequence - 1
    ) THEN
        RAISE EXCEPTION 'credit note % comes after a gap', NEW.number USING ERRCODE = 'check_violation';
    END IF;
    SELECT sum(c.gross_minor),
           bool_or(c.gross_minor <> c.taxable_minor + c.round_off_minor + coalesce(x.tax, 0)
                   OR x.cgst IS DISTINCT FROM x.sgst)
        INTO noted, unequal
        FROM ledger_creditline c LEFT JOIN (
            SELECT line_id, sum(amount_minor) AS tax,
                   sum(amount_minor) FILTER (WHERE name = 'CGST') AS cgst,
                   sum(amount_minor) FILTER (WHERE name = 'SGST') AS sgst
            FROM ledger_credittax GROUP BY line_id
        ) x ON x.line_id = c.id WHERE c.note_id = NEW.id;
    IF noted IS DISTINCT FROM NEW.total_minor OR unequal THEN
        RAISE EXCEPTION 'credit note % does not add up', NEW.number USING ERRCODE = 'check_violation';
    END IF;
    SELECT i.number IS NULL OR i.total_minor < (
            SELECT sum(total_minor) FROM ledger_creditnote WHERE invoice_id = i.id)
        INTO too_much FROM ledger_invoice i WHERE i.id = NEW.invoice_id;
    IF too_much THEN
        RAISE EXCEPTION 'credit note % is for more than was invoiced', NEW.number
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER credit_notes_are_sound AFTER INSERT ON ledger_creditnote
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_bad_credit();

CREATE FUNCTION ledger_refuse_bad_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    which bigint := NEW.line_id;
    planned numeric;
    sold numeric;
BEGIN
    SELECT sum(CASE WHEN stop > first_day
                    THEN ledger_earned(amount_minor, start, "end", stop) ELSE 0 END)
        INTO planned FROM ledger_revenueschedule WHERE line_id = which;
    IF planned IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT l.taxable_minor - coalesce(
            (SELECT sum(undelivered_minor) FROM ledger_creditline WHERE line_id = which), 0)
        INTO sold FROM ledger_invoiceline l WHERE l.id = which;
    IF planned <> sold THEN
        RAISE EXCEPTION 'line % would earn %, and % was sold', which, planned, sold
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER schedules_earn_what_was_sold
    AFTER INSERT OR UPDATE ON ledger_revenueschedule
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_bad_schedule();
CREATE CONSTRAINT TRIGGER credits_stop_schedules AFTER INSERT ON ledger_creditline
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_bad_schedule();

CREATE FUNCTION ledger_refuse_edit_of_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.stop <= OLD.stop
       AND NEW.stop > coalesce((SELECT max(day) FROM ledger_revenueday), '-infinity')
       AND (NEW.id, NEW.line_id, NEW.currency, NEW.amount_minor, NEW.start, NEW."end", NEW.first_day)
         = (OLD.id, OLD.line_id, OLD.currency, OLD.amount_minor, OLD.start, OLD."end", OLD.first_day)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a schedule can only be stopped' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER schedules_only_stop BEFORE UPDATE OR DELETE ON ledger_revenueschedule
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit_of_schedule();

CREATE FUNCTION ledger_refuse_hole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_revenueday)
       AND NOT EXISTS (SELECT 1 FROM ledger_revenueday WHERE day = NEW.day - 1) THEN
        RAISE EXCEPTION 'the day before % is not posted', NEW.day USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER days_follow_each_other BEFORE INSERT ON ledger_revenueday
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_hole();

-- What was sold before there were schedules.
INSERT INTO ledger_revenueschedule (line_id, currency, amount_minor, start, "end", first_day, stop)
SELECT l.id, i.currency, l.taxable_minor, l.period_start, l.period_end, l.period_start, l.period_end
FROM ledger_invoiceline l JOIN ledger_invoice i ON i.id = l.invoice_id
WHERE i.number IS NOT NULL AND l.taxable_minor > 0 AND l.period_end > l.period_start;
"""
BACKWARD = """
DROP TRIGGER days_follow_each_other ON ledger_revenueday;
DROP FUNCTION ledger_refuse_hole();
DROP TRIGGER schedules_only_stop ON ledger_revenueschedule;
DROP FUNCTION ledger_refuse_edit_of_schedule();
DROP TRIGGER credits_stop_schedules ON ledger_creditline;
DROP TRIGGER schedules_earn_what_was_sold ON ledger_revenueschedule;
DROP FUNCTION ledger_refuse_bad_schedule();
DROP TRIGGER credit_notes_are_sound ON ledger_creditnote;
DROP FUNCTION ledger_refuse_bad_credit();
DROP TRIGGER days_are_append_only ON ledger_revenueday;
DROP TRIGGER credit_taxes_are_final ON ledger_credittax;
DROP TRIGGER credit_lines_are_final ON ledger_creditline;
DROP TRIGGER credit_notes_are_final ON ledger_creditnote;
DROP TRIGGER issued_invoices_are_sound ON ledger_invoice;
DROP FUNCTION ledger_refuse_bad_invoice();
DROP TRIGGER entries_have_a_place ON ledger_entry;
DROP FUNCTION ledger_refuse_late_entry();
CREATE OR REPLACE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    which uuid;
    written integer;
    found integer;
    wrong text;
BEGIN
    IF TG_TABLE_NAME = 'ledger_entry' THEN which := NEW.transaction_id; ELSE which := NEW.id; END IF;
    SELECT size INTO written FROM ledger_transaction WHERE id = which;
    SELECT count(*) INTO found FROM ledger_entry WHERE transaction_id = which;
    IF found <> written OR found < 2 THEN
        RAISE EXCEPTION 'transaction % was written with % entries, and has %', which, written, found
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT currency INTO wrong FROM ledger_entry WHERE transaction_id = which
        GROUP BY currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % does not balance in %', which, wrong
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entries_balance AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_unbalanced();
DROP FUNCTION ledger_earned(bigint, date, date, date);
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_credit_notes_and_earning")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
