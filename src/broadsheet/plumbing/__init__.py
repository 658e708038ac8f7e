"""
The plumbing: settings, the embedded PostgreSQL, the outbox, the publication's own
row and its clock.

It promises that what is announced in a transaction is delivered if, and only if,
that transaction commits. It refuses to know any room above it by name: who hears
what is said once, in `main.wiring`.
"""
