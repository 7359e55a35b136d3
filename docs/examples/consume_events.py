"""Follow the event feed: CREDIT_TOKEN=... python consume_events.py https://credit.example/api/v1 events.db

Needs nothing but Python. Position and effects are committed together, so it may be killed, restarted or started twice.
"""

import json
import os
import sqlite3
import sys
import time
import urllib.request

TABLES = """
CREATE TABLE IF NOT EXISTS position (sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS taken (key TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS last (object TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS on_hold (sales_order TEXT PRIMARY KEY, hold TEXT, reasons TEXT);
"""


def fetch(address: str, after: int) -> list[dict]:
    """The next events; the answer is empty when there is nothing new."""
    headers = {"Authorization": f"Bearer {os.environ['CREDIT_TOKEN']}"}
    page = f"{address}/events?after={after}&page_size=500"
    request = urllib.request.Request(page, headers=headers)  # noqa: S310 - the address is the operator's
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)["results"]


def take(db: sqlite3.Connection, event: dict) -> None:
    """One event: known ones are passed over, a missing one is an alarm, the others take effect."""
    if not db.execute("INSERT OR IGNORE INTO taken VALUES (?)", [event["key"]]).rowcount:
        return
    thing, _, number = event["key"].rpartition(":")
    if thing.startswith(("hold:", "limit:")):  # these count from 1 without a gap
        [before] = db.execute("SELECT coalesce(max(number), 0) FROM last WHERE object = ?", [thing]).fetchone()
        if int(number) != before + 1:
            raise SystemExit(f"Gap: {thing} {before + 1} is missing before {event['key']}. Start again from 0.")
        db.execute("INSERT OR REPLACE INTO last VALUES (?, ?)", [thing, int(number)])
    apply(db, event)


def apply(db: sqlite3.Connection, event: dict) -> None:
    """What it means to you. Here: which orders are on hold, and why."""
    data = event["data"]
    if data.get("status") == "active":
        row = [data["sales_order"], data["number"], ", ".join(data["reasons"])]
        db.execute("INSERT OR REPLACE INTO on_hold VALUES (?, ?, ?)", row)
    elif "status" in data:
        db.execute("DELETE FROM on_hold WHERE sales_order = ?", [data["sales_order"]])


def step(db: sqlite3.Connection, address: str) -> int:
    """Take one page; how many events it had."""
    [after] = db.execute("SELECT coalesce(max(sequence), 0) FROM position").fetchone()
    events = fetch(address, after)
    if events:
        db.execute("BEGIN IMMEDIATE")
        for event in events:
            take(db, event)
        db.execute("INSERT INTO position VALUES (?)", [events[-1]["sequence"]])
        db.execute("COMMIT")
    return len(events)


def main(address: str, file: str, every: str = "5") -> None:
    """Follow the feed for ever, asking every so many seconds once there is nothing new."""
    db = sqlite3.connect(file, timeout=60, isolation_level=None)
    db.executescript(TABLES)
    while True:
        if not step(db, address):
            time.sleep(float(every))


if __name__ == "__main__":
    main(*sys.argv[1:])
