#!/usr/bin/env python3
"""How fast 'earmark review' answers over many events, and what it takes: review.py [EVENTS], 1,000,000 by default.

Makes a cache of made-up scores (about two events a clip) whose first recordings are real files, so that pictures have
something to show, then asks as the page does. Medians of 20 requests, and the slowest. SCRATCH is where the cache is
made: 2 KB a clip.
"""

import http.client
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

EARMARK = Path(__file__).resolve().parents[2] / ".build/release/earmark"


def memory(process, name):
    """Of the process, in MB: VmRSS now, VmHWM at most; RssAnon without mapped files."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(rf"^{name}:\s*(\d+)", text, re.M).group(1)) / 1024


def main():
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if not EARMARK.exists():
        sys.exit(f"review.py: no program at {EARMARK}; expected one that 'make build' made")
    scratch = tempfile.mkdtemp(prefix="earmark-review-", dir=os.environ.get("SCRATCH"))
    try:
        measure(events, scratch)
    finally:
        shutil.rmtree(scratch)


def measure(events, scratch):
    cache = scratch + "/cache"
    sounds = scratch + "/sounds"
    os.makedirs(sounds)
    clips = int(events * 0.55)
    subprocess.run(
        [
            EARMARK,
            "bench",
            "scores",
            "--cache",
            cache,
            "--clips",
            str(clips),
            "--half",
            "--sounds",
            sounds,
            "--classes",
            "100",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    model = re.search(r"^model name[^:]*: (.*)", Path("/proc/cpuinfo").read_text(), re.M)
    print(f"{time.strftime('%F')}, {model.group(1) if model else '?'}, {os.cpu_count()} cores")
    start = time.monotonic()
    process = subprocess.Popen(
        [EARMARK, "review", "--cache", cache, "--threshold", "0.4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    address = urllib.parse.urlsplit(process.stdout.readline().strip())
    token = urllib.parse.parse_qs(address.query)["token"][0]
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=120)
    cookie = {"Cookie": f"earmark-{address.port}={token}"}

    def get(path, headers=cookie):
        begun = time.monotonic()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 206):
            raise SystemExit(f"review.py: {path}: {answer.status} {body[:200]}")
        return body, (time.monotonic() - begun) * 1000

    def ask(path):
        return json.loads(get(path)[0])

    print("| what | median, ms | slowest, ms |")
    print("|---|---|---|")

    def row(what, times):
        print(f"| {what} | {statistics.median(times):.1f} | {max(times):.1f} |")

    row(
        "the page and its files",
        [sum(get(path)[1] for path in (f"/?token={token}", "/review.css", "/review.js")) for _ in range(20)],
    )
    while ask("/facts")["state"] == "finding":
        time.sleep(0.2)
    facts = ask("/facts")
    found = time.monotonic() - start

    def first_page():
        return sum(
            get(path)[1] for path in (f"/?token={token}", "/review.css", "/review.js", "/facts", "/events?limit=200")
        )

    row("first page with its queue", [first_page() for _ in range(20)])
    chance = random.Random(1)
    searches = [
        "text=clip-4",
        "text=recorder-17",
        "text=CLIP-77&class=Class%2012",
        "text=nothing&order=score",
        "class=Class%207",
        "low=0.6&high=0.7&order=score",
        "judged=no&order=time",
        "text=recorder-3%2Fclip&low=0.9&order=time",
    ]
    for search in searches:
        row("search: " + urllib.parse.unquote(search), [get(f"/events?limit=200&{search}")[1] for _ in range(20)])
    row("sample of 50 a class", [get(f"/events?limit=200&sample=50&seed={seed}")[1] for seed in range(20)])
    heard = ask("/events?limit=500&order=time&text=sound-")["events"]
    chance.shuffle(heard)
    times = {"detail": [], "picture.png": [], "sound.wav": []}
    for event in heard[:40]:
        for what, list_ in times.items():
            list_.append(get(f"/event/{event['id']}/{what}?generation={facts['generation']}")[1])
    for what, list_ in times.items():
        row(f"next event: {what}", list_)
    row("next event: all three", [sum(three) for three in zip(*times.values())])
    judged = []
    for event in heard[:20]:
        body = json.dumps(
            {"generation": facts["generation"], "event": event["id"], "verdict": "accept", "reviewer": "bench"}
        )
        begun = time.monotonic()
        connection.request(
            "POST",
            "/judge",
            body,
            {**cookie, "Origin": f"http://127.0.0.1:{address.port}", "Content-Type": "application/json"},
        )
        connection.getresponse().read()
        judged.append((time.monotonic() - begun) * 1000)
    row("a judgement, on the disk", judged)
    print(
        f"\n{facts['events']:,} events in {facts['recordings']:,} recordings, found in {found:.0f} s; memory: "
        f"{memory(process, 'VmRSS'):.0f} MB now, {memory(process, 'VmHWM'):.0f} MB at most, "
        f"{memory(process, 'RssAnon'):.0f} MB without mapped files"
    )
    connection.request(
        "POST",
        "/find",
        "{}",
        {**cookie, "Origin": f"http://127.0.0.1:{address.port}", "Content-Type": "application/json"},
    )
    connection.getresponse().read()
    time.sleep(0.3)
    while ask("/facts")["state"] == "finding":
        time.sleep(0.2)
    print(f"after finding them anew: {memory(process, 'VmRSS'):.0f} MB now, {memory(process, 'VmHWM'):.0f} MB at most")
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)


if __name__ == "__main__":
    main()
