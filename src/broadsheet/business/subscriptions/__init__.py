"""
Subscriptions: readers' contracts, from the first payment to the last day.

It promises that a reader is charged what she was quoted, once a period, on the day her
calendar says; that what she has paid for stays open until its last minute, whatever
becomes of a card or a worker; that cancelling takes no more than buying; and that every
change of a contract is a row that says who, when and why.

It refuses to run two subscriptions for one reader, to charge under a key that was not
stored first, to take a stale price, and to let anybody else file what a reader may read.
"""
