"""Documents as they are handed to people: what is said on them, and how they are set."""
