"""
The readers' pages: front, sections, authors, topics, feeds, and the pressing of
stories.

It promises that each page costs a fixed number of queries, and that of a story whose
reader is not known nothing but its lead-in is shown.

It refuses to decide who may read, to answer for a story itself (the gate does that,
with the pages pressed here), and to compute a price.
"""
