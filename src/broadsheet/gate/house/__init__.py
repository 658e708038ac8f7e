"""
The house of the gate: its tables, and the Django side that files facts in them.

It promises that what is filed in a transaction is told to every gate when, and only
when, that transaction commits; and that Django's surfaces get the same answer as the
gate in front of them. Enter by `actions`, `queries`, `events` and `middleware`.

It refuses to know why a reader has a grant: source and reference are words to it.
"""
