#!/usr/bin/env python3
"""Makes the HDF5 files of this folder, and the tables that turboSETI finds in some of them.

Python 3.11 with: numpy==1.26.4 turbo-seti==2.3.2 blimpy==2.1.4 h5py hdf5plugin setuptools<80 numba

    python make.py      writes <case>.h5, <case>_d<max drift>_s<snr>_c<coarse>.dat, odd_<what>.h5, chunks.txt
"""
import contextlib
import io
import logging
import os

import h5py
import hdf5plugin
import numpy as np
from turbo_seti.find_doppler.find_doppler import FindDoppler

logging.disable(logging.CRITICAL)
FOLDER = os.path.dirname(os.path.abspath(__file__))
HEADER = {"machine_id": 20, "telescope_id": 6, "data_type": 1, "source_name": "Voyager1", "fch1": 8421.386717353016,
          "foff": -2.7939677238464355e-06, "tstart": 57650.78209490741, "tsamp": 18.253611008,
          "src_raj": 17.2111, "src_dej": -0.5, "nbits": 32, "nchans": 1024, "nifs": 1}
LZ4 = hdf5plugin.Bitshuffle(cname="lz4")


def power(seed, steps, channels, mean):
    """Noise with three tones."""
    random = np.random.default_rng(seed)
    power = random.chisquare(51, size=(steps, channels)) * mean / 51
    for start, drift in [(channels // 5, 0.6), (channels // 2, -0.3), (channels - 40, 1.1)]:
        for step in range(steps):
            power[step, int(start + drift * step) % channels] += mean * 2
    return power


def write(name, samples, header=None, polarisations=1, fill=True, attributes=None, text=str, **options):
    """Writes a file as blimpy writes it, but for what the options say; `text` np.bytes_ is of fixed length."""
    size = {"nchans": samples.shape[1], "nbits": 8 * samples.dtype.itemsize}
    header = {**HEADER, **size, **(header or {})}
    with h5py.File(os.path.join(FOLDER, name + ".h5"), "w", userblock_size=options.pop("userblock", 0)) as file:
        for key, value in (attributes or {"CLASS": "FILTERBANK", "VERSION": "1.0"}).items():
            file.attrs[key] = text(value)
        shape = (samples.shape[0], polarisations, samples.shape[1])
        data = file.create_dataset("data", shape=shape, dtype=samples.dtype, **options)
        if fill:
            for index in range(polarisations):
                data[:, index, :] = samples
        for key, value in header.items():
            if value is not None:
                data.attrs[key] = text(value) if isinstance(value, str) else value


def search(name, drift, snr, coarse):
    with contextlib.redirect_stdout(io.StringIO()):
        FindDoppler(os.path.join(FOLDER, name + ".h5"), max_drift=drift, snr=snr, out_dir=FOLDER,
                    n_coarse_chan=coarse, log_level_int=40).search()
    os.remove(os.path.join(FOLDER, name + ".log"))
    os.rename(os.path.join(FOLDER, name + ".dat"),
              os.path.join(FOLDER, f"{name}_d{drift:g}_s{snr:g}_c{coarse}.dat"))


def cases():
    floats = power(1, 16, 700, 1e9).astype("<f4")
    write("edges", floats, chunks=(3, 1, 300), **LZ4)
    write("rows", power(2, 4, 1024, 30).astype("u1"), {"foff": 2.7939677238464355e-06}, chunks=(1, 1, 1024), **LZ4)
    words = power(3, 13, 513, 2000).astype("<u2")
    write("words", words, text=np.bytes_, chunks=(13, 1, 513), **LZ4)
    write("small", words, text=np.bytes_, chunks=(2, 1, 7), **LZ4)
    write("blocks", words, chunks=(13, 1, 200), **hdf5plugin.Bitshuffle(nelems=64, cname="lz4"))
    write("shuffled", words, chunks=(13, 1, 513), **hdf5plugin.Bitshuffle(cname="none"))
    write("deflated", words, text=np.bytes_, chunks=(4, 1, 100), compression="gzip", shuffle=True)
    write("checked", words, chunks=(4, 1, 100), compression="gzip", shuffle=True, fletcher32=True)
    write("swapped", words.astype(">u2"), chunks=(13, 1, 200), **LZ4)
    write("plain", words, {"source_name": np.bytes_("fixed text"), "tsamp": np.float32(18.25), "nfpc": 171})
    write("big", words.astype(">u2"))
    write("pieces", words, text=np.bytes_, chunks=(5, 1, 99))
    write("cut", power(4, 64, 160, 30).astype("u1"), {"telescope_id": None, "src_raj": 4.95}, text=np.bytes_, chunks=(10, 1, 100))
    # One chunk as it is, without the filter, which the file says of this chunk alone.
    write("mixed", floats[:, :320], text=np.bytes_, chunks=(16, 1, 160), fill=False, **LZ4)
    with h5py.File(os.path.join(FOLDER, "mixed.h5"), "r+") as file:
        file["data"][:, 0, :160] = floats[:, :160]
        file["data"].id.write_direct_chunk((0, 0, 160), floats[:, 160:320].tobytes(), 1)
    for name, drift, snr, coarse in [("edges", 4, 10, 1), ("rows", 10, 10, 2), ("words", 4, 8, 1),
                                     ("small", 4, 8, 1), ("blocks", 4, 8, 1), ("shuffled", 4, 8, 1),
                                     ("deflated", 4, 8, 1), ("plain", 4, 8, 3), ("cut", 1, 12, 1),
                                     ("mixed", 4, 10, 1)]:
        search(name, drift, snr, coarse)


def places():
    """Writes where the chunks are, for the test that damages samples and nothing else."""
    with open(os.path.join(FOLDER, "chunks.txt"), "w") as out:
        for name in ["edges", "rows", "words", "small", "blocks", "shuffled", "mixed", "deflated", "checked",
                     "swapped"]:
            with h5py.File(os.path.join(FOLDER, name + ".h5"), "r") as file:
                data = file["data"].id
                for index in range(data.get_num_chunks()):
                    chunk = data.get_chunk_info(index)
                    out.write(f"{name} {chunk.byte_offset} {chunk.size}\n")


def odd():
    """Files that are well formed, and no filterbank that can be searched."""
    bytes_ = power(5, 4, 64, 30).astype("u1")
    write("odd_class", bytes_, attributes={"CLASS": "SOMETHING", "VERSION": "1.0"})
    write("odd_classless", bytes_, attributes={"VERSION": "1.0"})
    write("odd_polarisations", bytes_, polarisations=2)
    write("odd_nifs", bytes_, {"nifs": 2})
    write("odd_nchans", bytes_, {"nchans": 65})
    write("odd_nofoff", bytes_, {"foff": None})
    write("odd_textfoff", bytes_, {"foff": "-2.8e-6"})
    write("odd_listfoff", bytes_, {"foff": [1.0, 2.0]})
    write("odd_nantsamp", bytes_, {"tsamp": float("nan")})
    write("odd_farsource", bytes_, {"src_raj": 1e9})
    write("odd_numbername", bytes_, {"source_name": 7})
    write("odd_longname", bytes_, {"source_name": "x" * 5000})
    write("odd_signed", bytes_.astype("i2"))
    write("odd_doubles", bytes_.astype("f8"))
    write("odd_empty", bytes_, fill=False, chunks=(1, 1, 64), **LZ4)
    write("odd_zstd", bytes_, chunks=(1, 1, 64), **hdf5plugin.Bitshuffle(cname="zstd"))
    write("odd_blosc", bytes_, chunks=(1, 1, 64), **hdf5plugin.Blosc())
    write("odd_checksum", bytes_, chunks=(1, 1, 64), fletcher32=True, **LZ4)
    write("odd_userblock", bytes_, chunks=(1, 1, 64), userblock=512, **LZ4)
    write("odd_step", bytes_[:1])
    with h5py.File(os.path.join(FOLDER, "odd_group.h5"), "w") as file:
        file.attrs["CLASS"] = "FILTERBANK"
        file.create_group("data")
    with h5py.File(os.path.join(FOLDER, "odd_nothing.h5"), "w") as file:
        file.attrs["CLASS"] = "FILTERBANK"
    with h5py.File(os.path.join(FOLDER, "odd_flat.h5"), "w") as file:
        file.attrs["CLASS"] = "FILTERBANK"
        file.create_dataset("data", data=bytes_)
    with h5py.File(os.path.join(FOLDER, "odd_compact.h5"), "w") as file:
        file.attrs["CLASS"] = "FILTERBANK"
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((4, 1, 64))
        data = h5py.Dataset(h5py.h5d.create(file.id, b"data", h5py.h5t.STD_U8LE, space, properties))
        data[:, 0, :] = bytes_
        for key, value in {**HEADER, "nchans": 64}.items():
            data.attrs[key] = value
    with h5py.File(os.path.join(FOLDER, "odd_cut.h5"), "w") as file:
        file.create_dataset("data", data=np.zeros(5000))
    with open(os.path.join(FOLDER, "odd_cut.h5"), "r+b") as file:
        file.truncate(3000)


if __name__ == "__main__":
    cases()
    places()
    odd()
