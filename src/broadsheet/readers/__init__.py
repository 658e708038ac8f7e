"""
Readers: people, and how they come in.

It promises that one mail with a link *and* a code lets anyone in, in any inbox and any
browser; that fetching the link changes nothing, and only the button uses it; that our
tables never hold what was mailed, only its mark; that an unknown address is told the
same as a known one; that every limit says how long to wait; and that whoever is shown
out is out at once.
It announces who came, left or changed, and never asks who listens.
It refuses to know what a reader has paid for, or what she reads.
"""
