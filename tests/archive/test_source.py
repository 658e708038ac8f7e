"""What is no export is refused in one sentence; what is merely untidy is mended."""

from __future__ import annotations

import gzip
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadsheet.news.archive.formats.wxr.build import TEXT_LIMIT
from broadsheet.news.archive.formats.wxr.parse import records
from broadsheet.news.archive.formats.wxr.records import Item, NotAnExport
from broadsheet.news.archive.formats.wxr.source import Mended, Reader

from .conftest import HEAD, TAIL, item, items, read

Export = Callable[..., Path]

RSS = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title>'
    b"<item><title>One</title></item></channel></rss>"
)
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<rss><channel><title>&c;</title></channel></rss>"""
EXTERNAL = b"""<?xml version="1.0"?><!DOCTYPE rss [
<!ENTITY secret SYSTEM "file:///etc/passwd">]><rss><channel><title>&secret;</title>
</channel></rss>"""
DTD = b'<!DOCTYPE rss SYSTEM "http://192.0.2.1/evil.dtd"><rss><channel/></rss>'
DANGER = (
    "e.xml declares a document type or entities, which a WordPress export never does; "
    "it is refused for safety."
)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "e.xml is empty."),
        (b"  \n ", "e.xml is empty."),
        (b"hello, world", "e.xml is not XML, so it is not a WordPress export."),
        (
            b"<!DOCTYPE html><html><body>Log in</body></html>",
            "e.xml is a web page (HTML), not a WordPress export; download the export "
            "again from Tools, Export while you are logged in.",
        ),
        (
            gzip.compress(b"<rss/>", mtime=0),
            "e.xml is compressed with gzip; unpack it first (gunzip), then import it.",
        ),
        (b"%PDF-1.7 ...", "e.xml is a PDF, not a WordPress export."),
        (
            b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"/>',
            "e.xml is XML of another kind (its root is <feed>), not a WordPress export.",
        ),
        (
            RSS,
            "e.xml is an RSS feed, not a WordPress export: it holds none of "
            "WordPress's own fields.",
        ),
        (LAUGHS, DANGER),
        (EXTERNAL, DANGER),
        (DTD, DANGER),
        (
            b'<?xml version="1.0" encoding="klingon"?><rss/>',
            "e.xml says that it is written in “klingon”, which cannot be read.",
        ),
        (
            (HEAD + item(1)).encode()[:-40],
            "e.xml ends too early (line 24, after 1 items); export it again.",
        ),
        (
            (HEAD + "<item><title>x</item>" + TAIL).encode(),
            "e.xml is not well-formed XML (mismatched tag at line 17, after 1 items).",
        ),
        (
            (HEAD + "<a>" * 70).encode(),
            "e.xml nests elements more than 64 deep at line 17; "
            "it is damaged or hostile.",
        ),
    ],
)
def test_what_is_no_export_is_refused(
    export: Export, raw: bytes, sentence: str
) -> None:
    path = export(raw=raw, name="e.xml")
    with pytest.raises(NotAnExport) as refused:
        read(path)
    assert str(refused.value) == sentence


def test_a_zip_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("export.xml", "<rss/>")
    with pytest.raises(NotAnExport, match=r"e\.zip is a zip archive; unpack it"):
        read(path)
    with pytest.raises(NotAnExport) as refused:
        read(tmp_path / "none.xml")
    assert str(refused.value) == "none.xml cannot be opened: no such file or directory."


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.9"])
def test_every_version_of_the_namespace_is_read(export: Export, version: str) -> None:
    text = (HEAD + item(5) + TAIL).replace("/export/1.2/", f"/export/{version}/")
    assert [one.id for one in items(export(raw=text.encode()))] == [5]


def test_other_prefixes_and_undeclared_ones_are_read(export: Export) -> None:
    text = HEAD + item(5, more="<undeclared:x>1</undeclared:x>") + TAIL
    text = text.replace("wp:", "w:").replace("content:encoded", "c:encoded")
    text = text.replace("xmlns:content", "xmlns:c").replace("xmlns:wp", "xmlns:w")
    (one,) = items(export(raw=text.encode()))
    assert (one.id, one.content) == (5, "<p>The words of story 5.</p>")


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le-bom", "cp1252", "iso-8859-1"]
)
def test_encodings_are_read(export: Export, encoding: str) -> None:
    text = HEAD + item(1, title="Café “Rossi” déjà") + TAIL
    if encoding == "utf-16-le-bom":
        raw = b"\xff\xfe" + text.encode("utf-16-le")
    elif encoding in ("cp1252", "iso-8859-1"):
        raw = text.replace("UTF-8", encoding).encode("cp1252")
    else:
        raw = text.encode(encoding)
    assert [one.title for one in items(export(raw=raw))] == ["Café “Rossi” déjà"]


def test_untidy_bytes_are_mended_and_counted(export: Export) -> None:
    text = (
        HEAD + item(1, title="A & B &nbsp;C &#8; D\x0b", content="a\x08b & <b>c") + TAIL
    )
    raw = text.encode().replace(b"Story", b"St\xffry").replace(b"words", b"w\xffrds")
    reader = Reader(export(raw=b"\n\n<br />Warning: x\n" + raw))
    (one,) = [each for each in records(reader) if isinstance(each, Item)]
    assert one.title == "A & B \xa0C  D"
    assert one.content == "ab & <b>c"
    assert reader.mended == Mended(
        control_characters=3, ampersands=1, entities=1, bad_bytes=0
    )


def test_bytes_that_are_no_utf_8_are_read_as_windows_1252_and_counted(
    export: Export,
) -> None:
    raw = (HEAD + item(1, title="XX") + TAIL).encode().replace(b"XX", b"a\xffb\xe9c")
    reader = Reader(export(raw=raw))
    (one,) = [each for each in records(reader) if isinstance(each, Item)]
    assert one.title == "aÿbéc"
    assert (reader.mended.windows_bytes, reader.mended.bad_bytes) == (2, 0)


def test_cdata_ends_and_chunk_borders_do_not_matter(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "one ]]]]><![CDATA[> two & three &amp; four"
    path = export(item(1, title="T &amp; U", content=content))
    whole = items(path)
    assert whole[0].content == "one ]]> two & three &amp; four"
    for size in (1, 7, 64):
        monkeypatch.setattr("broadsheet.news.archive.formats.wxr.source.CHUNK", size)
        assert items(path) == whole


def test_a_giant_text_is_cut_off_and_told(export: Export, tmp_path: Path) -> None:
    path = tmp_path / "giant.xml"
    with path.open("w") as file:
        file.write((HEAD + item(1, content="@@")).split("@@")[0])
        for _ in range(200):
            file.write("x" * (1 << 20))
        file.write((HEAD + item(1, content="@@")).split("@@")[1] + item(2) + TAIL)
    tracemalloc.start()
    found = items(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(one.id, one.too_long) for one in found] == [(1, True), (2, False)]
    assert len(found[0].content) <= TEXT_LIMIT
    assert peak < 60 << 20  # The file is 200 MB.


def test_an_endless_tag_is_refused(export: Export) -> None:
    raw = HEAD.encode() + b'<item a="' + b"x" * (9 << 20)
    with pytest.raises(NotAnExport, match=r"has a tag of more than 4 MB at line 17"):
        read(export(raw=raw))


def _generated(path: Path, number: int) -> Path:
    with path.open("w") as file:
        file.write(HEAD)
        file.writelines(item(n, content=f"Words of {n}. " * 20) for n in range(number))
        file.write(TAIL)
    return path


def _peak(path: Path) -> tuple[int, int]:
    tracemalloc.start()
    count = sum(isinstance(one, Item) for one in _records(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return count, peak


def _records(path: Path) -> Iterator[object]:
    return iter(records(Reader(path)))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small = _peak(_generated(tmp_path / "small.xml", 2_000))
    large = _peak(_generated(tmp_path / "large.xml", 50_000))
    assert (small[0], large[0]) == (2_000, 50_000)
    assert large[1] < small[1] * 1.2
