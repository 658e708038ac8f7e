"""
The ledger: double-entry books, and the invoices that explain them.

It promises that money moves by `post` alone; that every transaction sums to nothing in
each currency; that what is written is never edited or deleted; that invoice numbers
are consecutive and without a gap in each series and financial year; and that tax is
split to the paisa. The database holds the books to this, not good intentions.

It refuses to know what was bought or how it was paid, to convert a currency, and to
change an invoice once it has a number.
"""
