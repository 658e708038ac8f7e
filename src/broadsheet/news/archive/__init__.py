"""
The archive: every story since the first, found again; and the way in for those that
another system holds.

It promises that an import loses no word without saying so, can be stopped and run
again without a duplicate, and keeps every old address alive; and that a search shows
and matches only what anybody may read.

It refuses to know how a story is stored (it asks the newsroom's doors) and to fetch
from a private address unless an engineer allows the host.
"""
