"""
The kit: money, calendar, clock, ids. Plain Python, no framework.

It promises exact arithmetic and no hidden state. It refuses to know what a reader
or a story is, and nothing but `clock` may look at the wall clock.
"""
