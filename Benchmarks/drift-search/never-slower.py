#!/usr/bin/env python3
"""Compares the drift search with brute force, where upper bounds spare much and where nothing.

    python3 Benchmarks/drift-search/never-slower.py [--runs 5]

Needs clang, and what is named in Workloads/drift-search/requirements.txt. Searches noise with tones at
several thresholds, and files full of interference, with the inner loops alone (tree.c) on one core:
as Starling does it, by brute force, and by brute force together with the upper bounds, which every
unit owes as evidence. Figures are medians of processor seconds. Exits with 1 when Starling's way
takes more than 1.15 times as long as brute force without any bounds.
"""
import argparse
import os
import statistics
import sys
import tempfile

import numpy as np

from speed import samples
from tree import Tree, fastest, raw_threshold

RATIO_MAX = 1.15
STEPS = 16


def tones(power, every):
    """A drifting tone in every so many channels."""
    random = np.random.default_rng(every)
    channels = power.shape[1]
    for start in range(0, channels, every):
        slope = random.uniform(-4, 4)
        for step in range(STEPS):
            power[step, int(start + slope * step) % channels] += 14.3 * 20
    return power


def comb(power, every):
    """Tones that do not drift, as clocks of computers make them."""
    power[:, ::every] += 14.3 * 20
    return power


def bursts(power):
    """Whole bands that are loud for one step."""
    for step in range(0, STEPS, 3):
        for start in range(0, power.shape[1], 8192):
            power[step, start:start + 4096] += 14.3 * 6
    return power


def cases(channels):
    noise = samples(channels, STEPS)
    for snr in (6, 7, 8, 8.5, 9, 9.5, 10, 12, 15, 25):
        yield "noise with 14 tones", noise, snr
    for every in (400, 100, 50, 25):
        yield f"a drifting tone in {every} channels", tones(noise.copy(), every), 10
    for every in (64, 40, 32, 16):
        yield f"a comb of {every} channels", comb(noise.copy(), every), 10
    yield "loud bands", bursts(noise.copy()), 10


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--channels", type=int, default=1 << 20)
    parser.add_argument("--drift", type=float, default=4)
    parser.add_argument("--variant", default=fastest())
    arguments = parser.parse_args()
    tree, worst = Tree(), 0
    print(f"{arguments.variant}, {arguments.drift:g} Hz/s; seconds of the inner loops")
    print(f"{'':34}   SNR  Starling  brute  ratio  with bounds  ratio")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "samples.f32")
        for name, power, snr in cases(arguments.channels):
            power.tofile(path)
            raw = raw_threshold(power, snr)
            times = {"automatic": [], "brute": [], "witnessed": []}
            hits = set()
            # In turn, so that what disturbs one disturbs all.
            for _ in range(arguments.runs):
                for mode in times:
                    seconds, _, found = tree.run(
                        mode, arguments.variant, path, power, arguments.drift, raw)
                    times[mode].append(seconds)
                    hits.add(found)
            if len(hits) != 1:
                sys.exit(f"{name}, SNR {snr}: the searches found {sorted(hits)} hits")
            ours, brute, witnessed = (statistics.median(each) for each in times.values())
            worst = max(worst, ours / brute)
            print(f"{name:34} {snr:5}  {ours:7.3f}  {brute:6.3f} {ours / brute:6.2f}"
                  f"  {witnessed:10.3f} {ours / witnessed:7.2f}", flush=True)
    print(f"at most {worst:.2f} times as long as brute force; {RATIO_MAX} are allowed")
    sys.exit(worst > RATIO_MAX)


if __name__ == "__main__":
    main()
