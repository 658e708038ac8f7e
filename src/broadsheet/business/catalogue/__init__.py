"""
The catalogue: products, plans, and the versions in which a plan is sold.

It promises that a version never changes once it exists: its price, currency and term
are what every reader who bought it agreed to, for as long as she keeps it. A new price
is a new version, with the day from which new readers are asked for it.

It refuses to know who bought what, and it takes no money. A price without its total,
or an edit of a version, cannot be made here: the database itself says no.
"""
