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
wanted=$(sha256sum Scripts/tests/browser-requirements.txt)
place=.build/browser
[ "$(cat "$place/made-of" 2>/dev/null)" = "$wanted" ] && exit 0
echo "browser: making $place (once; Selenium, which drives the browser)"
mkdir -p .build
rm -rf "$place"
python=python3
[ -x /usr/bin/python3 ] && python=/usr/bin/python3
"$python" -m venv "$place" >/dev/null 2>&1 || { rm -rf "$place"; skip "'$python -m venv' fails (is python3-venv installed?)"; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
timeout 600 "$place/bin/pip" install -q --disable-pip-version-check -r Scripts/tests/browser-requirements.txt >"$log" 2>&1 ||
    { rm -rf "$place"; skip "pip cannot install Selenium ($(grep -i error "$log" | tail -1))"; }
echo "$wanted" >"$place/made-of"
