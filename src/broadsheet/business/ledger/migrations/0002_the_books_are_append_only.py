"""
What the database itself refuses: a transaction that does not balance, any edit of the
books, any edit of an invoice that has its number.

The balance is judged at commit (deferred), when all entries of a transaction are there.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION ledger_refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER transactions_are_append_only BEFORE UPDATE OR DELETE ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit();
CREATE TRIGGER entries_are_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit();
CREATE TRIGGER closings_are_append_only BEFORE UPDATE OR DELETE ON ledger_closing
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit();

CREATE FUNCTION ledger_refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE CONSTRAINT TRIGGER transactions_balance AFTER INSERT ON ledger_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_unbalanced();
CREATE CONSTRAINT TRIGGER entries_balance AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_refuse_unbalanced();

CREATE FUNCTION ledger_refuse_edit_of_issued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.number IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'invoice % is issued', OLD.number USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER issued_invoices_are_final BEFORE UPDATE OR DELETE ON ledger_invoice
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit_of_issued();

CREATE FUNCTION ledger_refuse_edit_of_issued_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    which uuid;
BEGIN
    IF TG_TABLE_NAME = 'ledger_invoiceline' THEN
        which := CASE TG_OP WHEN 'INSERT' THEN NEW.invoice_id ELSE OLD.invoice_id END;
    ELSE
        SELECT invoice_id INTO which FROM ledger_invoiceline
            WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.line_id ELSE OLD.line_id END;
    END IF;
    IF EXISTS (SELECT 1 FROM ledger_invoice WHERE id = which AND number IS NOT NULL) THEN
        RAISE EXCEPTION 'the invoice of this line is issued' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER issued_lines_are_final BEFORE INSERT OR UPDATE OR DELETE ON ledger_invoiceline
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit_of_issued_line();
CREATE TRIGGER issued_taxes_are_final BEFORE INSERT OR UPDATE OR DELETE ON ledger_linetax
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_edit_of_issued_line();
"""
BACKWARD = """
DROP TRIGGER issued_taxes_are_final ON ledger_linetax;
DROP TRIGGER issued_lines_are_final ON ledger_invoiceline;
DROP FUNCTION ledger_refuse_edit_of_issued_line();
DROP TRIGGER issued_invoices_are_final ON ledger_invoice;
DROP FUNCTION ledger_refuse_edit_of_issued();
DROP TRIGGER entries_balance ON ledger_entry;
DROP TRIGGER transactions_balance ON ledger_transaction;
DROP FUNCTION ledger_refuse_unbalanced();
DROP TRIGGER closings_are_append_only ON ledger_closing;
DROP TRIGGER entries_are_append_only ON ledger_entry;
DROP TRIGGER transactions_are_append_only ON ledger_transaction;
DROP FUNCTION ledger_refuse_edit();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_books_and_invoices")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
