#!/usr/bin/env python3
"""Searches random files with turboSETI and with Starling, and compares the tables byte for byte.

    python3 Workloads/drift-search/agree.py --starling .build/release/starling [--files 40] [--seed 1] [--hdf5]

With --hdf5 Starling also searches the HDF5 file that turboSETI makes of each, whose whole table must be
the same, and one with other chunks and filters. Needs what is named in requirements.txt beside this
file. Files differ in steps (4 to 1024), channels, bits, direction of the band, coarse channels, tones,
spikes in the middle of coarse channels, and scale. Prints a line for each file, and exits with 1 when a table differs; that file stays.
"""
import argparse
import contextlib
import io
import logging
import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import hdf5plugin
import numpy as np
from turbo_seti.find_doppler.find_doppler import FindDoppler
from turbo_seti.find_event.find_event import read_dat

logging.disable(logging.CRITICAL)
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Tests",
                             "KernelsTests", "Cases"))
from make import FOFF, TSAMP, filterbank, tone  # noqa: E402


def make(random):
    """A file, and how to search it."""
    steps = int(random.choice([4, 5, 8, 13, 16, 16, 16, 16, 31, 32, 60, 64, 128, 200, 256, 600, 1024]))
    coarse = int(random.choice([1, 1, 2, 4]))
    least = 4 * max(16, 1 << (steps - 1).bit_length())
    most = max(least + 1, min(1 << 17, (1 << 22) // steps))
    columns = int(random.integers(least, most))
    bits = int(random.choice([8, 16, 32, 32]))
    mean = {8: 30, 16: 2000, 32: 10.0 ** int(random.integers(-2, 9))}[bits]
    freedom = int(random.choice([51, 102, 400]))
    power = random.chisquare(freedom, size=(steps, columns * coarse)) * mean / freedom
    sigma = mean * np.sqrt(2 / freedom)
    for _ in range(int(random.integers(0, 30))):
        start = random.integers(power.shape[1])
        slope = random.uniform(-1.3, 1.3) * random.choice([1, 1, 4]) * min(1, 16 / steps)
        strength = sigma * random.uniform(2, 12) * 4 / np.sqrt(steps)
        tone(power, start, slope, strength)
    if random.integers(2):
        for channel in range(coarse):
            power[:, channel * columns + columns // 2] += 100 * sigma
    span = 1e6 * abs(FOFF) / ((steps - 1) * TSAMP) * max(4, 1 << (steps - 1).bit_length())
    drift = float(np.round(span * random.choice([0.5, 1.2, 2.5, 8, 26]), 4))
    drift = min(drift, 10.0 if steps <= 64 else 8 * span)
    snr = float(random.choice([5, 7, 8, 10, 10, 15, 25]))
    ascending = bool(random.integers(3) == 0)
    content = filterbank("agree", power, bits, -FOFF if ascending else FOFF)
    return content, steps, columns, coarse, bits, drift, snr, ascending


def rows(table):
    """The rows, without the header, which names the file."""
    return [line for line in table.splitlines() if not line.startswith(b"#")]


def stored_otherwise(path, random):
    """Writes the HDF5 file at `path` anew, with random chunks and filters; returns what it did."""
    with h5py.File(path, "r") as old:
        samples = old["data"][:]
        shape = [int(random.integers(1, count + 1)) for count in samples.shape]
        # A chunk of a few samples takes more room than they do.
        shape[2] = max(shape[2], min(samples.shape[2], 256))
        filters = [("bitshuffle", dict(hdf5plugin.Bitshuffle(cname="lz4"))),
                   ("bitshuffle in other blocks", dict(hdf5plugin.Bitshuffle(nelems=512, cname="lz4"))),
                   ("bitshuffle alone", dict(hdf5plugin.Bitshuffle(cname="none"))),
                   ("gzip", {"compression": "gzip"}), ("no filter", {})]
        what, options = filters[int(random.integers(len(filters)))]
        if random.integers(4) == 0 and not options:
            what, shape = "one piece", None
        other = os.path.join(os.path.dirname(path), "other.h5")
        with h5py.File(other, "w") as new:
            new.attrs.update(old.attrs)
            chunks = tuple(shape) if shape else None
            data = new.create_dataset("data", data=samples, chunks=chunks, **options)
            data.attrs.update(old["data"].attrs)
    return other, f"{what}, chunks {shape}"


def search(starling, path, drift, snr, coarse):
    return subprocess.run(
        [starling, "search", path, "--compat", "turboseti", "--max-drift", str(drift),
         "--snr", str(snr), "--coarse-channels", str(coarse)], capture_output=True)


def is_read_by_find_event(starling, path, drift, snr, coarse):
    """Whether turboSETI's next tool reads the table of our own rules, each row of it."""
    table = os.path.join(os.path.dirname(path), "own.dat")
    subprocess.run([starling, "search", path, "--max-drift", str(drift), "--snr", str(snr),
                    "--coarse-channels", str(coarse), "--output", table], check=True)
    with open(table, "rb") as file:
        wanted = [line.split() for line in rows(file.read())]
    if not wanted:
        return True
    read = read_dat(table)
    return [(float(row[1]), float(row[2]), int(row[5])) for row in wanted] == [
        (float(d), float(s), int(c)) for d, s, c in zip(read.DriftRate, read.SNR, read.ChanIndx)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--starling", required=True)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hdf5", action="store_true")
    arguments = parser.parse_args()
    different = 0
    for number in range(arguments.files):
        random = np.random.default_rng([arguments.seed, number])
        content, steps, columns, coarse, bits, drift, snr, ascending = make(random)
        what = (f"{steps} steps, {coarse} x {columns} channels of {bits} bits, "
                f"{'ascending' if ascending else 'descending'}, {drift} Hz/s, SNR {snr:g}")
        folder = tempfile.mkdtemp(prefix="agree-")
        path = os.path.join(folder, "agree.fil")
        with open(path, "wb") as file:
            file.write(content)
        with contextlib.redirect_stdout(io.StringIO()):
            FindDoppler(path, max_drift=drift, snr=snr, out_dir=folder, n_coarse_chan=coarse,
                        log_level_int=40).search()
        with open(os.path.join(folder, "agree.dat"), "rb") as file:
            table = file.read()
        theirs = rows(table)
        run = search(arguments.starling, path, drift, snr, coarse)
        ours = rows(run.stdout)
        if arguments.hdf5 and run.returncode == 0 and ours == theirs:
            converted = os.path.join(folder, "agree.h5")
            run = search(arguments.starling, converted, drift, snr, coarse)
            ours = rows(run.stdout) if run.stdout == table else [b"the table's header"]
            other, storage = stored_otherwise(converted, random)
            what += f"; {storage}"
            if run.returncode == 0 and ours == theirs:
                run = search(arguments.starling, other, drift, snr, coarse)
                ours = rows(run.stdout)
        if run.returncode == 0 and ours == theirs and not is_read_by_find_event(
                arguments.starling, path, drift, snr, coarse):
            ours = [b"find_event reads something else"]
        if run.returncode == 0 and ours == theirs:
            shutil.rmtree(folder)
            print(f"{number}: {len(ours)} rows equal; {what}", flush=True)
            continue
        different += 1
        print(f"{number}: DIFFERENT, {len(theirs)} and {len(ours)} rows; {what}; {folder} "
              f"{run.stderr.decode().strip()[:200]}", flush=True)
    print(f"{arguments.files} files, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
