"""Read and write safetensors files with numpy alone.

A file is: a little-endian u64 header length n, n bytes of JSON that give each tensor's dtype, shape
and byte range, then the tensors' bytes back to back.
"""

import json
import struct

import numpy as np

DTYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U8": np.uint8, "BOOL": np.bool_,
}
NAMES = {np.dtype(numpy_type): name for name, numpy_type in DTYPES.items()}


def load(path):
    """Returns {name: numpy array}, in the file's order; the arrays are writable."""
    return load_with_metadata(path)[0]


def load_with_metadata(path):
    """The same, and the metadata {key: text}."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    (header_length,) = struct.unpack_from("<Q", content)
    data_start = 8 + header_length
    header = json.loads(content[8:data_start].decode("utf-8"))
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = np.frombuffer(memoryview(content)[data_start + begin:data_start + end],
                             dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors, metadata


def save(path, tensors, metadata=None):
    """Writes {name: numpy array} and metadata {key: text}."""
    header, offset = {"__metadata__": metadata} if metadata else {}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)  # keeps the data aligned to 8 bytes
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())
