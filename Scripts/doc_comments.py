#!/usr/bin/env python3
"""Finds public and package declarations that lack a doc comment, and throwing ones that do not say what they throw.

What says enough by itself is left alone: stored properties, properties and functions of one line, initialisers that only
take their values over, and what carries out a requirement that its protocol documents.
"""
import re
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "Sources"
ATTRIBUTES = r"(?:@\w+(?:\([^)]*\))? )*"
MODIFIERS = r"(?: (?:static|final|mutating|indirect|nonisolated|convenience|override|lazy|required))*"
DECLARATION = re.compile(rf"^( *){ATTRIBUTES}(?:package|public){MODIFIERS} "
                         r"(func|var|struct|enum|class|init|protocol|typealias|subscript|actor)\b[?]? *(\w*|==)")
WITNESSES = {"description", "==", "hash", "encode"}


def doc_above(lines, index):
    """The doc comment above a line, attributes left out."""
    place = index - 1
    while place >= 0 and re.match(r"^\s*@", lines[place]):
        place -= 1
    found = []
    while place >= 0 and lines[place].strip().startswith("///"):
        found.append(lines[place])
        place -= 1
    return "\n".join(found)


def signature(lines, index):
    """A declaration up to its body, and the index of its last line."""
    text, place = lines[index], index
    while text.count("(") > text.count(")") and place + 1 < len(lines):
        place += 1
        text += " " + lines[place].strip()
    return text, place


def is_throwing(text):
    """Whether the declaration itself throws, and not only a closure that it takes."""
    depth = 0
    for match in re.finditer(r"[()]|\bthrows\b|\{", text):
        token = match.group()
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "{" and depth == 0:
            return False
        if token == "throws" and depth == 0:
            return True
    return False


def body_is_short(lines, last):
    """Whether the body is on the declaration's own line, or has one line that takes no decision."""
    if re.search(r"\{.*\}\s*$", lines[last]):
        return True
    return last + 2 < len(lines) and lines[last + 2].strip() == "}" and "if " not in lines[last + 1]


def takes_over(lines, last):
    """Whether an initialiser does nothing but `self.name = name`."""
    place = last + 1
    while place < len(lines) and lines[place].strip() != "}":
        if not re.match(r"^\s*(self\.)?\w+ = [\w.]+( \?\? [\w.]+)?$", lines[place]):
            return False
        place += 1
    return True


def requirements():
    """Names of functions and properties that a protocol of the project documents."""
    names = set()
    for path in SOURCES.rglob("*.swift"):
        lines = path.read_text().split("\n")
        inside = False
        for index, line in enumerate(lines):
            if re.match(r"^(package |public )?protocol ", line):
                inside = True
            elif line == "}":
                inside = False
            match = inside and re.match(r"^    (?:static |mutating )?(?:func|var|init) *(\w*)", line)
            if match and doc_above(lines, index):
                names.add(match.group(1))
    return names


def main():
    documented = requirements()
    wrong = 0
    for path in sorted(SOURCES.rglob("*.swift")):
        lines = path.read_text().split("\n")
        for index, line in enumerate(lines):
            match = DECLARATION.match(line)
            if not match:
                continue
            kind, name = match.group(2), match.group(3)
            text, last = signature(lines, index)
            doc = doc_above(lines, index)
            is_type = kind in ("struct", "enum", "class", "protocol", "typealias", "actor")
            excused = name in WITNESSES or (not is_type and name in documented)
            stored = kind == "var" and "{" not in line
            short = kind in ("func", "var", "subscript") and body_is_short(lines, last)
            plain = kind == "init" and (takes_over(lines, last) or re.search(r"\{.*\}\s*$", lines[last]))
            place = f"{path.relative_to(SOURCES.parent)}:{index + 1}"
            if not doc and not excused and not stored and not short and not plain:
                print(f"{place}: '{name or kind}' has no doc comment")
                wrong += 1
            if kind != "typealias" and is_throwing(text) and not excused and "hrows" not in doc:
                print(f"{place}: '{name or kind}' throws; its doc comment does not say what")
                wrong += 1
    if wrong:
        print(f"doc_comments.py: {wrong} declarations, expected none")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
