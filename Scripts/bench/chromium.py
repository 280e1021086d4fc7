"""A headless Chromium, told what to do over the two pipes of its DevTools protocol; nothing needs installing.

    with Chromium() as browser:
        browser.open("file:///tmp/report.html")
        print(browser.evaluate("document.title"))

or, from a shell, pictures of a page:

    python3 Scripts/bench/chromium.py PAGE OUT.png [--width 1280] [--height 900] [--dark] [--no-script] [--full] [--eval JS]
"""
import argparse
import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def find():
    """Chromium's path; None where there is none."""
    return next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


class Chromium:
    def __init__(self, width=1280, height=900, dark=False, script=True):
        self.size, self.dark, self.script = (width, height), dark, script

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (read, self.write), (self.read, write) = os.pipe(), os.pipe()
        # Chromium reads from descriptor 3 and writes to 4. Both of these first move out of the way, as they may be 3 or 4 themselves.
        read, write = os.dup2(read, 103), os.dup2(write, 104)
        self.process = subprocess.Popen(
            ["bash", "-c", 'exec 3<&103 4>&104; exec "$@"', "bash", find(), "--headless=new", "--no-sandbox",
             "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}",
             "--autoplay-policy=no-user-gesture-required", "about:blank"],
            pass_fds=(103, 104), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(103)
        os.close(104)
        self.buffer, self.last, self.session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=self.size[0], height=self.size[1], deviceScaleFactor=1,
                  mobile=self.size[0] < 500)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}])
        if not self.script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.read)
        os.close(self.write)
        self.profile.cleanup()

    def message(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.read, 1 << 20)
            if not piece:
                raise RuntimeError("Chromium ended")
            self.buffer += piece
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.last += 1
        order = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            order["sessionId"] = self.session
        data = json.dumps(order).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data):]
        while True:
            answer = self.message()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, address):
        """Opens a page, and returns when it has loaded."""
        self.events.clear()
        self.call("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def evaluate(self, expression):
        """An expression's value; a promise's is awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", str(answer)))
        return answer["result"].get("value")

    def complaints(self):
        """What the browser had to say of the page: faults of scripts, and what the policy kept from loading."""
        return [event["params"]["entry"]["text"] for event in self.events if event.get("method") == "Log.entryAdded"] + [
            event["params"]["exceptionDetails"]["text"] for event in self.events
            if event.get("method") == "Runtime.exceptionThrown"]

    def picture(self, path, full=False):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full,
                         **({"clip": self.whole()} if full else {}))["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def whole(self):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 12000), "scale": 1}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("out")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--no-script", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--eval", action="append", default=[])
    arguments = parser.parse_args()
    with Chromium(arguments.width, arguments.height, arguments.dark, not arguments.no_script) as browser:
        browser.open(Path(arguments.page).resolve().as_uri())
        for expression in arguments.eval:
            print(json.dumps(browser.evaluate(expression)))
        browser.picture(arguments.out, arguments.full)
        for text in browser.complaints():
            print("complaint:", text)


if __name__ == "__main__":
    main()
