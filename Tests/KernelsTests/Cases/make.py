#!/usr/bin/env python3
"""Makes the filterbank files of this folder, and the tables that turboSETI finds in them.

Python 3.11 with: numpy==1.26.4 turbo-seti==2.3.2 blimpy==2.1.4 setigen==2.7.0 setuptools<80 numba
(numpy 2 rounds the standard deviation otherwise, so its tables differ in the last digits)

    python make.py            writes every <case>.fil and <case>_d<max drift>_s<snr>.dat here
"""
import os
import shutil
import struct
import tempfile

import numpy as np

FOFF = -2.7939677238464355e-06
TSAMP = 18.253611008
FOLDER = os.path.dirname(os.path.abspath(__file__))


def text(word):
    return struct.pack("<i", len(word)) + word.encode()


def header(name, channels, bits, foff):
    fields = text("HEADER_START")
    for key, value in [("machine_id", 20), ("telescope_id", 6), ("data_type", 1)]:
        fields += text(key) + struct.pack("<i", value)
    fields += text("source_name") + text(name)
    for key, value in [("fch1", 8421.386717353016), ("foff", foff), ("tstart", 59046.5),
                       ("tsamp", TSAMP), ("src_raj", 174715.0), ("src_dej", -282259.16)]:
        fields += text(key) + struct.pack("<d", value)
    for key, value in [("nbits", bits), ("nchans", channels), ("nifs", 1)]:
        fields += text(key) + struct.pack("<i", value)
    return fields + text("HEADER_END")


def noise(seed, steps, channels, mean):
    """Chi-squared noise of 51 degrees of freedom around `mean`."""
    return np.random.default_rng(seed).chisquare(51, size=(steps, channels)) * mean / 51


def tone(power, start, drift, strength):
    """Adds a tone from channel `start` on that moves `drift` channels a step, circularly."""
    for step in range(power.shape[0]):
        position = start + drift * step
        low = int(np.floor(position))
        share = position - low
        power[step, low % power.shape[1]] += strength * (1 - share)
        power[step, (low + 1) % power.shape[1]] += strength * share


def filterbank(name, power, bits, foff=FOFF):
    """The bytes of a file that holds `power`."""
    kind = {8: "<u1", 16: "<u2", 32: "<f4"}[bits]
    if bits < 32:
        power = np.clip(np.round(power), 0, 2**bits - 1)
    return header(name, power.shape[1], bits, foff) + power.astype(kind).tobytes()


def save(name, power, bits, foff=FOFF):
    with open(os.path.join(FOLDER, name + ".fil"), "wb") as file:
        file.write(filterbank(name, power, bits, foff))


def search(name, max_drift, snr, coarse=1):
    # Here, so that other scripts can make files without turboSETI.
    from turbo_seti.find_doppler.find_doppler import FindDoppler
    with tempfile.TemporaryDirectory() as folder:
        FindDoppler(os.path.join(FOLDER, name + ".fil"), max_drift=max_drift, snr=snr,
                    out_dir=folder, n_coarse_chan=coarse, log_level_int=40).search()
        target = f"{name}_d{max_drift:g}_s{snr:g}.dat"
        shutil.move(os.path.join(folder, name + ".dat"), os.path.join(FOLDER, target))


def tones(power, strength, count, seed):
    generator = np.random.default_rng(seed)
    for _ in range(count):
        drift = generator.uniform(-1.1, 1.1) * 16 / power.shape[0]
        tone(power, generator.integers(power.shape[1]), drift, strength * generator.uniform(1, 4))


def main():
    power = noise(1, 16, 4096, 10)
    tones(power, 4, 5, 1)
    save("plain", power, 32)
    for max_drift, snr in [(4, 10), (4, 25), (10, 10), (1.7, 6)]:
        search("plain", max_drift, snr)

    power = noise(2, 16, 4096, 50)
    tones(power, 20, 5, 2)
    save("bits8", power, 8)
    power[:, 2047:2050] = [[190, 90, 131]]
    tone(power, 2030, 0.4, 60)
    save("wrapping8", power[:, 1024:3072], 8)
    save("bits16", power * 100, 16)
    for name in ["bits8", "wrapping8", "bits16"]:
        search(name, 4, 10)
        search(name, 10, 7)

    power = noise(3, 13, 2048, 10)
    tones(power, 5, 4, 3)
    save("steps13", power, 32)
    save("steps13bits8", power * 6, 8)
    power = noise(4, 5, 1024, 10)
    tone(power, 300, 0.3, 40)
    save("steps5", power, 32)
    for name in ["steps13", "steps13bits8", "steps5"]:
        search(name, 4, 8)
        search(name, 10, 12)

    power = noise(5, 64, 1024, 10)
    tones(power, 3, 4, 5)
    save("steps64", power, 32)
    search("steps64", 1.5, 10)

    power = noise(6, 16, 2048, 10)
    tones(power, 5, 4, 6)
    save("ascending", power, 32, foff=-FOFF)
    search("ascending", 4, 10)

    power = noise(7, 16, 4096, 10)
    tones(power, 5, 6, 7)
    for channel in range(4):
        power[:, 1024 * channel + 512] += 500
    power[:, 2048:3072] = 10
    save("coarse4", power, 32)
    search("coarse4", 4, 10, coarse=4)

    save("noise", noise(8, 16, 1024, 10), 32)
    search("noise", 4, 10)

    power = noise(9, 16, 2048, 10)
    for start in [0, 1, 3, 14, 30, 1023, 1024, 2015, 2020, 2033, 2040, 2044, 2047]:
        tone(power, start, (start % 7 - 3) / 4, 12)
    power[5, 2046] += 400
    power[9, 1] += 400
    save("edges", power, 32)
    search("edges", 4, 10)
    search("edges", 10, 5)


if __name__ == "__main__":
    main()
