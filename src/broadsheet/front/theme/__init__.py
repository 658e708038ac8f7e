"""
The theme: how the paper looks. Templates, type, style and a little script.

It promises a page that works without script, in light and in dark, on paper and on a
phone, in every language, under 100 kB for a first story; and that what it shows of
a story is what it was handed.

It refuses to ask anybody anything: who may read, what a plan costs and which stories
there are is for the surfaces to find out and hand in. No inline script, no inline
style, nothing from another origin.
"""
