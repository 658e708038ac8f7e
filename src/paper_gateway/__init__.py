"""
The paper gateway: a payment company made of paper, for development and tests.

It is a program of its own with a store of its own, reached over HTTP as a real one
would be, and it imports nothing of Broadsheet. It promises what a good gateway
promises: one effect for one idempotency key, no refund beyond what was captured, signed
events delivered at least once, nothing lost when it is killed. It fails on request,
in every way in which real ones fail (`/control/faults`). It refuses to keep a card number:
a token, the last four digits, the network and the expiry are all that is written down.
"""
