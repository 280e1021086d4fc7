#!/usr/bin/env python3
"""Makes the manual page from the program's own help: man_page.py PROGRAM > earmark.1

The dates are those of SOURCE_DATE_EPOCH, else of today. In the help's text a line of capitals begins a section: EXAMPLE is
shown as typed, EXIT STATUS is a list of numbers, ENVIRONMENT a list of names.
"""
import json
import os
import re
import subprocess
import sys
import textwrap
import time

WIDTH = 66  # of an example, so that it fits on 80 columns
HEADING = re.compile(r"([A-Z]{3}[A-Z ]*?)(?:  +(.*))?$")


def escaped(text):
    """Text as roff has it: no line begins with a control character, no backslash is read as an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("^", "\\(ha")
    return "\\&" + text if text[:1] in (".", "'") else text


def filled(text):
    """Text that is filled when shown: each sentence begins a line, as the macros want it."""
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z'])", " ".join(text.split()))
    return [escaped(line) for sentence in sentences
            for line in textwrap.wrap(sentence, 72, break_long_words=False, break_on_hyphens=False)]


def words(text):
    """Text as macros' arguments."""
    return " ".join('"%s"' % escaped(word).replace('"', "\\(dq") for word in text.split())


def wrapped(command):
    """An example's lines, a long one continued as a shell would read it."""
    lines = []
    while len(command) > WIDTH:
        cut = command.rfind(" ", 0, WIDTH - 1)
        options = command.rfind(" --", 0, WIDTH - 1)
        cut = options if options > 20 else cut
        if cut <= 0:
            break
        lines.append(command[:cut] + " \\")
        command = "    " + command[cut + 1:]
    return lines + [command]


def sections(discussion):
    """The help's text as (heading or None, lines), in its order."""
    found = []
    for line in discussion.splitlines():
        heading = HEADING.match(line)
        if heading:
            found.append((heading.group(1), [heading.group(2)] if heading.group(2) else []))
        elif line[:1] == " " and found and found[-1][0]:
            found[-1][1].append(line)
        else:
            if not found or found[-1][0]:
                found.append((None, []))
            found[-1][1].append(line)
    return found


def prose(lines):
    out = []
    for paragraph in re.split(r"\n\s*\n", "\n".join(lines).strip()):
        if out:
            out.append(".Pp")
        out += filled(paragraph)
    return out


def literal(lines):
    out = [".Bd -literal -offset indent"]
    for line in lines:
        out += [escaped(part) for part in wrapped(line.strip())]
    return out + [".Ed"]


def statuses(lines):
    """'NUMBER  meaning', continued by lines that are indented further, as a list."""
    out = [".Bl -tag -width Ds"]
    for line in lines:
        if len(out) > 1 and line.startswith(" " * 6):
            out += filled(line)
            continue
        number, _, meaning = line.strip().partition(" ")
        if not number.isdigit():
            sys.exit(f"man_page.py: '{line}' under EXIT STATUS, expected a number and its meaning")
        out += [".It " + words(number), *filled(meaning)]
    return out + [".El"]


def environment(lines):
    """'NAME  meaning', continued by lines that are indented further."""
    out = [".Bl -tag -width Ds"]
    for line in lines:
        entry = re.match(r" *([A-Z_]+)  +(.*)", line)
        out += [".It Ev " + words(entry.group(1)), *filled(entry.group(2))] if entry else filled(line)
    return out + [".El"]


def spelled(argument):
    """How an argument is typed."""
    value = argument.get("valueName", "")
    if argument["kind"] == "positional":
        return "Ar " + words(value) + (" ..." if argument["isRepeating"] else "")
    names = [("-" if name["kind"] == "long" else "") + name["name"] for name in argument["names"]]
    flags = " , ".join("Fl " + words(name) for name in names)
    return flags if argument["kind"] == "flag" else flags + " Ar " + words(value)


def in_synopsis(argument):
    return argument["kind"] != "flag" and not argument["isOptional"]


def described(argument):
    text = argument.get("abstract", "").strip()
    if argument.get("discussion"):
        text += " " + " ".join(argument["discussion"].split())
    choices = argument.get("allValues") or []
    if choices and not all(choice in text for choice in choices):
        text = text.rstrip(".") + ": " + ", ".join(choices) + "."
    default = argument.get("defaultValue")
    if default not in (None, "") and "default" not in text:
        text += f" The default is {default}."
    return text


def arguments_of(command):
    return [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)
            and a.get("valueName") not in ("help", "version")]


def command_lines(command, path):
    """One command: its synopsis, what it does, its options, its examples, and the commands below it."""
    name = " ".join(path)
    out = [".Ss " + words(name)]
    arguments = arguments_of(command)
    below = [c for c in command.get("subcommands", []) if c.get("shouldDisplay", True)]
    synopsis = ".Nm " + words(" ".join(path))
    for argument in arguments:
        if in_synopsis(argument):
            synopsis += " " + spelled(argument)
    if not below:
        if any(not in_synopsis(a) for a in arguments):
            synopsis += " Op Ar options"
        out += [synopsis, ".Pp"]
    out += filled(command.get("abstract", ""))
    parts = sections(command.get("discussion") or "")
    for heading, lines in parts:
        if heading is None and "".join(lines).strip():
            out += [".Pp"] + prose(lines)
    if arguments:
        out.append(".Bl -tag -width Ds")
        for argument in arguments:
            out += [".It " + spelled(argument), *filled(described(argument))]
        out.append(".El")
    examples = [line for heading, lines in parts if heading and heading.startswith("EXAMPLE") for line in lines]
    if examples:
        out += [".Pp", "Example:" if len(examples) == 1 else "Examples:"] + literal(examples)
    for heading, lines in parts:
        if heading and not heading.startswith("EXAMPLE"):
            raise SystemExit(f"man_page.py: '{name}' has the section {heading}, expected EXAMPLE only")
    for child in below:
        out += command_lines(child, path + [child["commandName"]])
    return out


def page(root):
    moment = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    name = root["commandName"]
    abstract = root["abstract"].rstrip(".")
    out = [
        ".\\\" Made by Scripts/package/man_page.py from the program's help.",
        time.strftime(".Dd %B ", moment) + f"{moment.tm_mday}, {moment.tm_year}",
        f".Dt {name.upper()} 1",
        ".Os",
        ".Sh NAME", f".Nm {name}", ".Nd " + escaped(abstract[0].lower() + abstract[1:]),
        ".Sh SYNOPSIS", f".Nm {name}", ".Ar command", ".Op Ar options",
        f".Nm {name}", ".Fl -version", f".Nm {name}", ".Cm help", ".Op Ar command", ".Sh DESCRIPTION",
    ]
    parts = sections(root.get("discussion") or "")
    for heading, lines in parts:
        if heading is None:
            out += prose(lines)
    out += [".Sh COMMANDS", "Every command has", ".Fl -help ."]
    for command in root["subcommands"]:
        if command.get("shouldDisplay", True) and command["commandName"] != "help":
            out += command_lines(command, [name, command["commandName"]])
    bodies = {"EXAMPLE": literal, "ENVIRONMENT": environment, "EXIT STATUS": statuses}
    for heading in ("ENVIRONMENT", "EXIT STATUS", "EXAMPLE"):
        for found, lines in parts:
            if found == heading:
                out += [".Sh " + heading.replace("EXAMPLE", "EXAMPLES")] + bodies[heading](lines)
    unknown = {found for found, _ in parts if found} - set(bodies)
    if unknown:
        raise SystemExit(f"man_page.py: the help has the sections {sorted(unknown)}, expected {sorted(bodies)}")
    return "\n".join(line for line in out if line) + "\n"


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    program = sys.argv[1]
    said = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, text=True).stdout
    sys.stdout.write(page(json.loads(said)["command"]))


main()
