"""Runs what `export` writes in ONNX Runtime and OpenVINO, and compares it with `trace`.

    python3 tests/peers/onnx_export.py [--program build/microdualnet] [--quick]
                                       [--weights W.safetensors --data DIR] [--files DIR]

Needs numpy, onnx and onnxruntime; openvino is compared where it is installed. Models of every switch
of the config have random weights: also the statistics of the batch norms, which the initial ones
would leave at 0 and 1. Each is tried with several numbers of clips. --quick leaves out the presets
at full size. With --weights and --data, a trained model is compared on clips of the test list as
well. Exit code 1 if anything differs, 2 if a package is missing.
"""

import argparse
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile

missing = [name for name in ("numpy", "onnx", "onnxruntime") if not importlib.util.find_spec(name)]
if missing:
    print(f"onnx_export: not installed for {sys.executable}: {', '.join(missing)}", file=sys.stderr)
    sys.exit(2)

import numpy as np
import onnx
import onnx.inliner
import onnxruntime

import safetensors_io

try:
    import openvino
except ImportError:
    openvino = None

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOLERANCE = 1e-4  # of logits and alpha, absolute
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
JOINTS = 12

SMALL = {"preset": "tiny", "classes": 5, "frames": 4, "size": 48, "dim": 16, "heads": 4,
         "layers": 2, "router_hidden": 8, "head_hidden": 24}
BASIC = {"block": "basic", "depths": [1, 1, 1, 1], "width": 16, "strides": [1, 2, 2, 1]}


def small(**keys):
    return {**SMALL, **keys}


def backbone(**keys):
    return {"backbone": {**BASIC, **keys}}


# Every switch of docs/SPEC.md §8 in each position, alone and with those that it meets.
VARIANTS = {
    "dual, router": small(),
    "dual, mean": small(fusion="mean"),
    "ST": small(paths="st"),
    "TS": small(paths="ts"),
    "no MAC loss": small(mac_weight=0),
    "fixed regions": small(regions="fixed"),
    "fixed regions, ST": small(regions="fixed", paths="st"),
    "fixed regions, mean": small(regions="fixed", fusion="mean"),
    "no regions": small(regions="none"),
    "RGB": small(modality="rgb"),
    "RGB, TS": small(modality="rgb", paths="ts"),
    "RGB, no regions": small(modality="rgb", regions="none"),
    "pose": small(modality="pose"),
    "pose, ST": small(modality="pose", paths="st"),
    "pose, TS": small(modality="pose", paths="ts"),
    "pose, mean": small(modality="pose", fusion="mean"),
    "bottleneck": small(**backbone(block="bottleneck", depths=[2, 1, 2, 1])),
    "every second block shifted": small(**backbone(depths=[1, 2, 23, 2], width=8)),
    "other strides": small(**backbone(strides=[2, 1, 3, 1])),
    "too narrow to shift": small(**backbone(width=4)),
    "one frame": small(frames=1),
    "one frame, pose": small(frames=1, modality="pose"),
    "seven frames": small(frames=7),
    "one entity": small(entities=["torso"]),
    "entities in another order": small(entities=["right_hand", "face", "left_hand"]),
    "one head, one layer, one class": small(heads=1, layers=1, classes=1),
    "a token per head": small(heads=16),
    "temperature of the router": small(router_temperature=0.3),
    "odd size": small(size=45),
    "one bin": small(roi=1),
    "many bins": small(roi=7),
    "a map of one place": small(size=16),
}
PRESETS = ["tiny", "paper-imigue", "paper-ma52"]

failures = []
worst = {}


def check(title, passed, more=""):
    print(f"{'ok  ' if passed else 'FAIL'} {title} {more}".rstrip(), flush=True)
    if not passed:
        failures.append(title)


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}\nfailed with {done.returncode}:\n{done.stderr}")
    return done.stdout


def random_weights(program, folder, config, random):
    """A complete model of the config, none of its tensors as it was initialised."""
    config_file, part, path = (folder / name for name in ("config.json", "part.st", "W.safetensors"))
    config_file.write_text(json.dumps(config))
    # What a checkpoint has no tensor for gets its initial value: all others, here.
    classes = config.get("classes", {"paper-imigue": 32}.get(config["preset"], 52))
    safetensors_io.save(part, {"classifier.fc2.bias": np.zeros(classes, np.float32)})
    run(program, "import", part, "--config", config_file, "--out", path)
    tensors = safetensors_io.load(path)
    last_norm = "bn3" if any(".bn3." in name for name in tensors) else "bn2"
    for name, value in tensors.items():
        if re.fullmatch(rf"backbone\.layer.*\.{last_norm}\.weight", name):
            # As training leaves it: otherwise the sums of many blocks grow beyond all measure.
            tensors[name] = random.uniform(0.1, 0.4, value.shape).astype(np.float32)
        elif name.endswith("running_var") or ".bn" in name and name.endswith("weight"):
            tensors[name] = random.uniform(0.5, 1.5, value.shape).astype(np.float32)
        elif value.ndim == 1 or "bias" in name or "embedding" in name:
            centre = 1 if name.endswith("weight") else 0  # of a layer norm
            tensors[name] = (centre + 0.3 * random.standard_normal(value.shape)).astype(np.float32)
        else:
            # Branches of encoder layers begin with a tenth of the usual; training makes them larger.
            branch = re.search(r"\.layers\.\d+\.(attn\.proj|mlp\.fc2)\.weight$", name)
            factors = random.uniform(0.8, 1.2, value.shape) * (10 if branch else 1)
            tensors[name] = value * factors.astype(np.float32)
    safetensors_io.save(path, tensors)
    return config_file, path, tensors


def random_inputs(config, clips, random):
    """Inputs of `trace` for a config with all its keys. Boxes lie within the frame, as SPEC §3 has
    them; some are the whole frame."""
    T, S, K = config["frames"], config["size"], len(config["entities"])
    if config["modality"] == "pose":
        joints = random.standard_normal((clips, T, K, JOINTS, 3)).astype(np.float32)
        joints[random.random(joints.shape[:-1]) < 0.2] = 0
        return {"joints": joints}
    pixels = random.uniform(0, 255, (clips, T, S, S, 3)).astype(np.float32)
    corners = np.sort(random.uniform(0, S, (clips, T, K, 2, 2)), axis=3)
    corners[..., 1, :] = np.maximum(corners[..., 1, :], corners[..., 0, :] + S / 16)
    boxes = np.minimum(corners, S).reshape(clips, T, K, 4)
    boxes[random.random(boxes.shape[:-1]) < 0.1] = [0, 0, S, S]
    return {"frames": (pixels - MEAN) / DEVIATION, "boxes": boxes.astype(np.float32)}


def fixed_boxes(model, config, clips):
    """What `trace` must be given, which the exported graph holds itself."""
    (boxes,) = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
                if tensor.name == "fixed_boxes"]
    return np.broadcast_to(boxes, (clips, config["frames"], *boxes.shape)).copy()


def onnx_inputs(model, inputs):
    """Inputs of `trace` as the graph takes them."""
    given = {value.name: inputs[value.name] for value in model.graph.input}
    if "frames" in given:
        given["frames"] = given["frames"] * DEVIATION + MEAN
    return given


def in_onnx_runtime(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs)))


def in_openvino(path):
    # Where the processor has bf16 arithmetic, OpenVINO computes in it unless it is told otherwise.
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    names = [output.get_any_name() for output in compiled.outputs]
    return lambda inputs: {name: compiled(inputs)[name] for name in names}


RUNTIMES = {"ONNX Runtime": in_onnx_runtime, **({"OpenVINO": in_openvino} if openvino else {})}


def compare(title, path, cases, outputs, runtimes):
    """cases: inputs of the graph, and what our program makes of them."""
    for runtime in runtimes:
        model = RUNTIMES[runtime](path)
        differences, largest, fits = [0.0], 0.0, True
        for inputs, expected in cases:
            found = model(inputs)
            fits = fits and set(found) == set(outputs)
            for name in outputs:
                fits = fits and found[name].shape == expected[name].shape
                if fits:
                    differences.append(float(np.abs(found[name] - expected[name]).max()))
                    largest = max(largest, float(np.abs(expected[name]).max()))
        worst[runtime] = max(worst.get(runtime, 0), *differences)
        check(f"{title}, {runtime}", fits and max(differences) <= TOLERANCE,
              f"(differs by {max(differences):.1e}, values up to {largest:.1f})")


def check_model(title, path, config, tensors):
    """What the file says of itself; returns it."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    own = {"rgb_mean", "rgb_deviation", "fixed_boxes"}
    same = set(stored) - own == set(tensors) and all(
        stored[name].shape == value.shape and stored[name].tobytes() == value.tobytes()
        for name, value in tensors.items())
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    described = json.loads(metadata["config"])
    check(f"{title}: weights are the checkpoint's, bit for bit, and so is the config",
          same and all(described[key] == value for key, value in config.items()
                       if key not in ("backbone", "preset")))
    return model, described


def check_functions(title, path, cases, outputs):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    compare(f"{title}, with functions", path, cases, outputs, ["ONNX Runtime"])
    inlined = path.with_suffix(".inlined.onnx")
    onnx.save(onnx.inliner.inline_local_functions(model), inlined)
    if openvino:
        compare(f"{title}, with functions inlined", inlined, cases, outputs, ["OpenVINO"])


def variant(program, folder, title, config, clip_counts, random):
    config_file, weights, tensors = random_weights(program, folder, config, random)
    path = folder / "model.onnx"
    run(program, "export", "--config", config_file, "--weights", weights, "--onnx", path)
    model, described = check_model(title, path, config, tensors)
    outputs = [value.name for value in model.graph.output]
    cases = []
    for clips in clip_counts:
        inputs = random_inputs(described, clips, random)
        if described["regions"] == "fixed":
            inputs["boxes"] = fixed_boxes(model, described, clips)
        cases.append((onnx_inputs(model, inputs),
                      trace(program, folder, ["--config", config_file, "--weights", weights], inputs)))
    compare(title, path, cases, outputs, RUNTIMES)
    run(program, "export", "--config", config_file, "--weights", weights, "--onnx", path,
        "--functions")
    check_functions(title, path, cases, outputs)


def trace(program, folder, model, inputs):
    safetensors_io.save(folder / "in.st", inputs)
    run(program, "trace", *model, "--input", folder / "in.st", "--output", folder / "out.st")
    return safetensors_io.load(folder / "out.st")


def trained(program, folder, weights, data, clips=20):
    """A model that learnt something, on clips of the test list."""
    path = folder / "trained.onnx"
    run(program, "export", "--weights", weights, "--onnx", path)
    model = onnx.load(path)
    cases, hits = [], 0
    for line in (data / "test.txt").read_text().splitlines()[:clips]:
        clip, _, label = line.split()
        run(program, "trace", "--weights", weights, "--dataset", data, "--clip", clip,
            "--output", folder / "clip.st")
        traced = safetensors_io.load(folder / "clip.st")
        cases.append((onnx_inputs(model, traced), traced))
        hits += int(traced["logits"][0].argmax()) == int(label)
    compare(f"{weights.name} on {len(cases)} clips, {hits} of them right", path, cases,
            [value.name for value in model.graph.output], RUNTIMES)


def compare_files(folder):
    """Models that a test wrote, each with its inputs and with what our program makes of them."""
    for path in sorted(folder.glob("*.onnx")):
        inputs, expected = (safetensors_io.load(path.with_suffix(f".{name}.safetensors"))
                            for name in ("inputs", "outputs"))
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        # OpenVINO takes no functions (findings/openvino_refuses_onnx_functions.sh).
        runtimes = ["ONNX Runtime"] if model.functions else RUNTIMES
        compare(path.stem, path, [(inputs, expected)], list(expected), runtimes)


def snippets(program, folder, random):
    """The Python of docs/export.md, as it stands there, on a model of the preset it is for."""
    config_file, weights, _ = random_weights(program, folder, {"preset": "tiny"}, random)
    path = folder / "mine.onnx"
    run(program, "export", "--config", config_file, "--weights", weights, "--onnx", path)
    model = onnx.load(path)
    model.metadata_props.add(key="class_names", value="".join(f"class {i}\n" for i in range(52)))
    onnx.save(model, path)
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    for snippet in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        uses = "openvino" if "import openvino" in snippet else "onnxruntime"
        if uses == "openvino" and not openvino:
            continue
        done = subprocess.run([sys.executable, "-c", snippet], cwd=folder, capture_output=True, text=True)
        check(f"docs/export.md, {uses}", done.returncode == 0 and done.stdout, done.stderr)


def every_variant(arguments):
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for title, config in VARIANTS.items():
            variant(arguments.program, folder, title, config, (1, 3), random)
        for preset in [] if arguments.quick else PRESETS:
            variant(arguments.program, folder, preset, {"preset": preset}, (1, 2), random)
        snippets(arguments.program, folder, random)
        if arguments.weights:
            trained(arguments.program, folder, arguments.weights, arguments.data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", default=ROOT / "build" / "microdualnet", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="leave out the presets at full size")
    parser.add_argument("--weights", type=pathlib.Path, help="a trained model")
    parser.add_argument("--data", type=pathlib.Path, help="its dataset")
    parser.add_argument("--files", type=pathlib.Path, metavar="DIR",
                        help="compare nothing but MODEL.onnx with MODEL.inputs.safetensors and "
                             "MODEL.outputs.safetensors, each that lies in this folder")
    arguments = parser.parse_args()
    print(f"onnx {onnx.__version__}, ONNX Runtime {onnxruntime.__version__}, "
          f"OpenVINO {openvino.__version__ if openvino else '(not installed: not compared)'}")
    if arguments.files:
        compare_files(arguments.files)
        check(f"models in {arguments.files}", worst)
    else:
        every_variant(arguments)
    print("largest difference: " + ", ".join(f"{value:.1e} in {name}" for name, value in worst.items()))
    if failures:
        print(f"{len(failures)} failed: " + "; ".join(failures))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
