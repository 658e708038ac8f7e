"""
Subscribers at the desk: find one, see everything about her with who and when, and act
for her with a reason that is kept. It promises that what a role may not know is not on
the page, that no GET changes anything, and that an act done twice is done once. It
refuses to move anything but by a room's own verb.
"""
