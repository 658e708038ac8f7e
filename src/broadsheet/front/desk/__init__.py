"""
The desk: what staff see beside the rooms' own Wagtail pages.

It promises that nothing shown here is a way round a room's verbs. It refuses to keep
data of its own.
"""
