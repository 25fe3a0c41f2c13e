#!/usr/bin/env python3
"""Shows what our own rules find that turboSETI's lose, on files whose tones are known.

    python3 Workloads/drift-search/recovered.py --starling .build/release/starling

Each file is 16 steps of noise with tones that make one difference plain; what a tone crosses during a
step shares its power. A tone is found when a row starts within 3 channels of it, or of the channels that
it crosses in its first step, and drifts as it does within 5 %, or 0.05 Hz/s; other rows are called
strange. Needs numpy. Prints a table in Markdown.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Tests",
                             "KernelsTests", "Cases"))
from make import FOFF, TSAMP, filterbank, noise  # noqa: E402

STEPS = 16
HERTZ = abs(FOFF) * 1e6
PARTS = 64


def add(power, start, drift, strength):
    """A tone of `strength` σ in each step, `drift` in hertz per second towards higher channels."""
    sigma = 10 * np.sqrt(2 / 51)
    for step in range(STEPS):
        for part in range(PARTS):
            place = int(round(start + drift * (step + part / PARTS) * TSAMP / HERTZ))
            if 0 <= place < power.shape[1]:
                power[step, place] += strength * sigma / PARTS


def cases():
    """Name, noise, tones (channel, drift, strength), further options."""
    def empty(seed, channels=1 << 15):
        return noise(seed, STEPS, channels, 10)

    random = np.random.default_rng(1)
    even = list(range(2000, 30000, 2000))
    yield "no drift at all", empty(1), [(c, 0.0, 3) for c in even], []
    yield "drift of 3.85 to 3.98 Hz/s, at most 4", empty(2), [
        (c, sign * d, 40) for c, d, sign in zip(even, np.linspace(3.85, 3.98, 14), [1, -1] * 7)], []
    yield "weaker tone 250 channels from a strong one", empty(3), [
        (c + 250 * weak, 0.1, 12 if weak else 25) for c in even for weak in (0, 1)], []
    yield "tones 1 500 channels apart, at most 20 Hz/s", empty(4), [
        (c, 0.3, 12 + random.uniform(0, 5)) for c in range(1500, 31500, 1500)], ["--max-drift", "20"]
    yield "drift of 20 to 49 Hz/s, at most 50", empty(5), [
        (c, d, 400) for c, d in zip(even, np.linspace(20, 49, 14))], ["--max-drift", "50"]
    yield "drift of 0.5 to 3 Hz/s, smeared", empty(6), [
        (c, d, 1.9 + 3.2 * d) for c, d in zip(even, np.linspace(0.5, 3, 14))], []
    yield "a comb of 16 channels, 60 tones", empty(7), [
        (9000 + 16 * n, 0.05, 12) for n in range(60)], []
    yield "tones near both ends of the band", empty(8), [
        (c, d, 20) for c, d in [(3, 0.2), (12, 0.4), (40, 0.7), (32764, -0.2), (32755, -0.4),
                                (32727, -0.7)]], []
    yield "tones that leave the band half way", empty(9), [
        (c, d, 60) for c, d in [(50, -1.0), (32717, 1.0)]], []
    yield "tones from one coarse channel into the next", empty(10), [
        (c, 0.8, 25) for c in (8150, 16340, 24540)], ["--coarse-channels", "4"]
    power = empty(11)
    power[:, [4096, 12288, 20480, 28672]] += 300
    yield "spikes, and tones across them", power, [
        (c, d, 12) for c, d in [(4090, 0.07), (12294, -0.07), (20484, -0.06), (28668, 0.05)]
    ], ["--coarse-channels", "4"]


def search(starling, path, options):
    run = subprocess.run([starling, "search", path, "--json", *options], capture_output=True,
                         check=True)
    return json.loads(run.stdout)["hits"]


def judge(rows, tones, channels):
    """How many tones were found, and how many rows are no tone."""
    found = set()
    strange = 0
    for row in rows:
        start = row["coarseChannel"] * channels + row["index"]
        drift = -row["driftHertzPerSecond"]
        near = [index for index, (channel, rate, _) in enumerate(tones)
                if -3 <= (start - channel) * (1 if rate >= 0 else -1)
                <= 3 + abs(rate) * TSAMP / HERTZ
                and abs(drift - rate) <= max(0.05, 0.05 * abs(rate))]
        found.update(near)
        strange += not near
    return len(found), strange


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--starling", required=True)
    arguments = parser.parse_args()
    print("| file | tones | turboSETI's rules: found | strange rows | our rules: found | strange rows |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tones.fil")
        for name, power, tones, options in cases():
            for channel, drift, strength in tones:
                add(power, channel, drift, strength)
            with open(path, "wb") as file:
                file.write(filterbank("tones", power, 32))
            count = int(options[options.index("--coarse-channels") + 1]) \
                if "--coarse-channels" in options else 1
            if count == 1:
                options = [*options, "--coarse-channels", "1"]
            cells = []
            for rules in (["--compat", "turboseti"], []):
                rows = search(arguments.starling, path, [*options, *rules])
                cells += judge(rows, tones, power.shape[1] // count)
            print(f"| {name} | {len(tones)} | {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
