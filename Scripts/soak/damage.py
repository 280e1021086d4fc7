"""Ways to damage a file: a byte flipped, a stretch zeroed or filled with noise, the end cut off, bytes put in."""

FLIP, ZERO, NOISE, CUT, GROW = "flip", "zero", "noise", "cut", "grow"


def damaged(data, way, place, random, length=512):
    """The bytes with one region damaged; `place` from 0 to the length. Always differs from `data`."""
    data = bytearray(data)
    place = min(max(0, place), max(0, len(data) - 1))
    if way == CUT:
        return bytes(data[:place])
    if way == GROW or not data:
        data[place:place] = random.randbytes(random.randint(1, length))
        return bytes(data)
    if way == FLIP:
        data[place] ^= 1 << random.randrange(8)
        return bytes(data)
    end = min(len(data), place + length)
    old = bytes(data[place:end])
    data[place:end] = bytes(end - place) if way == ZERO else random.randbytes(end - place)
    if bytes(data[place:end]) == old:
        data[place] ^= 0xFF
    return bytes(data)


def mutated(data, random, most=6):
    """A few random damages at once, more often near the head, where the structure lies."""
    for _ in range(random.randint(1, most)):
        size = len(data)
        near = random.random() < 0.6
        place = random.randrange(min(size, 512) if near and size else max(1, size))
        kind = random.random()
        if kind < 0.35:
            data = damaged(data, FLIP, place, random)
        elif kind < 0.6 and size >= 8:
            # Numbers that parsers stumble over: zero, all ones, the largest signed, huge sizes.
            width = random.choice([1, 2, 4, 8])
            value = random.choice([b"\0" * width, b"\xff" * width, b"\xff" * (width - 1) + b"\x7f",
                                   b"\0" * (width - 1) + b"\x80", random.randbytes(width)])
            data = data[:place] + value + data[place + width:]
        elif kind < 0.7:
            data = damaged(data, CUT, random.randrange(max(1, size)), random)
        elif kind < 0.8:
            data = damaged(data, GROW, place, random, 64)
        elif kind < 0.9:
            data = damaged(data, random.choice([ZERO, NOISE]), place, random, random.choice([4, 64, 4096]))
        else:
            other = random.randrange(max(1, size))
            stretch = data[other:other + random.choice([4, 16, 256])]
            data = data[:place] + stretch + data[place + len(stretch):]
    return data
