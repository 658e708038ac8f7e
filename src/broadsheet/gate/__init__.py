"""
The gate: who may read what.

It promises one answer to one question (`core.decide`), an exact meter, and that the
words withheld from a reader never leave the building. It answers story pages from
memory, in front of Django, out of facts that other rooms file with it: the class of a
story, its pressed pages, the grants of a reader.

It refuses to know what a subscription costs, what a reader is called, or what a story
says; and `core`, `store` and `asgi` never import Django.
"""
