#!/usr/bin/env python3
"""Times turboSETI and Starling side by side on one core, on a file of 2^20 channels and 16 steps.

    python3 Benchmarks/drift-search/speed.py --starling .build/release/starling [--runs 5] [--json]

Needs what is named in Workloads/drift-search/requirements.txt. Both search the same file, which lies in the
page cache, in turn; figures are medians of processor seconds. TurboSETI's are those of its search
alone: neither imports, nor compilation, nor the conversion of the file count. Starling's are those of
its search with its statistics (`--timing`), and of the whole process. Both tables must be equal.

Behind them stand figures of the inner loops alone (tree.c, which needs clang): sums made in a second,
what share that is of the bound that loads from the nearest cache set, and instructions for each sum,
which perf's counter gives, or valgrind where the machine has no such counter.
Workloads/drift-search/README.md explains them.
"""
import argparse
import contextlib
import io
import json
import logging
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from turbo_seti.find_doppler.find_doppler import FindDoppler

import tree
from make import filterbank
from tree import CHANNEL_HERTZ, STEP_SECONDS

sys.path.append(os.path.join(tree.HERE, "..", "..", "Workloads", "drift-search"))
from agree import rows  # noqa: E402

logging.disable(logging.CRITICAL)


def samples(channels, steps):
    """Noise with 14 tones, [step][channel]."""
    random = np.random.default_rng(20)
    power = random.chisquare(102, size=(steps, channels)).astype(np.float32)
    for _ in range(14):
        start = int(random.integers(5000, channels - 5000))
        slope = random.uniform(-3.5, 3.5) * STEP_SECONDS / CHANNEL_HERTZ
        strength = 14.3 * random.choice([10, 20, 40, 80])
        for step in range(steps):
            power[step, int(round(start + slope * step))] += strength
    return power


def turboseti(path, drift, snr, folder):
    with contextlib.redirect_stdout(io.StringIO()):
        finder = FindDoppler(path, max_drift=drift, snr=snr, out_dir=folder, log_level_int=40)
        begin = time.process_time()
        finder.search()
        seconds = time.process_time() - begin
    name = os.path.splitext(os.path.basename(path))[0]
    with open(os.path.join(folder, name + ".dat"), "rb") as file:
        return seconds, rows(file.read())


def starling(program, path, drift, snr, threads):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    run = subprocess.run(
        [program, "search", path, "--compat", "turboseti", "--coarse-channels", "1", "--max-drift",
         str(drift), "--snr", str(snr), "--threads", str(threads), "--timing"], capture_output=True, check=True,
        preexec_fn=tree.pin if threads == 1 else None)
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    phases = dict(re.findall(r"^(\w+) +([0-9.]+) ", run.stderr.decode(), re.MULTILINE))
    search = float(phases["statistics"]) + float(phases["search"]) + float(phases["report"])
    return search, whole, wall, float(phases["memory"]) * 2 ** 20, rows(run.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--starling", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--channels", type=int, default=1 << 20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "speed.fil")
        power = samples(arguments.channels, 16)
        content = filterbank("speed", power, 32)
        with open(path, "wb") as file:
            file.write(content)
        size = len(content)
        del content
        # The first search compiles, and converts the file to the format that turboSETI reads.
        turboseti(path, 4, 25, folder)
        converted = os.path.join(folder, "speed.h5")
        for drift, snr in [(4, 10), (10, 10), (4, 7), (10, 7)]:
            theirs, searches, wholes, walls, memory = [], [], [], [[], []], 0
            for _ in range(arguments.runs):
                seconds, expected = turboseti(converted, drift, snr, folder)
                theirs.append(seconds)
                for threads in (1, 2):
                    search, whole, wall, peak, found = starling(
                        arguments.starling, path, drift, snr, threads)
                    if found != expected:
                        sys.exit(f"the tables differ at {drift} Hz/s and SNR {snr}")
                    walls[threads - 1].append(wall)
                    if threads == 1:
                        searches.append(search)
                        wholes.append(whole)
                        memory = max(memory, peak)
            reference = statistics.median(theirs)
            figures.append({
                "maxDrift": drift, "snr": snr, "rows": len(expected),
                "turboSETI": reference,
                "search": statistics.median(searches),
                "searchRatio": reference / statistics.median(searches),
                "process": statistics.median(wholes),
                "processRatio": reference / statistics.median(wholes),
                "twoThreads": statistics.median(walls[0]) / statistics.median(walls[1]),
                "memoryPerInput": memory / size,
            })
        loops = tree.figures(tree.Tree(), power, folder, arguments.runs, [
            ("brute", 4, 7), ("brute", 10, 7), ("automatic", 4, 7), ("automatic", 10, 7),
            ("automatic", 4, 10), ("automatic", 10, 10)])
    if arguments.json:
        print(json.dumps({"machine": platform.processor() or platform.machine(),
                          "figures": figures, "innerLoops": loops}, indent=2))
        return
    print("Hz/s  SNR  rows  turboSETI   search        process       2 threads  memory")
    for each in figures:
        print("{maxDrift:4}  {snr:3}  {rows:4}  {turboSETI:7.2f} s  {search:.3f} s {searchRatio:4.0f}x"
              "  {process:.3f} s {processRatio:4.0f}x  {twoThreads:8.2f}x  {memoryPerInput:.1f}x input"
              .format(**each))
    print(f"\nInner loops ({loops[0]['variant']}); L1 loads set a bound of"
          f" {loops[0]['loadBound'] / 1e9:.1f} G sums/s")
    print("mode       Hz/s  SNR  G sums/s  of bound  instructions/sum")
    for each in loops:
        count = each["instructionsPerChannelDrift"]
        told = "not available" if count is None else f"{count:.2f} ({each['countedBy']})"
        print(f"{each['mode']:9}  {each['maxDrift']:4}  {each['snr']:3}"
              f"  {each['channelDriftsPerSecond'] / 1e9:8.2f}  {each['ofLoadBound']:8.0%}  {told}")


if __name__ == "__main__":
    main()
