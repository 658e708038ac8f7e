"""
The pattern book: every piece of the theme with sample data, from one mark to a page.

Staff see it at /desk/patterns/; the tests render every pattern, and look at each in a
real browser.
"""
