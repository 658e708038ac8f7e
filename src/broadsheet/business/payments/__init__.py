"""
Payments: what we asked a payment company to collect, and what it said.

It promises that every request carries a key that was committed before any byte left,
that one key makes one charge, that what the provider says only ever moves a payment
forward, and that the same facts in any order, any number of times, end the same.
What it does not know it calls unknown, and asks again; unknown is never declined.
It refuses facts whose sender it cannot prove, a second try while one is open, and
refunds beyond what was captured. It keeps no card number and posts no ledger: whoever
owns the invoice hears `PaymentSucceeded` and does that.
"""
