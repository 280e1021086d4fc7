"""The example of the library, built as the package of its own that it is, and run over a made-up corpus.

Its source is built with Earmark too, and a test runs that; but only here does another package build against the product.
That compiles all of Earmark again, minutes on two cores, which is too long for every test run.
"""
import csv
import os
import shutil

from bench import ROOT, Bench
from process import run
from product import Product

bench = Bench("example_package", __doc__, clips=6)
product = Product(bench)
if not shutil.which("swift"):
    bench.skip("build", "no 'swift' on the PATH")
    bench.end()

build = bench.scratch / "build"
folder = ROOT / "Examples" / "TagFiles"
ended = run(["swift", "build", "-c", "release", "--package-path", folder, "--scratch-path", build], limit=1800)
built = bench.check("it builds as a package of its own", ended.status == 0,
                    f"{ended.seconds:.0f} s" if ended.status == 0 else ended.out[-2000:] + ended.err[-2000:])
if built:
    manifest = product.corpus("corpus", bench.options.clips)
    with open(manifest, newline="") as file:
        paths = [os.path.join(bench.scratch, row["path"]) for row in csv.DictReader(file)]
    cache = bench.scratch / "cache"
    ended = run([build / "release" / "TagFiles", ROOT / "Pipelines" / "label.yaml", cache, *paths])
    lines = ended.out.splitlines()
    bench.check("it labels every file", ended.status == 0 and len(lines) == len(paths)
                and all(line.startswith(f"{path}: ") for line, path in zip(lines, paths)), ended.line)
    for line in lines:
        bench.note(line.replace(str(bench.scratch) + "/", ""))
    status, ended = product.status(cache)
    bench.check("the command finds all of them done", status is not None and status["done"] == len(paths), ended.line)
bench.end()
