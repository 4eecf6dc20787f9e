"""Feeds: what is known of vulnerabilities and of ends of support, in one local index.

    files or downloads -> one module a feed -> the index (SQLite) -> match -> Matched

`fetch` is the only part that uses a network, and only `hipscan feeds update` calls it. A scan
opens the index read-only; `build` makes the next one beside it and puts it in its place whole.
"""
