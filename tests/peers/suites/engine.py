"""Has build/run_cases compute what the cases ask of the engine."""

import json
import os
import subprocess
import tempfile

import safetensors_io


class NoResult(Exception):
    """The engine refused a case (`refused`), or something went wrong."""

    def __init__(self, message, refused=False):
        super().__init__(message)
        self.refused = refused


def compute(program, cases):
    """Takes {name: (description, {tensor's name: array})}, both as run_cases.cpp wants them, and
    returns {name: {result's name: array} or NoResult}. A case that ends the program costs a new
    start, and no more."""
    results, left = {}, dict(cases)
    while left:
        with tempfile.TemporaryDirectory() as folder:
            given, computed = (os.path.join(folder, f"{which}.safetensors")
                               for which in ("cases", "results"))
            safetensors_io.save(
                given, {f"{name}/{tensor}": array for name, (_, tensors) in left.items()
                        for tensor, array in tensors.items()},
                {name: json.dumps(description) for name, (description, _) in left.items()})
            ended = subprocess.run([program, given, computed], stdout=subprocess.PIPE, text=True,
                                   check=False)
            if ended.returncode != 0:
                begun = ended.stdout.splitlines()
                if not begun or begun[-1] not in left:
                    raise RuntimeError(f"{program} ended with code {ended.returncode}")
                del left[begun[-1]]
                results[begun[-1]] = NoResult(f"ended {program} (code {ended.returncode})")
                continue
            tensors, without = safetensors_io.load_with_metadata(computed)
        for name in left:
            results[name] = {}
        for path, array in tensors.items():
            name, result = path.split("/", 1)
            results[name][result] = array
        for name in left.keys() & without.keys():  # a file may hold other metadata besides
            kind, message = without[name].split(": ", 1)
            results[name] = NoResult(message, refused=kind == "refused")
        left = {}
    return results
