"""
The newsroom: stories, the sections they run in, and the people who write them.

It promises that whichever way a story goes live or is taken down (a verb, the desk's
button, a schedule), the fact is announced in the same transaction; that nothing under
embargo goes live before its instant; that no markup is stored that has not been
sanitised; and that a listing costs the same few queries however many stories it has.

It refuses to say who may read a story. A body is handed out only against a decision
of the gate about that very story; every other answer is without it.
"""
