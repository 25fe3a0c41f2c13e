"""The inner loops of the drift search, measured without the program: see tree.c beside this file."""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import numpy as np

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Tests",
                             "KernelsTests", "Cases"))
from make import FOFF, TSAMP  # noqa: E402

CHANNEL_HERTZ, STEP_SECONDS = 1e6 * abs(FOFF), TSAMP

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "..", "Sources")
# Bytes that a tree of 16 steps loads for each channel and drift: 60 vectors for 8 columns and 16
# drifts.
BOUND_BYTES = 60 * 32 / (8 * 16)


def constant(path, name):
    """The value of a number's declaration in the Swift text of Kernels."""
    with open(os.path.join(SOURCES, "Kernels", "DriftSearch", path)) as file:
        found = re.search(rf"static let {name} = ([0-9_]+)$", file.read(), re.MULTILINE)
    if not found:
        sys.exit(f"{path} has no number named {name} any more; mend tree.py and tree.c")
    return int(found[1].replace("_", ""))


def pin():
    """Keeps what is started on one processor, the last one that this process may use."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def block_count(drift, steps):
    """Drift blocks of a search up to `drift` hertz per second."""
    return int(drift / (CHANNEL_HERTZ / ((steps - 1) * STEP_SECONDS) * steps)) + 1


def raw_threshold(power, snr):
    """The largest sum that is no hit, from the statistics that turboSETI uses."""
    sums = np.sort(power.sum(axis=0, dtype=np.float32))
    middle = sums[int(0.05 * len(sums)):int(0.95 * len(sums))]
    return float(np.median(sums) + snr * middle.std())


class Tree:
    """The compiled harness, in a folder of its own."""

    def __init__(self):
        clang = os.environ.get("CLANG", "clang")
        if shutil.which(clang) is None:
            sys.exit("there is no clang; install it, or set CLANG to its path")
        self.folder = tempfile.TemporaryDirectory()
        self.program = os.path.join(self.folder.name, "tree")
        kernels = os.path.join(SOURCES, "CKernels")
        subprocess.run(
            [clang, "-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror",
             "-I", os.path.join(kernels, "include"), os.path.join(kernels, "drift.c"),
             os.path.join(HERE, "tree.c"), "-o", self.program], check=True)
        self.constants = [constant("StripeSearch.swift", "width"),
                          constant("VectorTree.swift", "survivorsMax"),
                          constant("VectorTree.swift", "unboundedStripesMax")]

    def loads(self):
        """Bytes that one core loads in a second from its nearest cache, not aligned."""
        run = subprocess.run([self.program, "loads"], capture_output=True, check=True,
                             preexec_fn=pin)
        return float(run.stdout)

    def arguments(self, mode, isa, power, drift, raw, runs):
        steps, channels = power.shape
        return [mode, isa, *map(str, [steps, channels, block_count(drift, steps), repr(raw),
                                      *self.constants, runs])]

    def run(self, mode, isa, path, power, drift, raw):
        """Seconds, instructions (None: not counted) and hits of one search of the samples at
        `path`."""
        with open(path, "rb") as file:
            run = subprocess.run([self.program, *self.arguments(mode, isa, power, drift, raw, 1)],
                                 stdin=file, capture_output=True, check=True, preexec_fn=pin)
        seconds, instructions, hits = run.stdout.split()
        count = int(instructions)
        return float(seconds), count if count >= 0 else None, int(hits)

    def instructions(self, mode, isa, folder, power, drift, raw):
        """Instructions for each channel and drift: the processor's count, else callgrind's of a
        part of the samples, else None. And who counted."""
        part = np.ascontiguousarray(power[:, :1 << 17])
        path = os.path.join(folder, "part.f32")
        part.tofile(path)
        work = part.shape[1] * work_per_channel(drift, part.shape[0])
        count = self.run(mode, isa, path, part, drift, raw)[1]
        if count is not None:
            return count / work, "the processor"
        # Valgrind knows no AVX-512.
        isa = "avx2" if isa == "avx512" else isa
        if shutil.which("valgrind") is None:
            return None, "not available"
        with open(path, "rb") as file:
            run = subprocess.run(
                ["valgrind", "--tool=callgrind", "--toggle-collect=search_file",
                 "--callgrind-out-file=/dev/null", self.program,
                 *self.arguments(mode, isa, part, drift, raw, 1)],
                stdin=file, capture_output=True, check=False)
        found = re.search(r"Collected : (\d+)", run.stderr.decode())
        if run.returncode != 0 or not found:
            return None, "not available"
        return int(found[1]) / work, f"callgrind, {isa}"


def work_per_channel(drift, steps):
    """Sums for each channel: all paths of all drift blocks, in both directions."""
    return 2 * steps * block_count(drift, steps)


def fastest():
    """The variant that the program takes by itself."""
    with open("/proc/cpuinfo") as file:
        flags = set(re.search(r"^(?:flags|Features)\s*:(.*)$", file.read(), re.MULTILINE)[1].split())
    if "asimd" in flags:
        return "neon"
    if {"avx512f", "avx512dq", "avx512vl", "avx512bw"} <= flags:
        return "avx512"
    return "avx2" if "avx2" in flags else "baseline"


def figures(tree, power, folder, runs, cases):
    """What the inner loops reach in the named cases: mode, drift and SNR."""
    isa = fastest()
    path = os.path.join(folder, "samples.f32")
    power.tofile(path)
    bound = tree.loads() / BOUND_BYTES
    found = []
    for mode, drift, snr in cases:
        raw = raw_threshold(power, snr)
        seconds = statistics.median(
            tree.run(mode, isa, path, power, drift, raw)[0] for _ in range(runs))
        rate = power.shape[1] * work_per_channel(drift, power.shape[0]) / seconds
        instructions, counter = tree.instructions(mode, isa, folder, power, drift, raw)
        found.append({"mode": mode, "variant": isa, "maxDrift": drift, "snr": snr,
                      "seconds": seconds, "channelDriftsPerSecond": rate,
                      "loadBound": bound, "ofLoadBound": rate / bound,
                      "instructionsPerChannelDrift": instructions, "countedBy": counter})
    return found
