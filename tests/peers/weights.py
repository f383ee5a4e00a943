"""Carries weights from PyTorch into our program and back, at full size.

    python3 tests/peers/weights.py [--program build/microdualnet]

In: a TSM-ResNet-101 under MMAction2's names in both of PyTorch's containers, compared bit for bit,
with time and peak memory; then ResNet-50s as torchvision, timm and Hugging Face's libraries write
them, where they are installed, whose features must be those of a torchvision network that holds what
was imported; files of other containers, by the line that the program prints to convert them. Out: the snippets of docs/weights.md, as they stand there. Exit code 1 if anything
differs.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import pickle
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import torch.distributed.checkpoint

import safetensors_io
import torch_checkpoints
from model.config import make_config

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RESNET50 = {"backbone": {"block": "bottleneck", "depths": [3, 4, 6, 3], "width": 64,
                         "strides": [1, 2, 2, 2]}}
failures = []


def check(title, passed, more=""):
    print(f"{'ok  ' if passed else 'FAIL'} {title} {more}".rstrip())
    if not passed:
        failures.append(title)


def import_checkpoint(program, path, out, *model):
    """Returns the seconds it took, and its peak of resident memory in MiB, sampled as it ran."""
    began = time.monotonic()
    process = subprocess.Popen([program, "import", str(path), "--out", str(out), *model],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        peak = int(found[1]) / 1024 if found else peak
        time.sleep(0.02)
    if process.returncode != 0:
        sys.exit(f"import of {path} failed:\n{process.stderr.read()}")
    return time.monotonic() - began, peak


def full_size(program, folder):
    torch.manual_seed(1)
    torch_checkpoints.random.generator = torch.Generator().manual_seed(1)
    state = torch_checkpoints.random_backbone(make_config({"preset": "paper-ma52"}))
    renamed = torch_checkpoints.mmaction2_names(state, shift_every=2)
    optimizer = {"state": {i: {"momentum_buffer": torch.randn_like(tensor)}
                           for i, tensor in enumerate(state.values())
                           if tensor.is_floating_point()}}
    out = folder / "W.safetensors"
    for container, zipped in (("zip", True), ("legacy", False)):
        path = folder / f"tsm_r101.{container}.pth"
        torch.save({"meta": {"epoch": 50}, "state_dict": renamed, "optimizer": optimizer}, path,
                   _use_new_zipfile_serialization=zipped)
        seconds, peak = import_checkpoint(program, path, out, "--preset", "paper-ma52")
        imported = safetensors_io.load(out)
        same = all(imported[name].tobytes() == tensor.numpy().tobytes()
                   for name, tensor in state.items() if not name.endswith("num_batches_tracked"))
        check(f"TSM-ResNet-101 of MMAction2, {container}", same,
              f"({path.stat().st_size / 2**20:.0f} MiB in {seconds:.1f} s, peak {peak:.0f} MiB)")
        path.unlink()
    return out


def torchvision_features(path, image):
    import torchvision
    network = torchvision.models.resnet50()
    network.load_state_dict({name.removeprefix("backbone."): torch.from_numpy(array)
                             for name, array in safetensors_io.load(path).items()
                             if name.startswith("backbone.")}, strict=False)
    network.fc = torch.nn.Identity()
    return network.eval()(image)


def libraries():
    """Yields (title, network, function that writes it, features) of those installed."""
    image = torch.randn(1, 3, 64, 64)
    if importlib.util.find_spec("torchvision"):
        import torchvision
        network = torchvision.models.resnet50()
        yield ("torchvision, torch.save", network,
               lambda net, folder: (torch.save(net.state_dict(), folder / "x.pth"), "x.pth")[1],
               lambda net: torch.nn.Sequential(*list(net.children())[:-1])(image).flatten(1), image)
        yield ("torchvision, whole model", network,
               lambda net, folder: (torch.save(net, folder / "x.pth"), "x.pth")[1],
               lambda net: torch.nn.Sequential(*list(net.children())[:-1])(image).flatten(1), image)
    if importlib.util.find_spec("timm"):
        import timm
        from safetensors.torch import save_file
        network = timm.create_model("resnet50", pretrained=False)
        yield ("timm, safetensors", network,
               lambda net, folder: (save_file(net.state_dict(), folder / "x.safetensors"),
                                    "x.safetensors")[1],
               lambda net: net.forward_head(net.forward_features(image), pre_logits=True), image)
    if importlib.util.find_spec("transformers"):
        import transformers
        network = transformers.ResNetForImageClassification(transformers.ResNetConfig())
        for safe, name in ((True, "model.safetensors"), (False, "pytorch_model.bin")):
            yield (f"Hugging Face, {name}", network,
                   lambda net, folder, safe=safe, name=name: (
                       net.save_pretrained(folder, safe_serialization=safe), name)[1],
                   lambda net: net.resnet(image).pooler_output.flatten(1), image)


@torch.no_grad()
def other_libraries(program, folder):
    config = folder / "resnet50.json"
    config.write_text(json.dumps(RESNET50))
    found = False
    for title, network, write, features, image in libraries():
        found = True
        for module in network.modules():  # statistics that matter
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 2)
                module.weight.uniform_(0.5, 1)
                module.bias.normal_(0, 0.1)
        expected = features(network.eval())
        name = write(network, folder)
        import_checkpoint(program, folder / name, folder / "R50.safetensors", "--config", str(config))
        actual = torchvision_features(folder / "R50.safetensors", image)
        error = ((actual - expected).norm() / expected.norm()).item()
        check(f"ResNet-50 of {title}", error < 1e-5, f"(features differ by {error:.1e})")
    if not found:
        print("     torchvision, timm and transformers are not installed: not tried")


def foreign_files(network, folder):
    """Yields (title, path of a file of another container with the network's weights)."""
    state = network.state_dict()
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    image = torch.randn(1, 3, 64, 64)

    def path(name):
        return str(folder / name)

    torch.jit.trace(network, image).save(path("script.pt"))
    yield "TorchScript", path("script.pt")
    torch.export.save(torch.export.export(network, (image,)), path("program.pt2"))
    yield "torch.export", path("program.pt2")
    torch.distributed.checkpoint.save(state, checkpoint_id=path("dcp"))
    yield "torch.distributed.checkpoint", path("dcp")
    np.savez(path("arrays.npz"), **arrays)
    yield "NumPy archive", path("arrays.npz")
    np.save(path("object.npy"), arrays)
    yield "NumPy object", path("object.npy")
    for protocol in (0, 2, 4):
        with open(path(f"arrays{protocol}.pkl"), "wb") as file:
            pickle.dump({"model": arrays, "__author__": "test"}, file, protocol=protocol)
        yield f"pickle of arrays, protocol {protocol}", path(f"arrays{protocol}.pkl")
    with open(path("tensors.pkl"), "wb") as file:
        pickle.dump(state, file)
    yield "pickle of tensors", path("tensors.pkl")
    if importlib.util.find_spec("onnx"):
        torch.onnx.export(network, (image,), path("net.onnx"), dynamo=False,
                          training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False)
        yield "ONNX", path("net.onnx")
    if importlib.util.find_spec("h5py"):
        import h5py
        with h5py.File(path("net.h5"), "w") as file:
            for name, array in arrays.items():
                file[name.replace(".", "/")] = array
        yield "HDF5", path("net.h5")
    if importlib.util.find_spec("gguf"):
        import gguf
        writer = gguf.GGUFWriter(path("net.gguf"), "resnet")
        for name, array in arrays.items():
            if array.dtype == np.float32:
                writer.add_tensor(name, array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        yield "GGUF", path("net.gguf")


def other_containers(program, folder):
    """Each is refused with a line of Python. The line runs, and what it writes can be imported."""
    if not importlib.util.find_spec("torchvision"):
        print("     torchvision is not installed: other containers are not tried")
        return
    import torchvision
    config = folder / "resnet18.json"
    config.write_text(json.dumps({"backbone": {"block": "basic", "depths": [2, 2, 2, 2],
                                               "width": 64, "strides": [1, 2, 2, 2]}}))
    network = torchvision.models.resnet18().eval()
    expected = {f"backbone.{name}": tensor.numpy() for name, tensor in network.state_dict().items()
                if not name.startswith("fc.") and not name.endswith("num_batches_tracked")}
    out = folder / "R18.safetensors"
    for title, path in foreign_files(network, folder):
        refused = subprocess.run([program, "import", path, "--config", str(config), "--dry-run"],
                                 capture_output=True, text=True)
        line = re.search(r"python3 (-c \".*?\")", refused.stderr)
        if refused.returncode != 2 or not line:
            check(title, False, refused.stderr)
            continue
        subprocess.run(f"'{sys.executable}' {line[1]}", shell=True, check=True, cwd=folder)
        converted = re.search(r"'([^']*\.weights\.pth)'", line[1])[1]
        import_checkpoint(program, folder / converted, out, "--config", str(config))
        imported = safetensors_io.load(out)
        check(f"{title}: the line that converts it",
              all(np.array_equal(imported[name], array) for name, array in expected.items()))
        (folder / converted).unlink()


def docs_snippets(weights):
    for library in ("torchvision", "safetensors"):
        if not importlib.util.find_spec(library):
            print(f"     {library} is not installed: the snippets of docs/weights.md are not tried")
            return
    text = (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    os.chdir(weights.parent)
    names = {}
    for snippet in snippets:
        exec(snippet, names)
    check("snippets of docs/weights.md", {"resnet", "config", "checksums"} <= names.keys() and
          names["config"]["backbone"]["depths"] == [3, 4, 23, 3])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build/microdualnet")
    program = os.path.abspath(parser.parse_args().program)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        weights = full_size(program, folder)
        other_libraries(program, folder)
        other_containers(program, folder)
        docs_snippets(weights)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
