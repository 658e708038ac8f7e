"""Who writes the demo paper: slug, name, role, a line about each. All are invented."""

from __future__ import annotations

AUTHORS = (
    ("leela-varghese", "Leela Varghese", "South India correspondent",
     "Leela Varghese writes about water, railways and the people who depend on both."),
    ("imran-qadri", "Imran Qadri", "Science correspondent",
     "Imran Qadri covers science and technology, mostly where it meets a counter clerk."),
    ("ayesha-menon", "Ayesha Menon", "Legal affairs editor",
     "Ayesha Menon has reported on courts, hospitals and town halls for sixteen years."),
    ("daniel-okoro", "Daniel Okoro", "Europe correspondent",
     "Daniel Okoro reports on trade and diplomacy from London."),
    ("mei-tanaka", "Mei Tanaka", "World editor",
     "Mei Tanaka edits the foreign pages and writes about cities."),
    ("amara-diallo", "Amara Diallo", "Africa and Pacific correspondent",
     "Amara Diallo reports from Kigali on climate, transport and elections."),
    ("farah-contractor", "Farah Contractor", "Markets editor",
     "Farah Contractor follows bonds, the rupee and what households do with gold."),
    ("rohan-pillai", "Rohan Pillai", "Companies editor",
     "Rohan Pillai reads annual reports from the notes forward."),
    ("nandini-bhat", "Nandini Bhat", "Consumer correspondent",
     "Nandini Bhat writes about brands, factories and the people who buy from them."),
    ("tara-sen", "Tara Sen", "Columnist",
     "Tara Sen writes on Thursdays about public life."),
    ("jayanta-bose", "Jayanta Bose", "Columnist",
     "Jayanta Bose was an administrator for thirty years, and is making up for it."),
    ("maya-dsouza", "Maya D’Souza", "Arts editor",
     "Maya D’Souza goes to things that begin at two in the afternoon."),
    ("vikram-sodhi", "Vikram Sodhi", "Sports writer",
     "Vikram Sodhi prefers the last finisher’s story."),
)  # fmt: skip
