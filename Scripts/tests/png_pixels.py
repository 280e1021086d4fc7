#!/usr/bin/env python3
"""Reads a PNG of 8-bit palette indices by its specification, with zlib alone, and prints WIDTH HEIGHT, the palette and the indices in
hexadecimal digits, a line each."""
import struct
import sys
import zlib

data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
place, packed, palette, names = 8, b"", b"", []
while place < len(data):
    length, name = struct.unpack(">I4s", data[place:place + 8])
    body = data[place + 8:place + 8 + length]
    assert struct.unpack(">I", data[place + 8 + length:place + 12 + length])[0] == zlib.crc32(name + body), f"{name}: wrong check"
    names.append(name)
    if name == b"IHDR":
        width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", body)
        assert (depth, kind, interlaced) == (8, 3, 0), f"depth {depth}, kind {kind}, interlaced {interlaced}"
    elif name == b"PLTE":
        palette = body
    elif name == b"IDAT":
        packed += body
    place += 12 + length
assert names[0] == b"IHDR" and names[-1] == b"IEND", names
raw = zlib.decompress(packed)
assert len(raw) == height * (width + 1), f"{len(raw)} bytes"
rows, before = [], bytes(width)
for y in range(height):
    how, line = raw[y * (width + 1)], bytearray(raw[y * (width + 1) + 1:(y + 1) * (width + 1)])
    for x in range(width):
        left, up, corner = (line[x - 1] if x else 0), before[x], (before[x - 1] if x else 0)
        if how == 4:
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
        else:
            near = [0, left, up, (left + up) // 2][how]
        line[x] = (line[x] + near) & 255
    rows.append(bytes(line))
    before = rows[-1]
print(width, height)
print(palette.hex())
print(b"".join(rows).hex())
