"""README.md's pictures, of what 'earmark demo' left in a folder. Scripts/pictures.sh runs this.

    python3 Scripts/bench/pictures.py EARMARK DEMO OUT     report.png, review.png and their -dark ones
    python3 Scripts/bench/pictures.py --check              status 1 where there is no Chromium
"""
import base64
import csv
import json
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

from chromium import Chromium, find

# A class with something to see: bells that fade, one that another sound follows, false and missed ones.
CLASS = "Church_bell"
# The event that the page of 'earmark review' shows: it ends before its recording does.
CLIP = "26642"
# Bytes of a picture; a README that is slow to load is not read.
MOST = 150_000
# Width and height of the page of 'earmark review', in pixels.
REVIEW_SIZE = (1192, 860)


def main():
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if find() else 1)
    earmark, demo, out = sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    is_too_large = False
    for suffix, dark in (("", False), ("-dark", True)):
        for name, data in (("report", report(demo, dark)), ("review", review(earmark, demo, dark))):
            path = out / f"{name}{suffix}.png"
            path.write_bytes(small(data))
            size = path.stat().st_size
            print(f"{path}: {size:,} bytes")
            is_too_large |= size > MOST
    if is_too_large:
        sys.exit(f"pictures.py: a picture is larger than {MOST:,} bytes; expected less")


def report(demo, dark):
    """A class's section of the report, from its heading to the end of the best examples."""
    with Chromium(1192, 900, dark) as browser:
        browser.open((demo / "stats/report.html").as_uri())
        browser.evaluate("""[...document.querySelectorAll("#classes-table a")]
            .find((link) => link.textContent === %s).click()""" % json.dumps(CLASS))
        wait(browser, "document.querySelector('details.class[open] .examples') !== null")
        # The first pixel is the line above the section.
        area = browser.evaluate("""(() => {
            const section = document.querySelector("details.class[open]");
            const from = section.getBoundingClientRect();
            const to = section.querySelector(".examples").getBoundingClientRect();
            return { x: from.x - 16, y: from.y + scrollY + 1, width: from.width + 32, height: to.bottom - from.y + 8 };
        })()""")
        return shot(browser, area)


def review(earmark, demo, dark):
    """The page of 'earmark review' with a class's events, those before CLIP's judged by keys as the truth has them."""
    cache = demo / "cache"
    with open(demo / "manifest.csv", newline="") as file:
        having = {row["clip"] for row in csv.DictReader(file) if CLASS in row["labels"].split(",")}
    # The picture in the other colours began with the same judgements.
    (cache / "judgements.sqlite").unlink(missing_ok=True)
    server = subprocess.Popen([earmark, "review", "--cache", cache, "--threshold", "0.2", "--reviewer", "demo"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip()
        if not address:
            sys.exit("pictures.py: 'earmark review' printed no address: " + server.stderr.read())
        with Chromium(*REVIEW_SIZE, dark) as browser:
            browser.open(f"{address}#class={CLASS}")
            wait(browser, "document.querySelector('#list [aria-current]') !== null")
            shown = "document.querySelector('#list [aria-current] .where bdi').textContent"
            while (clip := browser.evaluate(shown)) != CLIP:
                before = place(browser)
                press(browser, "a" if clip in having else "r")
                wait(browser, f"document.getElementById('place').textContent !== {json.dumps(before)}")
            wait(browser, "document.getElementById('mel').complete && document.querySelector('#curve .line') !== null")
            browser.evaluate("""new Promise((resolve) => {
                const sound = document.getElementById("sound");
                sound.addEventListener("seeked", resolve, { once: true });
                sound.pause();
                sound.currentTime = 1.3;
            }).then(() => true)""")
            wait(browser, "document.querySelector('#curve .head').getAttribute('x1') > 0")
            # The message of the last judgement stands over the page for a while.
            wait(browser, "document.getElementById('message').textContent === ''")
            return shot(browser, {"x": 0, "y": 0, "width": REVIEW_SIZE[0], "height": REVIEW_SIZE[1]})
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)


def place(browser):
    """Where in the queue the page is, such as '2 of 9'."""
    return browser.evaluate("document.getElementById('place').textContent")


def press(browser, key):
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, code="Key" + key.upper(),
                     **({"text": key} if kind == "keyDown" else {}))


def wait(browser, condition):
    """Returns when the page fulfils a condition; after ten seconds that it does not, ends with it."""
    if not browser.evaluate("""new Promise((resolve) => {
        const end = Date.now() + 10000;
        const look = () => (%s) ? resolve(true) : Date.now() > end ? resolve(false) : setTimeout(look, 30);
        look();
    })""" % condition):
        sys.exit(f"pictures.py: the page did not come to: {condition}")


def shot(browser, area):
    return base64.b64decode(browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                                         clip={**area, "scale": 1})["data"])


# MARK: PNG

def small(data):
    """A PNG of 256 colours, about a third of the size; by NumPy alone, as no program for it is everywhere."""
    import numpy

    pixels = decoded(data, numpy)
    height, width, _ = pixels.shape
    colours, which, counts = numpy.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    palette, of_colour = quantised(colours.astype(numpy.float64), counts, numpy)
    rows = of_colour[which.reshape(-1)].reshape(height, width).astype(numpy.uint8)
    lines = numpy.concatenate([numpy.zeros((height, 1), numpy.uint8), rows], axis=1).tobytes()
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
            + chunk(b"PLTE", palette.tobytes()) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))


def quantised(colours, counts, numpy):
    """Median cut: at most 256 colours, and which of them stands for each. The most frequent colours stay exact, so
    that plain areas and the text on them do; the rest are cut into boxes."""
    exact = numpy.argsort(-counts, kind="stable")[:48]
    rest = numpy.setdiff1d(numpy.arange(len(colours)), exact)
    # Frequent colours weigh more, but not so much more that rare ones are lost.
    weights = numpy.sqrt(counts)
    boxes = [rest] if len(rest) else []
    while boxes and len(boxes) < 256 - len(exact):
        spreads = [numpy.ptp(colours[box], axis=0).max() * weights[box].sum() ** 0.5 for box in boxes]
        widest = int(numpy.argmax(spreads))
        if spreads[widest] == 0:
            break
        box = boxes.pop(widest)
        box = box[numpy.argsort(colours[box][:, numpy.argmax(numpy.ptp(colours[box], axis=0))], kind="stable")]
        middle = int(numpy.searchsorted(numpy.cumsum(weights[box]), weights[box].sum() / 2))
        middle = min(max(middle, 1), len(box) - 1)
        boxes += [box[:middle], box[middle:]]
    means = [numpy.average(colours[box], axis=0, weights=weights[box]) for box in boxes]
    palette = numpy.concatenate([colours[exact], numpy.array(means).reshape(-1, 3)])
    of_colour = numpy.concatenate([
        ((colours[start:start + 4096, None, :] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
        for start in range(0, len(colours), 4096)])
    return numpy.rint(palette).astype(numpy.uint8), of_colour


def decoded(data, numpy):
    """Pixels [height, width, 3] of an 8-bit RGB or RGBA PNG that is not interlaced, as Chromium writes it."""
    place, body, header = 8, b"", None
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        content = data[place + 8:place + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            body += content
        place += 12 + length
    width, height, depth, colour, _, _, interlace = header
    if depth != 8 or colour not in (2, 6) or interlace:
        sys.exit(f"pictures.py: found a PNG of depth {depth}, colour type {colour}; expected 8 and 2 or 6")
    step = 3 if colour == 2 else 4
    lines = numpy.frombuffer(zlib.decompress(body), numpy.uint8).reshape(height, 1 + width * step)
    pixels = numpy.zeros((height, width, step), numpy.uint8)
    above = bytes(width * step)
    for row in range(height):
        kind, line = lines[row, 0], bytearray(lines[row, 1:].tobytes())
        for i in range(len(line) if kind else 0):
            left, up, corner = (line[i - step], above[i], above[i - step]) if i >= step else (0, above[i], 0)
            if kind == 1:
                line[i] = (line[i] + left) & 255
            elif kind == 2:
                line[i] = (line[i] + up) & 255
            elif kind == 3:
                line[i] = (line[i] + (left + up) // 2) & 255
            else:
                line[i] = (line[i] + min((abs(up - corner), 0, left), (abs(left - corner), 1, up),
                                         (abs(left + up - 2 * corner), 2, corner))[2]) & 255
        above = bytes(line)
        pixels[row] = numpy.frombuffer(above, numpy.uint8).reshape(width, step)
    return pixels[:, :, :3]


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    main()
