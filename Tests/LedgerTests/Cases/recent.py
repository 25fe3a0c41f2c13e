#!/usr/bin/env python3
"""Writes recent.txt: recent averages of random work, by the formula of docs/PROTOCOL.md and exactly.

Python 3.11, nothing else.

    python recent.py > recent.txt

A line is `present epoch|operations@epoch …|average|exact average, rounded down`. The average follows
the formula with the whole numbers of Python, which have no bounds; the exact one has 90 digits.
"""
import random
from decimal import ROUND_HALF_EVEN, Decimal, getcontext

getcontext().prec = 90
HALF_LIFE = 168
ONE = 2**63
HOURLY = Decimal(2) ** (Decimal(-1) / HALF_LIFE)
FACTOR = int((HOURLY * ONE).to_integral_value(ROUND_HALF_EVEN))


def weight(age):
    whole = ONE
    for _ in range(age % HALF_LIFE):
        whole = whole * FACTOR // ONE
    return whole // 2 ** (age // HALF_LIFE)


def average(work, present):
    total = sum(operations * weight(max(0, present - epoch)) for operations, epoch in work)
    return total // ONE * 24 * (ONE - FACTOR) // ONE


def exact(work, present):
    total = sum(
        Decimal(operations) * HOURLY ** max(0, present - epoch) for operations, epoch in work
    )
    return int(total * 24 * (1 - HOURLY))


def cases():
    present = 500_000
    generator = random.Random(1)
    yield present, [(10**12, present)]
    yield present, [(10**12, present - HALF_LIFE)]
    yield present, [(10**12, present - 1)]
    yield present, [(10**12, present + 1)]
    yield present, [(1, present)]
    yield present, [(2**64 - 1, present - 167)]
    yield present, [(2**64 - 1, present - 168 * 63 - 167)]
    yield present, [(2**64 - 1, present - 168 * 64)]
    yield present, [(2**64 - 1, 0)]
    # The same in every hour of twenty weeks: what is done in a day.
    yield present, [(10**13, present - age) for age in range(20 * HALF_LIFE)]
    for _ in range(40):
        count = generator.randrange(1, 40)
        reach = generator.choice([2, 50, 168, 1_000, 12_000])
        yield present, [
            (generator.randrange(2 ** generator.randrange(1, 59)),
             present - generator.randrange(reach))
            for _ in range(count)
        ]


for present, work in cases():
    text = " ".join(f"{operations}@{epoch}" for operations, epoch in work)
    print(f"{present}|{text}|{average(work, present)}|{exact(work, present)}")
