"""
What does bringing an archive in cost? A generated WordPress export of a newspaper's
stories (some 360 words, an author, two categories, three tags, a link each) is read,
converted, cleaned, filed, published, linked and announced. Against it: the very rows
that this has left in the database, copied into empty tables of the same columns, keys
and indexes by `INSERT … SELECT` in one transaction, which is as bare as an import can be.
Neither waits for the disk. Memory is what the process grew by after its first tenth.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "broadsheet.main.settings")
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

AT = datetime(2026, 8, 3, 4, 30, tzinfo=UTC)
SEED = 1997
HOST = "measured.example"
TABLES = (
    *("newsroom_story", "newsroom_byline", "newsroom_storytag", "newsroom_placing"),
    *("wagtailcore_revision", "wagtailcore_modellogentry"),
    *("wagtailcore_referenceindex", "archive_broughtitem", "archive_oldaddress"),
    *("gate_storyfact", "gate_change", "plumbing_announcement", "plumbing_delivery"),
    "procrastinate_jobs",
)
WORDS = (
    "the a of to in and for that on said by with was from port ministry market council "
    "district harvest monsoon tariff bench minister budget exports village river road "
    "school hospital court election railway shares rupee bank policy growth report"
).split()
SECTIONS = ("business", "cities", "courts", "farming", "markets", "sport", "states")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>The Measured Post</title><link>https://measured.example</link>
<wp:wxr_version>1.2</wp:wxr_version>
<wp:base_blog_url>https://measured.example</wp:base_blog_url>
"""


def write_export(path: Path, stories: int, host: str = HOST) -> None:
    """Write an export of `stories` posts, the same for the same number."""
    chance = random.Random(SEED)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD.replace(HOST, host))
        for number in range(1, stories + 1):
            file.write(_item(chance, number, stories).replace(HOST, host))
        file.write("</channel></rss>\n")


def _item(chance: random.Random, number: int, stories: int) -> str:
    at = datetime(1997, 1, 1, tzinfo=UTC) + timedelta(hours=number * 200_000 // stories)
    paragraphs = "\n".join(
        f"<!-- wp:paragraph --><p>{_sentence(chance, 45)}</p><!-- /wp:paragraph -->"
        for _ in range(8)
    )
    linked = chance.randint(1, stories)
    section, other = chance.sample(SECTIONS, 2)
    labels = "".join(
        f'<category domain="{domain}" nicename="{name}">{name.title()}</category>'
        for domain, name in (
            ("category", section),
            ("category", other),
            *(("post_tag", f"topic-{chance.randint(1, 400)}") for _ in range(3)),
        )
    )
    return f"""<item><title>{_sentence(chance, 8)}</title>
<link>https://measured.example/{at:%Y/%m}/story-{number}/</link>
<dc:creator>reporter-{chance.randint(1, 40)}</dc:creator>
<content:encoded><![CDATA[{paragraphs}
<!-- wp:paragraph --><p>See <a href="https://measured.example/?p={linked}">what came before</a>.</p><!-- /wp:paragraph -->]]></content:encoded>
<excerpt:encoded><![CDATA[{_sentence(chance, 16)}]]></excerpt:encoded>
<wp:post_id>{number}</wp:post_id><wp:post_date_gmt>{at:%Y-%m-%d %H:%M:%S}</wp:post_date_gmt>
<wp:post_name>story-{number}</wp:post_name><wp:status>publish</wp:status>
<wp:post_type>post</wp:post_type>{labels}</item>
"""


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words)).capitalize() + "."


def bring_in(path: Path, grown: list[int]) -> float:
    """Bring the export in and return the seconds; note the memory on the way."""
    from broadsheet.news.archive import actions

    process = psutil.Process()
    options = actions.Options(fetch_pictures=False)
    began = time.perf_counter()
    actions.bring_in(
        [path],
        options,
        at=AT,
        progress=lambda _bytes: grown.append(process.memory_info().rss),
    )
    return time.perf_counter() - began


def copy_rows() -> float:
    """Copy all that an import has written into tables of the same make."""
    from django.db import connection, transaction

    began = 0.0
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        with transaction.atomic():
            began = time.perf_counter()
            for table in TABLES:
                cursor.execute(f"INSERT INTO bare_{table} SELECT * FROM {table}")
    return time.perf_counter() - began


def measure(stories: int) -> dict[str, object]:
    from broadsheet.main import wiring

    wiring.connect()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        small, path = Path(folder, "small.xml"), Path(folder, "export.xml")
        write_export(small, 20, "warm.example")
        write_export(path, stories)
        bring_in(small, [])  # Warms up; another site, none of it is met again.
        grown: list[int] = []
        cpu = time.process_time()
        ours = bring_in(path, grown)
        cpu = time.process_time() - cpu
    bare = copy_rows()
    settled = grown[len(grown) * 6 // 10]  # The first half is the survey.
    return {
        "claim": "what bringing an archive in costs, in bare copies of its rows",
        "figures": {
            "stories": stories,
            "stories_per_second": round(stories / ours),
            "our_cpu_ms_per_story": round(1000 * cpu / stories, 2),
            "bare_stories_per_second": round(stories / bare),
            "memory_grown_mb": round((max(grown) - settled) / 2**20, 1),
        },
        "ratios": {"import_of_bare": round(bare / ours, 3)},
        "against": "INSERT ... SELECT of the same rows, with keys and indexes",
    }


def in_a_scratch_database(stories: int) -> dict[str, object]:
    """Measure in a test database, made and dropped here, so that no paper is touched."""
    import django
    from django.db import connection

    django.setup()
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        return measure(stories)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Fewer stories.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    options = parser.parse_args()
    found = in_a_scratch_database(500 if options.quick else 5000)
    if options.json:
        print(json.dumps(found))
        return
    for part in ("figures", "ratios"):
        for name, figure in found[part].items():
            print(f"{name:28} {figure:>10}")
    print(f"against: {found['against']}")


if __name__ == "__main__":
    main()
