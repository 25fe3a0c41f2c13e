#!/usr/bin/env python3
"""Prints numbers.txt: bits of a double, decimals, and what C's printf makes of it."""
import random
import struct

random.seed(7)


def row(bits, decimals):
    number = struct.unpack("<d", struct.pack("<Q", bits))[0]
    print(f"{bits:016x}|{decimals}|" + "%*.*f" % (10 if decimals == 6 else 18, decimals, number))


def bits_of(number):
    return struct.unpack("<Q", struct.pack("<d", number))[0]


for number in [0.0, -0.0, 0.5e-6, 1.5e-6, 2.5e-6, 0.0000005, 1.0000005, 0.9999995, 9.9999999, 1e15,
               2.0**52, 2.0**53 + 2, 1e22, 1e23, 1.7976931348623157e308, 5e-324, 2.2e-308,
               float("inf"), float("-inf"), 8421.386717353016, -2.7939677238464355, 59046.0]:
    row(bits_of(number), 6)
    row(bits_of(number), 12)
for _ in range(150):
    row(bits_of(random.uniform(-1e4, 1e4)), 6)
    row(bits_of(random.randrange(-10**7, 10**7) / 2**random.randrange(1, 30)), 6)
    row(bits_of(struct.unpack("<f", struct.pack("<f", random.uniform(0, 500)))[0]), 6)
    row(bits_of(random.uniform(5e4, 6e4)), 12)
for _ in range(60):
    bits = random.getrandbits(64)
    if bits >> 52 & 0x7FF != 0x7FF:
        row(bits, 6)
