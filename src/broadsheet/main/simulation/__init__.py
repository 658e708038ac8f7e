"""
A publication that lives for years in minutes, with everything that goes wrong.

The readers are made up; all else is real: the verbs, the jobs, the database with its
constraints, the wiring, and the paper gateway, which runs in this process and is spoken
to as over the network. What a seed decides: who wants what and when, what a bank says,
which answer is lost, which webhook comes late, twice or never, and where a worker dies.
The same seed is the same run. Whatever the run breaks is named by `invariants`.
"""
