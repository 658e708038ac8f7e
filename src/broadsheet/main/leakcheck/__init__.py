"""
The leak check: does a word that a reader may not have reach her by any way at all?

It plants stories with canary words, one in every part that is withheld, and asks for
every surface in every way that it knows, as every kind of reader that has no right to
the whole. It promises to find a canary in any byte of an answer, header or body, and
in what a search finds or counts; to see for itself that who has the right does get the
words, so that silence means something; and to take away what it planted.
It refuses to believe the gate about itself: it only reads answers over HTTP. It knows
attacks, not proofs; a way that nobody has thought of is not in its lists.
"""

from __future__ import annotations
