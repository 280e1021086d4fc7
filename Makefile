# The two commands to know: `make demo` and `make test`. Both install what is missing first.
SWIFT_FLAGS = -c release

.PHONY: demo test build setup lint bench soak clean

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
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests

bench: build
	@Scripts/bench.sh

soak: build
	@Scripts/soak.sh

clean:
	rm -rf .build
