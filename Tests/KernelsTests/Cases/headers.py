#!/usr/bin/env python3
"""Writes coarse.txt and angles.txt: what turboSETI and blimpy make of headers.

Needs what make.py beside this file needs, and runs their own code on each line.

    python -P headers.py            (without -P this folder's numbers.py hides that of Python)

coarse.txt: channels, fch1, foff, telescope_id, nfpc or -, coarse channels
angles.txt: decimal hours or degrees, the same as hours or degrees, minutes, seconds
"""
import contextlib
import io
import logging
import os

import numpy as np
from astropy.coordinates import Angle
from blimpy.io.base_reader import Reader
from turbo_seti.find_doppler import data_handler

logging.disable(logging.CRITICAL)
FOLDER = os.path.dirname(os.path.abspath(__file__))


class Header(Reader):
    """A file of which there is nothing but the header, set up as blimpy's readers do it."""

    def __init__(self, header):
        super().__init__()
        self.header = header
        self.n_channels_in_file = header["nchans"]
        edge = header["fch1"] + header["nchans"] * header["foff"]
        if header["foff"] < 0:
            self.f_end, self.f_begin = header["fch1"], edge
        else:
            self.f_begin, self.f_end = header["fch1"], edge
        self.t_end = 16
        self._setup_selection_range(init=True)
        self._setup_chans()
        self._setup_freqs()


def coarse(header):
    """The number that turboSETI searches when nobody says one."""
    handle = data_handler.DATAHandle.__new__(data_handler.DATAHandle)
    handle.filename, handle.n_coarse_chan, handle.coarse_chans = "x", None, [0]
    data_handler.Waterfall = lambda *_, **__: Header(header)
    try:
        handle._DATAHandle__split_h5()
    except ZeroDivisionError:
        pass
    return handle.n_coarse_chan


def headers():
    random = np.random.default_rng(1)
    fine = 2.7939677238464355e-06
    for foff in (fine, -fine, -2.835503418452676e-06, 2.86102294921875e-3, -0.3662109375):
        for nchans in (1, 63, 1024, 65536, 1 << 20, 3 << 20, (1 << 20) + 1, 1033216, 66125824,
                       264503296, 1 << 28, 1 << 30):
            for telescope in (0, 1, 4, 6, 64):
                yield nchans, 8421.386717353016, foff, telescope, None
    for nfpc in (0, -3, 1, 512, 1000, 1 << 20, 1 << 30, 0.5, 1.5, 1023.99):
        for nchans in (512, 1 << 20, 12345678):
            yield nchans, 1926.2, -fine, 6, nfpc
    for _ in range(300):
        width = float(random.choice([2.9296875, 1.0, 3.25, 187.5])) * random.integers(1, 200)
        nchans = int(random.integers(1, 1 << int(random.integers(4, 28))))
        foff = width / nchans * float(random.choice([-1, 1]))
        yield nchans, float(random.uniform(300, 12000)), foff, int(random.choice([4, 6, 6, 6])), None


def main():
    with open(os.path.join(FOLDER, "coarse.txt"), "w") as file:
        for nchans, fch1, foff, telescope, nfpc in headers():
            header = {"nchans": nchans, "fch1": fch1, "foff": foff, "telescope_id": telescope,
                      "nifs": 1}
            if nfpc is not None:
                header["nfpc"] = nfpc
            with contextlib.redirect_stdout(io.StringIO()):
                count = coarse(header)
            file.write(f"{nchans} {fch1!r} {foff!r} {telescope} "
                       f"{'-' if nfpc is None else nfpc} {count}\n")
    random = np.random.default_rng(2)
    angles = [0.0, 1.0, -0.5, -0.01, 17.21112222222, 23.99999999999, 59.0 + 59 / 60, 12 + 59.99999 / 3600,
              4.95, -28.383100000001, 1 / 3, 359.9999999999999, -89.99972222222222]
    angles += list(random.uniform(-90, 90, 200)) + list(np.round(random.uniform(0, 24, 100), 4))
    with open(os.path.join(FOLDER, "angles.txt"), "w") as file:
        for angle in map(float, angles):
            words = str(Angle(angle, unit="hr")).replace("h", " ").replace("m", " ")
            file.write(f"{angle!r} {words.replace('s', '')}\n")


if __name__ == "__main__":
    main()
