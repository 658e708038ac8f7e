"""
The API: what the site can do, for programs.

It promises the same answers as the pages, because it asks the same gate: a story comes
cut or whole by the caller's own decision, and a whole one counts. It refuses to carry
withheld words under any name.
"""
