"""
The core of the gate: decisions, the meter's arithmetic, passes, pressed pages, wall texts.

Plain Python without a clock, a database or a socket. It promises to answer every
reading, and to raise nothing on hostile bytes. It refuses to let anybody but
`decide.decide` make a Decision.
"""
