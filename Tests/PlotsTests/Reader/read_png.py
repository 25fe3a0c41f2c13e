#!/usr/bin/env python3
"""Reads a PNG file of 8 bits for each of red, green and blue, by the specification alone.

    python3 read_png.py FILE      writes "width height" and a line's end, then the pixels' bytes
"""
import struct
import sys
import zlib


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no signature"
    place = 8
    while place < len(data):
        count, name = struct.unpack_from(">I4s", data, place)
        body = data[place + 8:place + 8 + count]
        (check,) = struct.unpack_from(">I", data, place + 8 + count)
        assert check == zlib.crc32(name + body), f"check sum of {name}"
        yield name, body
        place += 12 + count


def paeth(left, above, corner):
    guess = left + above - corner
    distances = [abs(guess - left), abs(guess - above), abs(guess - corner)]
    return [left, above, corner][distances.index(min(distances))]


def pixels(rows, width, height):
    size = 3 * width
    assert len(rows) == height * (size + 1), "rows and their filters"
    above = bytearray(size)
    for y in range(height):
        kind = rows[y * (size + 1)]
        row = bytearray(rows[y * (size + 1) + 1:(y + 1) * (size + 1)])
        for index in range(size):
            left = row[index - 3] if index >= 3 else 0
            corner = above[index - 3] if index >= 3 else 0
            guess = [0, left, above[index], (left + above[index]) // 2,
                     paeth(left, above[index], corner)][kind]
            row[index] = (row[index] + guess) & 255
        yield bytes(row)
        above = row


def main():
    parts = list(chunks(open(sys.argv[1], "rb").read()))
    assert parts[0][0] == b"IHDR" and parts[-1] == (b"IEND", b""), "first and last chunk"
    width, height, *kind = struct.unpack(">IIBBBBB", parts[0][1])
    assert kind == [8, 2, 0, 0, 0], kind
    rows = zlib.decompress(b"".join(body for name, body in parts if name == b"IDAT"))
    output = sys.stdout.buffer
    output.write(f"{width} {height}\n".encode())
    for row in pixels(rows, width, height):
        output.write(row)


main()
