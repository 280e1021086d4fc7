#!/usr/bin/env python3
"""Judges events on the page of 'earmark review' in a real browser, as a person does by keyboard.

    browser.py EARMARK CACHE SCREENSHOTS [--hostile]

CACHE has events of real sounds at a threshold of 0.2; with --hostile, some in clips whose names look like markup.
Prints 'all N checks passed' or what failed; pictures of the page, light, dark and 390 pixels wide, go into the folder
SCREENSHOTS.
"""

import csv
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

PATIENCE = 30  # seconds after which something that never comes is a failure
checks = 0


def check(condition, what):
    global checks
    if not condition:
        raise AssertionError(what)
    checks += 1


def browser(width=1280, height=1000):
    options = webdriver.ChromeOptions()
    for path in ("/usr/bin/chromium", "/usr/bin/google-chrome"):
        if os.path.exists(path):
            options.binary_location = path
            break
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        f"--window-size={width},{height}",
        "--autoplay-policy=no-user-gesture-required",
        "--mute-audio",
        "--force-prefers-reduced-motion",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # The system's own driver: Selenium would look for one on the net.
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


class Review:
    """The program while it serves."""

    def __init__(self, earmark, cache, *arguments):
        self.process = subprocess.Popen(
            [earmark, "review", "--cache", cache, "--threshold", "0.2", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = self.process.stdout.readline().strip()

    def end(self):
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output, errors


class Page:
    """The page in one browser."""

    def __init__(self, driver, address):
        self.driver = driver
        driver.get(address)
        self.until(lambda: self.shown() and self.text("verdict") is not None, "an event is shown")
        self.settle()

    def until(self, condition, what):
        try:
            return WebDriverWait(self.driver, PATIENCE, poll_frequency=0.02).until(lambda _: condition())
        except Exception as error:
            self.driver.save_screenshot(os.path.join(sys.argv[3], "failed.png"))
            raise AssertionError(f"{what}: {type(error).__name__}; message '{self.text('message')}'") from None

    def find(self, name):
        return self.driver.find_element(By.ID, name)

    def text(self, name):
        return self.driver.execute_script("return document.getElementById(arguments[0])?.textContent ?? null", name)

    def shown(self):
        return self.driver.execute_script("return !document.getElementById('event').hidden")

    def settle(self):
        """Waits until the shown event's picture and curve are there."""
        self.until(
            lambda: self.driver.execute_script(
                """
            const mel = document.getElementById('mel');
            return mel.complete && mel.naturalWidth > 0 &&
                !!document.querySelector('#curve path.line')?.getAttribute('d')"""
            ),
            "picture and curve are drawn",
        )

    def key(self, key):
        ActionChains(self.driver).send_keys(key).perform()

    def place(self):
        return self.text("place")

    def judge(self, key):
        before = self.place()
        self.key(key)
        self.until(lambda: self.place() != before, f"'{key}' goes on to the next event")
        self.settle()

    def titles(self):
        return self.driver.execute_script(
            "return [...document.querySelectorAll('#list button')].map(b => b.textContent)"
        )

    def scores(self):
        return self.driver.execute_script(
            "return [...document.querySelectorAll('#list .score')].map(s => +s.textContent)"
        )

    def sort(self):
        """By score, the highest first."""
        Select(self.driver.find_element(By.NAME, "order")).select_by_value("score")
        self.until(
            lambda: self.scores() == sorted(self.scores(), reverse=True) and self.place().startswith("1 of"),
            "sorted by score",
        )
        self.settle()

    def marks(self):
        return self.driver.execute_script(
            "return [...document.querySelectorAll('#list .mark')].map(m => m.textContent)"
        )

    def total(self):
        return int(self.text("total").split()[0].replace(",", ""))

    def set(self, name, value):
        field = self.driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(value)

    def settled_total(self, wanted, what):
        self.until(lambda: wanted(self.total()), what)

    def filtered(self, change, condition, what):
        change()
        self.until(lambda: condition(), what)
        if self.shown():
            self.settle()


def refused(address, **headers):
    request = urllib.request.Request(address, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=PATIENCE).status
    except urllib.error.HTTPError as error:
        return error.code


def reviewed(earmark, cache, folder):
    path = os.path.join(folder, "reviewed.csv")
    subprocess.run(
        [earmark, "export", "events", "--cache", cache, "--threshold", "0.2", "--reviewed", "--out", path],
        check=True,
        capture_output=True,
    )
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def first_reviewer(page, driver):
    # What is loaded.
    check(page.total() >= 8, f"found {page.total()} events, expected at least 8")
    check("token" not in driver.current_url, "the token leaves the address")
    check(driver.execute_script("return document.activeElement.id") != "empty", "something has the focus")

    # Sorted by score.
    page.sort()

    # It plays: the audio element's time goes on.
    page.driver.execute_script("document.getElementById('label').focus()")
    page.key(" ")
    now = lambda: driver.execute_script("return document.getElementById('sound').currentTime")
    page.until(lambda: now() > 0.3, "the sound plays")
    check(not driver.execute_script("return document.getElementById('sound').paused"), "it is playing")
    page.key(" ")
    page.until(lambda: driver.execute_script("return document.getElementById('sound').paused"), "Space pauses")

    # Judged by keyboard.
    labels = [page.text("label")]
    for key in ("a", "r", "u"):
        page.judge(key)
        labels.append(page.text("label"))
    check(page.marks()[:4] == ["✓", "✗", "?", "·"], f"marks in the list: {page.marks()[:4]}")
    page.judge(Keys.ENTER)
    check(page.marks()[3] == "✓", "Enter accepts")

    # Undo: the last one is shown again, as not judged.
    page.key("z")
    page.until(lambda: page.place().startswith("4 of") and page.marks()[3] == "·", "Z takes back the last")
    page.settle()

    # Borders at the playing position, and an accepted event with them.
    driver.execute_script("document.getElementById('sound').currentTime = 1.25")
    page.until(lambda: abs(now() - 1.25) < 0.05, "the player is moved")
    start = float(page.find("start").get_property("value"))
    end = float(page.find("end").get_property("value"))
    moved = driver.execute_script("return document.getElementById('sound').currentTime")
    page.key("[")
    page.until(
        lambda: float(page.find("start").get_property("value")) != start or abs(moved - 1) < 0.001, "[ sets the start"
    )
    corrected = float(page.find("start").get_property("value"))
    check(corrected < end, "the corrected start lies before the end")
    page.judge("a")

    # Another label, chosen by typing.
    page.key("l")
    page.until(lambda: page.find("labels").get_attribute("open") is not None, "L opens the classes")
    own = page.text("label")
    other = driver.execute_script(
        "return [...document.querySelectorAll('[name=class] option')].map(o => o.value)"
        ".find(v => v && v !== arguments[0])",
        own,
    )
    page.driver.switch_to.active_element.send_keys(other.lower())
    page.until(
        lambda: driver.execute_script("return document.querySelectorAll('#label-list li').length") > 0,
        "classes are listed",
    )
    chosen = driver.find_element(By.CSS_SELECTOR, "#label-list li[aria-selected=true]").text
    check(chosen == other, f"chosen '{chosen}', expected '{other}'")
    before = page.place()
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.until(lambda: page.place() != before, "the label is kept")
    page.settle()
    check(page.marks()[:5] == ["✓", "✗", "?", "✓", "✓"], f"marks: {page.marks()[:5]}")
    return corrected, chosen


def judge_two(page, driver, keys):
    """Types two verdicts at once on the sixth and the seventh event."""
    driver.execute_script("document.querySelectorAll('#list button')[5].click()")
    page.until(lambda: page.place().startswith("6 of"), "the sixth event")
    page.settle()
    ActionChains(driver).send_keys(keys).perform()
    page.until(lambda: page.place().startswith("8 of"), f"'{keys}' judges two events, though typed at once")


def while_locked(page, driver, earmark, cache, folder):
    """What cannot be kept for now is kept by the page, in order, and sent when it can be."""
    driver.refresh()
    page.until(lambda: page.shown(), "the page again")
    page.settle()
    page.sort()
    first, second = page.titles()[5:7]
    judge_two(page, driver, "ar")
    page.until(lambda: page.marks()[5:7] == ["✓", "✗"], "typed at once, judged in order")
    path = os.path.join(cache, "judgements.sqlite")
    count = lambda: sqlite3.connect(path).execute("SELECT count(*) FROM judgements").fetchone()[0]
    page.until(lambda: page.find("unsent").is_displayed() is False, "all is kept")
    before = count()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    judge_two(page, driver, "ru")
    page.until(lambda: page.find("unsent").is_displayed(), "it is said that they are not kept")
    check(page.text("unsent").startswith("2 judgements are not kept yet: "), page.text("unsent"))
    check("another program holds the file" in page.text("unsent"), page.text("unsent"))
    check(page.marks()[5:7] == ["…", "…"], f"marks of what is not kept: {page.marks()[5:7]}")
    # The page is shown and answers meanwhile.
    page.key(Keys.ARROW_LEFT)
    page.until(lambda: page.place().startswith("7 of"), "events are shown meanwhile")
    page.settle()
    check("not kept yet" in page.text("verdict"), page.text("verdict"))
    check([title[1:] for title in page.titles()[5:7]] == [first[1:], second[1:]], "the same events")
    # A third, taken back before it is kept.
    page.judge("a")
    page.key("z")
    page.until(lambda: page.place().startswith("7 of"), "Z shows it again")
    holder.execute("ROLLBACK")
    holder.close()
    page.until(lambda: not page.find("unsent").is_displayed(), "they are kept once the file is free")
    page.until(lambda: page.marks()[5] == "✗", f"the first is kept: {page.marks()[5:7]}")
    driver.refresh()
    page.until(lambda: page.shown(), "the page again")
    page.settle()
    check(page.marks()[5:7] == ["✗", "?"], f"after a reload: {page.marks()[5:7]}")
    rows = sqlite3.connect(path).execute("SELECT verdict FROM judgements WHERE id > ? ORDER BY id", (before,)).fetchall()
    check([row[0] for row in rows] == ["reject", "unsure", "accept", "undo"], f"each once, in order: {rows}")


def main():
    earmark, cache, folder = sys.argv[1:4]
    os.makedirs(folder, exist_ok=True)
    review = Review(earmark, cache, "--reviewer", "Ann")
    drivers = []
    try:
        check(
            review.address.startswith("http://127.0.0.1:") and "/?token=" in review.address,
            f"printed '{review.address}'",
        )
        host = review.address.split("/?")[0]
        check(refused(host + "/") == 403, "without the token nothing is served")
        check(refused(review.address, Host="evil.example") == 421, "another Host is refused")
        check(refused(review.address, Origin="http://evil.example") == 403, "another Origin is refused")

        driver = browser()
        drivers.append(driver)
        page = Page(driver, review.address)
        every = page.total()
        corrected, chosen = first_reviewer(page, driver)
        page.until(lambda: page.text("judged").startswith("5 of"), "5 events are counted")
        driver.save_screenshot(os.path.join(folder, "light.png"))

        # A reload shows all of it again, at the same event.
        place = page.place()
        driver.refresh()
        page.until(lambda: page.shown() and page.place() == place, "the same event after a reload")
        page.settle()
        check(page.marks()[:5] == ["✓", "✗", "?", "✓", "✓"], "the same judgements after a reload")

        # Search.
        name = driver.execute_script("return document.querySelector('#list .where bdi').textContent")
        page.filtered(lambda: page.set("text", name.upper()), lambda: 0 < page.total() < every, "search by name")
        check(all(name in title for title in page.titles()), "only recordings of that name")
        if "--hostile" in sys.argv:
            page.filtered(
                lambda: page.set("text", "ONERROR=alert"),
                lambda: page.titles() and all("onerror" in title for title in page.titles()),
                "search by a hostile name",
            )
            check(
                all("<img src=x onerror=alert(1)>" in title for title in page.titles()),
                f"shown as text: {page.titles()}",
            )
            check(
                driver.execute_script("return document.querySelectorAll('img').length") == 1,
                "no picture of a name's own",
            )
            check("\u2401" in page.titles()[0], "control characters are shown as such")
        page.filtered(lambda: page.set("text", "no such recording"), lambda: page.total() == 0, "nothing is found")
        check(page.find("empty").is_displayed(), "that is said")
        page.filtered(
            lambda: page.driver.execute_script(
                "const t = document.querySelector('[name=text]'); t.value = ''; t.dispatchEvent(new Event('input',"
                " {bubbles: true}))"
            ),
            lambda: page.total() == every,
            "all again",
        )
        page.filtered(
            lambda: driver.find_element(By.NAME, "open").click(), lambda: page.total() == every - 5, "not yet judged"
        )
        driver.find_element(By.NAME, "open").click()
        page.settled_total(lambda total: total == every, "all again")

        # A second reviewer in a second browser, at the same time.
        other = browser()
        drivers.append(other)
        second = Page(other, review.address)
        field = second.find("reviewer")
        field.clear()
        field.send_keys("Ben שלום <b>" + Keys.ENTER)
        other.execute_script("document.getElementById('label').focus()")
        second.sort()
        other.execute_script("document.getElementById('label').focus()")
        second.judge("r")  # disputes the first
        second.judge("r")  # agrees on the second
        driver.refresh()
        page.until(lambda: page.shown(), "the first again")
        page.settle()
        check(page.marks()[:2] == ["✓", "✗"], "the other reviewer's judgements replace none of mine")

        # What a screen reader is told, and that nothing of a name is taken as markup.
        unnamed = driver.execute_script(
            """return [...document.querySelectorAll('button, input, select, audio')].filter(e =>
            e.offsetParent && !e.textContent.trim() && !e.labels?.length && !e.ariaLabel &&
            e.tagName !== 'AUDIO').map(e => e.outerHTML)"""
        )
        check(not unnamed, f"without a name: {unnamed}")
        other.refresh()
        second.until(lambda: second.shown(), "the other again")
        check(
            other.execute_script("return document.querySelectorAll('#said b b, #said bdi b').length") == 0,
            "no markup of a name",
        )

        # Pictures: dark, and as narrow as a phone.
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
        )
        driver.save_screenshot(os.path.join(folder, "dark.png"))
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
        )
        driver.refresh()
        page.until(lambda: page.shown(), "the page on a phone")
        page.settle()
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        check(wide <= 390, f"{wide} pixels wide, expected 390")
        driver.save_screenshot(os.path.join(folder, "phone.png"))
        driver.execute_script("window.scrollTo(0, 700)")
        driver.save_screenshot(os.path.join(folder, "phone-below.png"))
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_script("window.scrollTo(0, 0); document.getElementById('help').click()")
        driver.save_screenshot(os.path.join(folder, "keys.png"))

        for one in drivers:
            bad = [entry for entry in one.get_log("browser") if entry["level"] == "SEVERE"]
            check(not bad, f"the browser complains: {bad}")

        rows = [row for row in reviewed(earmark, cache, folder) if row["verdict"]]
        found = sorted((row["verdict"], row["reviewer"]) for row in rows)
        both = "Ann; Ben שלום <b>"
        check(
            found == sorted(
                [("disputed", both), ("reject", both), ("unsure", "Ann"), ("accept", "Ann"), ("accept", "Ann")]
            ),
            f"exported {found}",
        )
        check(any(row["corrected_label"] == chosen for row in rows), "the corrected label is exported")
        check(
            any(row["corrected_start"] and abs(float(row["corrected_start"]) - corrected) < 0.002 for row in rows),
            "the corrected start is exported",
        )
        check(all(row["judged_at"].endswith("Z") for row in rows), "when it was judged")
        while_locked(page, driver, earmark, cache, folder)
    finally:
        for driver in drivers:
            driver.quit()
        status, output, errors = review.end()
    check(status == 0 and output == "", f"Ctrl-C ends it: status {status}, '{output}', '{errors}'")
    print(f"all {checks} checks passed")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"failed after {checks} checks: {error}")
