"""
WXR, the export of WordPress, versions 1.0 to 1.2 and what plugins make of them.

`source` opens a file, refuses what is no export, and mends the bytes that real
exports get wrong. `parse` reads it as a stream of records in memory that does not
grow with the file. `shortcodes`, `blocks` and `body` turn one post's text into plain
pieces, and note whatever they change. Nothing here looks up an address, expands an
entity, or writes.
"""
