"""
The ledger: double-entry books, and the invoices and credit notes that explain them.

It promises that money moves by `post` alone; that every transaction sums to nothing, in
one currency; that what is written is never edited or deleted; that numbers of documents
are consecutive and without a gap in each series and financial year; that tax is split to
the paisa, and given back so; and that what is sold is earned by the day, and no more than
that. The database holds the books to this, not good intentions.

It refuses to know what was bought or how it was paid, to convert a currency, and to
change an invoice once it has a number.
"""
