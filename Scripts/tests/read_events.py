#!/usr/bin/env python3
"""Reads a file of events with another program's reader and compares it with what it should hold.

    read_events.py FORMAT FILE EXPECTED.json

EXPECTED.json is a list of objects with clip, path, file (the path from the folder that all recordings lie in), start, end, label and
score; for jams also seconds. Readers: audacity and raven: crowsetta; dcase: sed_eval; webvtt: webvtt-py; jams: jams, with its schema;
kaleidoscope: pandas, as no library reads its tables. Exit status 1 and a line where anything differs; "N events" where nothing does.
"""
import html
import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")


def plain(text):
    """What a format without quoting makes of a name."""
    return "".join(" " if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u2029" else c for c in text)


def audacity(path, expected):
    import crowsetta
    read = crowsetta.formats.seq.AudSeq.from_file(path)
    return list(zip(read.start_times, read.end_times, read.labels)), \
        [(e["start"], e["end"], plain(e["label"])) for e in expected]


def raven(path, expected):
    import crowsetta
    read = crowsetta.formats.bbox.Raven.from_file(path, annot_col="Annotation")
    frame = read.df
    assert list(frame["Selection"]) == list(range(1, len(expected) + 1)), "selections are not numbered from 1"
    assert set(frame["View"]) == {"Spectrogram 1"} and set(frame["Channel"]) == {1}
    boxes = read.to_bbox()
    assert {(box.low_freq, box.high_freq) for box in boxes} == {(125.0, 7500.0)}, "the band is another"
    found = [(box.onset, box.offset, box.label, path, offset, score) for box, path, offset, score in
             zip(boxes, frame["Begin Path"], frame["File Offset (s)"], frame["Score"])]
    # Raven's own clock runs through the recordings that the table names, one after the other.
    wanted, before, last = [], 0, None
    for e in expected:
        if last and last["clip"] != e["clip"]:
            before += last["seconds"]
        last = e
        wanted.append((before + e["start"], before + e["end"], plain(e["label"]), plain(e["path"]), e["start"], e["score"]))
    return found, wanted


def dcase(path, expected):
    import sed_eval
    from dcase_util.containers import MetaDataContainer
    from dcase_util.utils import FileFormat

    def text(container, filename=None):
        # The library tells a .tsv from its content by libmagic, which knows such tables in ASCII alone by that name.
        container.format = FileFormat.CSV
        return container

    MetaDataContainer.detect_file_format = text
    read = sed_eval.io.load_event_list(path)
    return [(e["filename"], e["onset"], e["offset"], e["event_label"]) for e in read], \
        [(e["file"], e["start"], e["end"], plain(e["label"]).strip()) for e in expected]


def webvtt(path, expected):
    import webvtt
    read = webvtt.read(path)
    return [(c.start_in_seconds + int(c.start[-3:]) / 1000, c.end_in_seconds + int(c.end[-3:]) / 1000,
             html.unescape(c.raw_text)) for c in read.captions], \
        [(e["start"], e["end"], f"{plain(e['label'])} ({e['score']:.2f})") for e in expected]


def jams(path, expected):
    import jams
    read = jams.load(path, validate=True, strict=True)
    assert len(read.annotations) == 1 and read.annotations[0].namespace == "tag_open"
    assert read.file_metadata.duration == expected[0]["seconds"] and read.file_metadata.title == expected[0]["clip"]
    assert read.sandbox.path == expected[0]["path"]
    return [(o.time, o.time + o.duration, o.value, o.confidence) for o in read.annotations[0].data], \
        [(e["start"], e["end"], e["label"], e["score"]) for e in expected]


def kaleidoscope(path, expected):
    import pandas
    read = pandas.read_csv(path, keep_default_na=False)
    found = [(str(Path(r["INDIR"], r["FOLDER"], r["IN FILE"])), r["OFFSET"], r["OFFSET"] + r["DURATION"], r["TOP1MATCH"],
              1 - r["TOP1DIST"], r["MANUAL ID"]) for _, r in read.iterrows()]
    assert len(set(read["INDIR"])) == 1, "recordings of one cache have one INDIR"
    return found, [(e["path"], e["start"], e["end"], e["label"], e["score"], "") for e in expected]


def same(a, b):
    if isinstance(b, str):
        return str(a) == b
    return abs(float(a) - float(b)) <= 0.000_51 if TOLERANT else abs(float(a) - float(b)) <= 0.000_001_1


def main():
    global TOLERANT
    name, path, expected = sys.argv[1:]
    TOLERANT = name == "webvtt"
    expected = json.loads(Path(expected).read_text())
    found, wanted = globals()[name](path, expected)
    if len(found) != len(wanted):
        sys.exit(f"{name}: found {len(found)} events, expected {len(wanted)}")
    for place, (a, b) in enumerate(zip(found, wanted)):
        if len(a) != len(b) or not all(map(same, a, b)):
            sys.exit(f"{name}: event {place} is {a}, expected {b}")
    print(f"{len(found)} events")


if __name__ == "__main__":
    main()
