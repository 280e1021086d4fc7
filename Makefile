# The two commands to know: `make demo` and `make test`. Both install what is missing first.
SWIFT_FLAGS = -c release

.PHONY: demo test build setup lint bench soak clean deb test-deb install uninstall

# Where `make install` puts things; DESTDIR goes before it while copying.
PREFIX ?= /usr/local
export PREFIX DESTDIR

demo: build
	@.build/release/earmark demo

test: setup lint
	@Scripts/build.sh $(SWIFT_FLAGS) --build-tests
	@Scripts/test.sh $(SWIFT_FLAGS)

build: setup
	@Scripts/build.sh $(SWIFT_FLAGS) --product earmark

setup:
	@Scripts/setup.sh

lint:
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples
	@python3 Scripts/doc_comments.py

bench: build
	@Scripts/bench.sh

soak: build
	@Scripts/soak.sh

# A Debian package, and the program with the Swift runtime in it, which needs no Swift where it runs.
deb: setup
	@Scripts/package/deb.sh

test-deb: setup
	@Scripts/package/test.sh

install: setup
	@Scripts/package/install.sh "$$(Scripts/package/program.sh | tail -1)"

uninstall:
	@Scripts/package/install.sh --uninstall

clean:
	rm -rf .build
