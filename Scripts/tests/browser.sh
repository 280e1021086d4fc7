#!/usr/bin/env bash
# Makes .build/browser, a Python environment with Selenium, by which tests drive a browser, and finds chromium and its driver.
# Where they are missing and cannot be had, that is said and the tests are skipped: nothing of ours needs them.
# EARMARK_BROWSER_PYTHON names another Python that has Selenium.
set -uo pipefail
cd "$(dirname "$0")/../.."
skip() {
    echo "browser: $*: tests of the page in a browser are skipped" >&2
    exit 0
}
missing=()
command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    command -v apt-get >/dev/null || skip "found no ${missing[*]}, and no apt-get to install them"
    echo "browser: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null 2>&1 ||
        { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq "${missing[@]}"; } >/dev/null 2>&1 ||
        skip "apt-get cannot install ${missing[*]}"
    command -v chromedriver >/dev/null || skip "found no chromedriver after installing ${missing[*]}"
fi
[ -n "${EARMARK_BROWSER_PYTHON:-}" ] && exit 0
reason=$(Scripts/tests/environment.sh .build/browser Scripts/tests/browser-requirements.txt "Selenium, which drives the browser") ||
    skip "$reason"
