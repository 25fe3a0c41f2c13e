"""Reads the databases of a store with another program than the one that wrote them.

Usage: read.py FOLDER
Prints a JSON object: the header's numbers, what SQLite's own check says, and every row.
"""

import json
import sqlite3
import sys

TABLES = {
    "vault": [
        "slots", "statements", "rounds", "bundles", "sealed", "openings", "released",
        "ringers",
        "results", "datasets", "meta",
    ],
    "grid": ["items", "records", "chunks"],
}


def plain(value):
    return value.hex() if isinstance(value, bytes) else value


def main(folder):
    found = {}
    for name, tables in TABLES.items():
        database = sqlite3.connect(f"file:{folder}/{name}.sqlite?mode=ro", uri=True)
        found[name] = {
            "application": database.execute("PRAGMA application_id").fetchone()[0],
            "version": database.execute("PRAGMA user_version").fetchone()[0],
            "journal": database.execute("PRAGMA journal_mode").fetchone()[0],
            "check": database.execute("PRAGMA integrity_check").fetchone()[0],
            "rows": {
                table: sorted(
                    [plain(value) for value in row]
                    for row in database.execute(f"SELECT * FROM {table}")
                )
                for table in tables
            },
        }
        database.close()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
