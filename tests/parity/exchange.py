"""Tensors in a file that both sides read: safetensors, by numpy and json alone.

A file is eight bytes of header length, the header as JSON, then the numbers. Only the element types
that the two sides exchange are here.
"""

import json
import struct

import numpy

TYPES = {"F64": numpy.float64, "F32": numpy.float32, "I64": numpy.int64, "U8": numpy.uint8}


def write(path, tensors):
    """Writes a dictionary of numpy arrays, in its order."""
    header, offset = {}, 0
    for name, array in tensors.items():
        kind = next(kind for kind, dtype in TYPES.items() if array.dtype == dtype)
        header[name] = {"dtype": kind, "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of eight
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            file.write(numpy.ascontiguousarray(array).tobytes())


def read(path):
    """The tensors of a file as a dictionary of numpy arrays."""
    with open(path, "rb") as file:
        bytes_ = file.read()
    start = 8 + struct.unpack("<Q", bytes_[:8])[0]
    tensors = {}
    for name, entry in json.loads(bytes_[8:start]).items():
        if name != "__metadata__":
            begin, end = (start + offset for offset in entry["data_offsets"])
            tensors[name] = numpy.frombuffer(bytes_[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors
